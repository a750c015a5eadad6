# Recovery: every method continues the same beginnings of the base model's harmful reasonings. Only
# where `evaluate.recovery_traces` asks for it. Trained methods do it in the engine of their
# evaluation (curves.smk).
BEGINNINGS = f"{RUN}/recovery/{{model}}/beginnings.parquet"
RECOVERY = f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/recovery.parquet"


rule cut_beginnings:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        generations=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
    output:
        BEGINNINGS,
    log:
        f"{RUN}/logs/cut_beginnings/{{model}}.log",
    priority: 10
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=settings("world_seed", "evaluate.recovery_traces", "evaluate.recovery_sentences"),
    message:
        "Cutting harmful reasonings of {wildcards.model}"
    shell:
        "python scripts/cut_beginnings.py --config {params.config} --base {params.base} "
        "--generations {input.generations} --verdicts {input.verdicts} --out {output} 2> {log}"


rule generate_recovery:
    input:
        weights=weights,
        beginnings=BEGINNINGS,
    output:
        RECOVERY,
    log:
        f"{RUN}/logs/generate_recovery/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_recovery/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=none_of(CURVES),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        rerun_on=settings("engine", "decoding", "evaluate.recovery_samples"),
    message:
        "Continuing harmful reasonings: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/generate_recovery.py --config {params.config} "
            "--model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --beginnings {input.beginnings} "
            "--shards {params.shards} --out {output} 2> {log}"
        )


rule summarize_recovery:
    input:
        for_methods(
            f"{RUN}/verdicts/{{model}}/{{variant}}/recovery.{JUDGE}.parquet", "base", with_weights=True
        ),
    output:
        f"{RUN}/metrics/{{model}}/recovery.csv",
    log:
        f"{RUN}/logs/summarize_recovery/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.judge", "evaluate.bootstrap"),
    message:
        "Comparing how methods of {wildcards.model} go on from harm"
    shell:
        "python scripts/summarize_recovery.py --config {params.config} --model {wildcards.model} "
        "--verdicts {input} --out {output} 2> {log}"


include: "reliance.smk"
