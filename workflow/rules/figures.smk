# Figures, tables, scorecard and report, from stored metrics alone.
# What each is made from stands in report/contents.py; each also depends on the code of its own module,
# so a change there remakes it alone.
ITEMS = {item.name: item for item in contents.of_run(CONFIG)}
FIGURES_AND_TABLES = [
    *(
        f"{RUN}/figures/{item.name}.svg" if item.is_figure else f"{RUN}/tables/{item.name}.csv"
        for item in ITEMS.values()
    ),
    f"{RUN}/tables/claims.csv",
]


rule draw_figure:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in ITEMS[w.figure].metrics],
    output:
        f"{RUN}/figures/{{figure}}.svg",
        f"{RUN}/figures/{{figure}}.png",
        f"{RUN}/figures/{{figure}}.csv",
    log:
        f"{RUN}/logs/draw_figure/{{figure}}.log",
    wildcard_constraints:
        figure=one_of(ITEMS),
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        metrics=lambda w: f"{RUN}/metrics",
        own_code=lambda w: code_of(f"report.figures.{w.figure}"),
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    message:
        "Drawing {wildcards.figure}"
    shell:
        "python scripts/draw_figure.py --figure {wildcards.figure} --metrics {params.metrics} "
        "--published results/published "
        "--out {params.stem} 2> {log}"


rule write_table:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in ITEMS[w.table].metrics],
    output:
        f"{RUN}/tables/{{table}}.csv",
        f"{RUN}/tables/{{table}}.md",
    log:
        f"{RUN}/logs/write_table/{{table}}.log",
    wildcard_constraints:
        table=one_of(ITEMS),
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        metrics=lambda w: f"{RUN}/metrics",
        own_code=lambda w: code_of(f"report.tables.{w.table}"),
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    message:
        "Writing {wildcards.table}"
    shell:
        "python scripts/write_table.py --table {wildcards.table} --metrics {params.metrics} "
        "--published results/published "
        "--out {params.stem} 2> {log}"


rule score_claims:
    input:
        METRICS,
    output:
        f"{RUN}/tables/claims.csv",
        f"{RUN}/tables/claims.md",
    log:
        f"{RUN}/logs/score_claims/claims.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    message:
        "Comparing the run with the paper's claims"
    shell:
        "python scripts/score_claims.py --metrics {params.metrics} --out {params.stem} 2> {log}"


rule write_report:
    input:
        FIGURES_AND_TABLES,
        template="workflow/report/report.html.j2",
    output:
        f"{RUN}/report.html",
    log:
        f"{RUN}/logs/write_report/report.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        figures=lambda w: f"{RUN}/figures",
        tables=lambda w: f"{RUN}/tables",
        resolved=RESOLVED_SHA256,  # the page shows the whole configuration
    message:
        "Writing the report"
    shell:
        "python scripts/write_report.py --config {params.config} --figures {params.figures} "
        "--tables {params.tables} "
        "--templates workflow/report --out {output} 2> {log}"


rule write_manifest:
    input:
        METRICS,
        FIGURES_AND_TABLES,
        expand(f"{RUN}/models/{{model}}/base/training.json", model=MODELS),  # it names their weights
    output:
        f"{RUN}/manifest.json",
    log:
        f"{RUN}/logs/write_manifest/manifest.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        run=lambda w: RUN,
        config=RESOLVED_SHA256,  # it names config.yaml: renewed when that changes
    message:
        "Writing the manifest"
    shell:
        "python scripts/write_manifest.py --run {params.run} --out {output} 2> {log}"
