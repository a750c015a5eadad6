# Figures, tables, scorecard and report, from stored metrics alone.
# What each figure and table is drawn from; a figure also depends on its own module, so a change there redraws it alone.
FIGURE_METRICS = {
    "fig_main": ["evaluation", "seeds"],
    "fig2_reasoning_vs_response": ["evaluation", "seeds"],
    "fig3_outcome_shares": ["outcome_shares"],
    "fig4_rollout_diversity": ["rollout_diversity"],
    "fig5a_csr_curves": ["csr_curves", "turning_points"],
    "fig5b_cue_correlation": ["turning_points", "cue_correlation"],
    "fig6_intervention_curve": ["interventions", "triggers"],
    "fig7_kl": ["kl"],
    "fig_efficiency": ["efficiency", "evaluation", "seeds"],
    "fig_sensitivity": ["turning_point_share"],
}
TABLE_METRICS = {
    "table1_grpo_rewards": ["seeds"],
    "table2_main": ["seeds", "trace_classes"],
    "table3_ablations": ["seeds"],
    "table_efficiency": ["efficiency"],
    "table_base_model": ["base_model"],
    "table_contamination": ["contamination"],
    "table_clean": ["seeds", "seeds_clean"],
    "table_verdict_details": ["verdict_details"],
    "table_pairs": ["pairs"],
    "table_sample_count": ["sample_count"],
    "table_triggers": ["triggers"],
    "table_steps": ["steps"],
}
for _name, _metrics in optional.wanted(CONFIG).items():
    (FIGURE_METRICS if _name in optional.FIGURES else TABLE_METRICS)[_name] = _metrics
FIGURES_AND_TABLES = [
    *expand(f"{RUN}/figures/{{figure}}.svg", figure=FIGURE_METRICS),
    *expand(f"{RUN}/tables/{{table}}.csv", table=[*TABLE_METRICS, "claims"]),
]


rule draw_figure:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in FIGURE_METRICS[w.figure]],
        code="src/safe_reasoning/figures/{figure}.py",
    output:
        f"{RUN}/figures/{{figure}}.svg",
        f"{RUN}/figures/{{figure}}.png",
        f"{RUN}/figures/{{figure}}.csv",
    log:
        f"{RUN}/logs/draw_figure/{{figure}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python scripts/draw_figure.py --figure {wildcards.figure} --metrics {params.metrics} --published results/published "
        "--out {params.stem} 2> {log}"


rule write_table:
    input:
        lambda w: [f"{RUN}/metrics/{table}.csv" for table in TABLE_METRICS[w.table]],
        code=lambda w: f"src/safe_reasoning/{'judge_tables' if w.table.startswith('table_judge') else 'tables'}.py",
    output:
        f"{RUN}/tables/{{table}}.csv",
        f"{RUN}/tables/{{table}}.md",
    log:
        f"{RUN}/logs/write_table/{{table}}.log",
    wildcard_constraints:
        table="table.*",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        metrics=lambda w: f"{RUN}/metrics",
        stem=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python scripts/write_table.py --table {wildcards.table} --metrics {params.metrics} --published results/published "
        "--out {params.stem} 2> {log}"


rule score_claims:
    input:
        METRICS,
        code=["src/safe_reasoning/claims.py", "src/safe_reasoning/effects.py"],
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
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        run=lambda w: RUN,
        config=RESOLVED_SHA256,  # it names config.yaml: renewed when that changes
    shell:
        "python scripts/write_manifest.py --run {params.run} --out {output} 2> {log}"
