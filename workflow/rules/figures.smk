# Figures, tables, scorecard and report, from stored metrics alone.
rule draw_figure:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in FIGURE_METRICS[w.figure]],
        code="src/safe_reasoning/figures/{figure}.py",
    output:
        report(
            f"{RUN}/figures/{{figure}}.svg",
            caption="../report/{figure}.rst",
            category="Figures",
        ),
        f"{RUN}/figures/{{figure}}.png",
        f"{RUN}/figures/{{figure}}.csv",
    log:
        f"{RUN}/logs/draw_figure/{{figure}}.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python scripts/draw_figure.py --figure {wildcards.figure} --metrics {params.metrics} --published results/published "
        "--out {params.stem} 2> {log}"


rule write_table:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in TABLE_METRICS[w.table]],
        code="src/safe_reasoning/tables.py",
    output:
        f"{RUN}/tables/{{table}}.csv",
        f"{RUN}/tables/{{table}}.md",
    log:
        f"{RUN}/logs/write_table/{{table}}.log",
    wildcard_constraints:
        table="table.*",
    conda:
        "../../envs/cpu.yaml"
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python scripts/write_table.py --table {wildcards.table} --metrics {params.metrics} --published results/published "
        "--out {params.stem} 2> {log}"


rule score_claims:
    input:
        METRICS,
        code="src/safe_reasoning/claims.py",
    output:
        f"{RUN}/tables/claims.csv",
        f"{RUN}/tables/claims.md",
    log:
        f"{RUN}/logs/score_claims/claims.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python scripts/score_claims.py --metrics {params.metrics} --out {params.stem} 2> {log}"


rule write_report:
    input:
        FIGURES_AND_TABLES,
        captions=[f"workflow/report/{Path(file).stem}.rst" for file in FIGURES_AND_TABLES],
        template="workflow/report/report.html.j2",
    output:
        f"{RUN}/report.html",
    log:
        f"{RUN}/logs/write_report/report.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        config=CONFIG_FILE,
        figures=lambda w: f"{RUN}/figures",
        tables=lambda w: f"{RUN}/tables",
    shell:
        "python scripts/write_report.py --config {params.config} --figures {params.figures} --tables {params.tables} "
        "--captions workflow/report --out {output} 2> {log}"


rule write_manifest:
    input:
        METRICS,
        FIGURES_AND_TABLES,
    output:
        f"{RUN}/manifest.json",
    log:
        f"{RUN}/logs/write_manifest/manifest.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        run=lambda w: RUN,
    shell:
        "python scripts/write_manifest.py --run {params.run} --files {input} --out {output} 2> {log}"
