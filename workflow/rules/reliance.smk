# Causal reliance: every method with weights of its own answers behind given reasonings. Only where
# `evaluate.reliance_traces` asks for it. Trained methods do it in the engine of their evaluation
# (curves.smk).
EXCHANGED = f"{RUN}/reliance/{{model}}/exchanged.parquet"
RELIANCE = f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/reliance.parquet"
RELIANCE_SETTINGS = json.dumps([CONFIG.evaluate.reliance_traces, CONFIG.evaluate.paraphraser]) + settings(
    "world_seed", *answers_of(CONFIG.evaluate.paraphraser)
)


rule exchange_reasonings:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=EVALUATION_PROMPTS,
        generations=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
    output:
        EXCHANGED,
    log:
        f"{RUN}/logs/exchange_reasonings/{{model}}.log",
    priority: 10
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=RELIANCE_SETTINGS,
    message:
        "Choosing reasonings of {wildcards.model} to answer behind"
    shell:
        "python scripts/exchange_reasonings.py --config {params.config} --base {params.base} "
        "--prompts {input.prompts} --generations {input.generations} --verdicts {input.verdicts} "
        "--out {output} 2> {log}"


rule generate_reliance:
    input:
        weights=weights,
        exchanged=EXCHANGED,
        prompts=EVALUATION_PROMPTS,
        own=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
    output:
        RELIANCE,
    log:
        f"{RUN}/logs/generate_reliance/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_reliance/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=none_of([*CURVES, *DECODING]),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        rerun_on=settings("engine", "decoding") + RELIANCE_SETTINGS,
    message:
        "Answering behind given reasonings: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/generate_reliance.py --config {params.config} "
            "--model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --prompts {input.prompts} "
            "--generations {input.own} --exchanged {input.exchanged} "
            "--shards {params.shards} --out {output} 2> {log}"
        )


rule summarize_reliance:
    input:
        for_methods(
            f"{RUN}/verdicts/{{model}}/{{variant}}/reliance.{JUDGE}.parquet", "base", with_weights=True
        ),
    output:
        f"{RUN}/metrics/{{model}}/reliance.csv",
    log:
        f"{RUN}/logs/summarize_reliance/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.judge", "evaluate.bootstrap"),
    message:
        "Comparing how responses of {wildcards.model} follow reasonings"
    shell:
        "python scripts/summarize_reliance.py --config {params.config} --model {wildcards.model} "
        "--verdicts {input} --out {output} 2> {log}"
