# Preference pairs (paper section 3): intervened ones, those of the baselines and of stage 2.
rule build_intervened_pairs:
    input:
        lambda w: judge_files(w.detector, JUDGE),
        base=f"{RUN}/models/{{model}}/base/training.json",
        triggers=f"{RUN}/characterize/{{model}}/triggers.json",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/pairs/{{model}}/intervened_{{detector}}.parquet",
    log:
        f"{RUN}/logs/build_intervened_pairs/{{model}}.{{detector}}.log",
    benchmark:
        f"{RUN}/benchmarks/build_intervened_pairs/{{model}}.{{detector}}.tsv"
    priority: 10
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/pairs/{{model}}/shards_{{detector}}",
        rerun_on=lambda w: settings("engine", "decoding", "pairs") + judge_settings(w.detector, JUDGE),
    message:
        "Building intervened pairs of {wildcards.model}, cues by {wildcards.detector}"
    shell:
        on_gpus(
            "python scripts/build_intervened_pairs.py --config {params.config} "
            "--detector {wildcards.detector} --model-dir {params.model_dir} "
            "--triggers {input.triggers} --prompts {input.prompts} --shards {params.shards} "
            "--out {output} 2> {log}"
        )


rule build_natural_pairs:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/pairs/{{model}}/natural.parquet",
    log:
        f"{RUN}/logs/build_natural_pairs/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=settings("pairs.append_response"),
    message:
        "Building natural pairs of {wildcards.model}"
    shell:
        "python scripts/build_natural_pairs.py --config {params.config} --model-dir {params.model_dir} "
        "--rollouts {input.rollouts} "
        "--verdicts {input.verdicts} --prompts {input.prompts} --out {output} 2> {log}"


rule build_overrefusal_pairs:
    input:
        judge_files(JUDGE),
        stage1=f"{RUN}/models/{{model}}/ipo/seed{{seed}}/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        prompts=prompt_files("align_benign"),
    output:
        f"{RUN}/pairs/{{model}}/overrefusal_seed{{seed}}.parquet",
    log:
        f"{RUN}/logs/build_overrefusal_pairs/{{model}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/build_overrefusal_pairs/{{model}}.seed{{seed}}.tsv"
    priority: 10
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        stage1=lambda w, input: folder_of(input.stage1),
        shards=f"{RUN}/pairs/{{model}}/shards_overrefusal{{seed}}",
        rerun_on=settings("engine", "decoding", "pairs.overrefusal_samples") + judge_settings(JUDGE),
    message:
        "Building over-refusal pairs of {wildcards.model}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/build_overrefusal_pairs.py --config {params.config} --seed {wildcards.seed} "
            "--stage1 {params.stage1} --rollouts {input.rollouts} "
            "--verdicts {input.verdicts} --prompts {input.prompts} --shards {params.shards} "
            "--out {output} 2> {log}"
        )


include: "own_rollouts.smk"
include: "siblings.smk"
