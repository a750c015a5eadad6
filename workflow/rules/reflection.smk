# Entropy along reasonings, and reflections on safety in them. Only where
# `evaluate.reflection_traces` asks for it.
rule measure_reflection:
    input:
        judge_files(DETECTOR),
        base=f"{RUN}/models/{{model}}/base/training.json",
        of_base=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        trained=for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json", with_weights=True),
        generations=for_methods(
            f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", with_weights=True
        ),
    output:
        f"{RUN}/metrics/{{model}}/reflection.csv",
    log:
        f"{RUN}/logs/measure_reflection/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_reflection/{{model}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=settings("evaluate.reflection_traces", "evaluate.judge", "world_seed")
        + judge_settings(DETECTOR),
    message:
        "Measuring entropy and reflections of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/measure_reflection.py --config {params.config} --model {wildcards.model} "
            "--base {params.base} --base-generations {input.of_base} "
            "--generations {input.generations} --trained {input.trained} --out {output} 2> {log}"
        )
