# Rollouts of the base model on the alignment prompts, some of which have token limits of their own.
LIMITED = [
    name for name in CONFIG.sets_of(*roles_of_rollouts(CONFIG)) if CONFIG.prompt_sets[name].max_new_tokens
]


rule sample_rollouts:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=prompt_files(*roles_of_rollouts(CONFIG)),
    output:
        f"{RUN}/generations/{{model}}/base/rollouts.parquet",
    log:
        f"{RUN}/logs/sample_rollouts/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/sample_rollouts/{{model}}.tsv"
    priority: 10
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/generations/{{model}}/base/shards",
        rerun_on=settings(
            "engine",
            "decoding",
            "characterize.rollouts",
            "pairs.overrefusal_samples",
            *(f"prompt_sets.{name}.max_new_tokens" for name in LIMITED),
        ),
    message:
        "Sampling rollouts of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/sample_rollouts.py --config {params.config} --model-dir {params.model_dir} "
            "--prompts {input.prompts} "
            "--shards {params.shards} --out {output} 2> {log}"
        )
