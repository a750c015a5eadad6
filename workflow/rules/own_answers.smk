# What the untouched model answers, for warm-ups whose traces end as it does, and what such a warm-up
# kept of it.
rule sample_own_answers:
    input:
        converted=f"{RUN}/models/{{model}}/converted/conversion.json",
        prompts=prompt_files("capability"),
    output:
        f"{RUN}/generations/{{model}}/own_answers.parquet",
    log:
        f"{RUN}/logs/sample_own_answers/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/sample_own_answers/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(OWN_ANSWERS),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        converted=lambda w, input: folder_of(input.converted),
        shards=f"{RUN}/generations/{{model}}/own_answers_shards",
        rerun_on=lambda w: settings(
            "engine", "decoding", f"models.{w.model}.warm_up_traces", "prompt_sets", "world_seed"
        )
        + benchmarks_of(*CONFIG.prompt_sets),
    message:
        "Asking the untouched {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/sample_own_answers.py --config {params.config} --model {wildcards.model} "
            "--converted {params.converted} --prompts {input.prompts} --shards {params.shards} "
            "--out {output} 2> {log}"
        )


rule summarize_warm_up:
    input:
        answers=f"{RUN}/generations/{{model}}/own_answers.parquet",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        evaluation=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
        prompts=ALL_PROMPTS,
    output:
        f"{RUN}/metrics/{{model}}/warm_up.csv",
    log:
        f"{RUN}/logs/summarize_warm_up/{{model}}.log",
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.bootstrap"),
    message:
        "What the warm-up kept of {wildcards.model}"
    shell:
        "python scripts/summarize_warm_up.py --config {params.config} --model {wildcards.model} "
        "--answers {input.answers} --rollouts {input.rollouts} --verdicts {input.verdicts} "
        "--evaluation-verdicts {input.evaluation} --prompts {input.prompts} --out {output} 2> {log}"
