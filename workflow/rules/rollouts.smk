# Rollouts of the base model on the alignment prompts, and verdicts on any file of generations.
rule sample_rollouts:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=prompt_files("align_harmful", "align_benign", "characterize"),
    output:
        f"{RUN}/generations/{{model}}/base/rollouts.parquet",
    log:
        f"{RUN}/logs/sample_rollouts/{{model}}.log",
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
        settings=settings("engine", "decoding", "characterize.rollouts", "pairs.overrefusal_samples"),
    shell:
        "python scripts/lease_gpus.py {resources.gpu} python scripts/sample_rollouts.py --config {params.config} --model-dir {params.model_dir} --prompts {input.prompts} "
        "--shards {params.shards} --out {output} 2> {log}"


rule judge_generations:
    input:
        lambda w: instrument_files(w.judge),
        generations=f"{RUN}/generations/{{model}}/{{part}}.parquet",
        prompts=ALL_PROMPTS,
    output:
        f"{RUN}/verdicts/{{model}}/{{part}}.{{judge}}.parquet",
    log:
        f"{RUN}/logs/judge_generations/{{model}}/{{part}}.{{judge}}.log",
    wildcard_constraints:
        judge=none_of(JUDGES_WITH_WEIGHTS),
    priority: 10
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        settings=lambda w: instrument_settings(w.judge),
    shell:
        "python scripts/lease_gpus.py {resources.gpu} python scripts/judge_generations.py --config {params.config} --judge {wildcards.judge} --generations {input.generations} --prompts {input.prompts} "
        "--out {output} 2> {log}"


use rule judge_generations as judge_generations_with_weights with:
    wildcard_constraints:
        judge=one_of(JUDGES_WITH_WEIGHTS),
    localrule: False
    resources:
        **GENERATION,
