# Evaluation (paper section 4): every method on every evaluation set, the KL from the base model,
# rates with intervals.
EVALUATION_PROMPTS = prompt_files("safety", "overrefusal", "capability")


rule generate_evaluation:
    input:
        weights=weights,
        prompts=EVALUATION_PROMPTS,
    output:
        end=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
    log:
        f"{RUN}/logs/generate_evaluation/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_evaluation/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=none_of([*CURVES, *WEIGHTLESS]),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        checkpoints="",
        rerun_on=settings("engine", "decoding", "prompt_sets"),
    message:
        "Sampling evaluation sets: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/generate_evaluation.py --config {params.config} "
            "--model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --prompts {input.prompts} "
            "--shards {params.shards} --out {output.end} {params.checkpoints} 2> {log}"
        )


rule measure_contamination:
    input:
        prompt_files("align_harmful", "align_benign"),
        EVALUATION_PROMPTS,
    output:
        table=f"{RUN}/metrics/contamination.csv",
        prompts=f"{RUN}/metrics/contaminated_prompts.csv",
    log:
        f"{RUN}/logs/measure_contamination/contamination.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.table),
        rerun_on=code_of(*(f"prompts.benchmarks.{name}" for name in PUBLISHED_TRACES))
        + pins_of(*PUBLISHED_TRACES),
    message:
        "Comparing test prompts with training prompts"
    shell:
        "python scripts/measure_contamination.py --config {params.config} --prompts {input} "
        "--out {params.out} 2> {log}"


rule summarize_evaluation:
    input:
        contaminated=f"{RUN}/metrics/contaminated_prompts.csv",
        prompts=EVALUATION_PROMPTS,
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
        verdicts=for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
    output:
        by_seed=f"{RUN}/metrics/{{model}}/rates_by_seed.csv",
        by_seed_clean=f"{RUN}/metrics/{{model}}/rates_by_seed_clean.csv",
        rates=f"{RUN}/metrics/{{model}}/rates.csv",
        rates_clean=f"{RUN}/metrics/{{model}}/rates_clean.csv",
        details=f"{RUN}/metrics/{{model}}/verdict_details.csv",
        trace_classes=f"{RUN}/metrics/{{model}}/trace_classes.csv",
        paired=f"{RUN}/metrics/{{model}}/paired_differences.csv",
        sample_count=f"{RUN}/metrics/{{model}}/sample_count.csv",
    log:
        f"{RUN}/logs/summarize_evaluation/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/summarize_evaluation/{{model}}.tsv"
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.rates),
        rerun_on=json.dumps([CONFIG.benchmarks, methods_of("released")])
        + settings("evaluate.judge", "evaluate.bootstrap"),
    message:
        "Computing rates of {wildcards.model}"
    shell:
        "python scripts/summarize_evaluation.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} "
        "--generations {input.generations} --verdicts {input.verdicts} "
        "--contaminated {input.contaminated} --out {params.out} 2> {log}"


rule measure_kl:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        trained=for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json", with_weights=True),
        generations=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
    output:
        f"{RUN}/metrics/{{model}}/kl.csv",
    log:
        f"{RUN}/logs/measure_kl/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_kl/{{model}}.tsv"
    container:
        image("train")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=settings("evaluate.kl_traces", "evaluate.kl_tokens", "evaluate.bootstrap")
        + (settings("evaluate.kl_dtype") if CONFIG.evaluate.kl_dtype != "float32" else ""),
    message:
        "Measuring the KL divergence from the base model {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/measure_kl.py --config {params.config} --model {wildcards.model} "
            "--base {params.base} --trained {input.trained} "
            "--generations {input.generations} --verdicts {input.verdicts} --out {output} 2> {log}"
        )
