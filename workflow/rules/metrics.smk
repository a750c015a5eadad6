# Metrics: what the run cost, and the tables of all models joined. Figures and tables are drawn from
# these alone.
METRIC_TABLES = [
    *(CHARACTERIZATION_TABLES if WHOLE else []),
    "contamination",
    "rates_by_seed",
    "rates_by_seed_clean",
    "rates",
    "rates_clean",
    "verdict_details",
    "trace_classes",
    "paired_differences",
    "sample_count",
    *(["efficiency", "pairs", "training", "steps"] if WHOLE else []),
    *(["kl"] if WHOLE and CONFIG.evaluate.kl_traces else []),
    *(["curves", "matched", "matched_differences"] if CONFIG.evaluate.checkpoints else []),
    *(["contrasts"] if CONFIG.evaluate.contrasts else []),
    *(["recovery", "budgets"] if CONFIG.evaluate.recovery_traces else []),
    *(["reliance"] if CONFIG.evaluate.reliance_traces else []),
    *(["reflection"] if CONFIG.evaluate.reflection_traces else []),
    *(["worst_case"] if CONFIG.evaluate.worst_case else []),
    *(["control"] if DECODING else []),
    *(["step_scorer"] if learns_scorer(CONFIG) else []),
    *(["consistency", "leaks", "chunks"] if CONFIG.evaluate.stored_measures else []),
    *(["cue_rates"] if CONFIG.evaluate.cue_rates else []),
    *(["cue_localisation"] if CONFIG.evaluate.cue_localisation and CONFIG.characterize.analyses else []),
    *(["bsa"] if CONFIG.evaluate.bsa_judge else []),
    *(["resets"] if CONFIG.evaluate.resets else []),
    *(["monitorability"] if CONFIG.evaluate.monitorability else []),
    *(["over_bases", "over_bases_differences"] if CONFIG.replicates else []),
    *(["warm_up"] if WHOLE and OWN_ANSWERS else []),
]
# Over bases that are replicates of one another, these are summarized.
OF_BASES = ["rates", "paired_differences"] + (
    ["matched", "matched_differences"] if CONFIG.evaluate.checkpoints else []
)
METRICS = expand(f"{RUN}/metrics/{{table}}.csv", table=METRIC_TABLES)


rule summarize_costs:
    input:
        pairs=pair_files,
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        trained=for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json", with_weights=True),
        stage1=lambda w: [f"{RUN}/{file}" for file in stage1_files(CONFIG, w.model)],
    output:
        **({"budgets": f"{RUN}/metrics/{{model}}/budgets.csv"} if CONFIG.evaluate.recovery_traces else {}),
        efficiency=f"{RUN}/metrics/{{model}}/efficiency.csv",
        pairs=f"{RUN}/metrics/{{model}}/pairs.csv",
        training=f"{RUN}/metrics/{{model}}/training.csv",
    log:
        f"{RUN}/logs/summarize_costs/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.efficiency),
        budgets="--budgets" if CONFIG.evaluate.recovery_traces else "",
    message:
        "Summarizing costs of {wildcards.model}"
    shell:
        "python scripts/summarize_costs.py --config {params.config} --model {wildcards.model} "
        "--pairs {input.pairs} --rollouts {input.rollouts} "
        "--trained {input.trained} --stage1 {input.stage1} {params.budgets} --out {params.out} 2> {log}"


rule summarize_steps:
    input:
        own_answers_of,
        f"{RUN}/models/{{model}}/base/training.json",
        f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        lambda w: [f"{RUN}/characterize/{w.model}/{name}" for name in characterized(CONFIG, w.model)],
        pair_files,
        for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json", with_weights=True),
        for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
        curve_files(f"{RUN}/generations/{{model}}/{{variant}}/checkpoints.parquet"),
    output:
        f"{RUN}/metrics/{{model}}/steps.csv",
    log:
        f"{RUN}/logs/summarize_steps/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    message:
        "Summarizing the steps of {wildcards.model}"
    shell:
        "python scripts/summarize_steps.py --model {wildcards.model} --files {input} --out {output} 2> {log}"


rule join_metrics:
    input:
        lambda w: expand(
            f"{RUN}/metrics/{{model}}/{w.table}.csv", model=OWN_ANSWERS if w.table == "warm_up" else MODELS
        ),
    output:
        f"{RUN}/metrics/{{table}}.csv",
    log:
        f"{RUN}/logs/join_metrics/{{table}}.log",
    wildcard_constraints:
        table="(?!contamina|cue_audit|onset_audit|judge_audit|judge_calibration|over_bases)[a-z_]+",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    message:
        "Joining {wildcards.table} of all models"
    shell:
        "python scripts/join_metrics.py --tables {input} --out {output} 2> {log}"


rule summarize_over_bases:
    input:
        expand(f"{RUN}/metrics/{{table}}.csv", table=OF_BASES),
    output:
        rates=f"{RUN}/metrics/over_bases.csv",
        differences=f"{RUN}/metrics/over_bases_differences.csv",
    log:
        f"{RUN}/logs/summarize_over_bases/over_bases.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.rates),
        rerun_on=json.dumps(CONFIG.replicates),
    message:
        "Summarizing rates and differences over bases"
    shell:
        "python scripts/summarize_over_bases.py --config {params.config} --tables {input} "
        "--out {params.out} 2> {log}"
