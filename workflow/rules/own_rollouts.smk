# What related methods learn from, made of rollouts of the base: beginnings of reasonings (GRPO with
# prefill), groups of scored completions (SaLT-DPO), short against long answers (SAFER).
rule build_prefixes:
    input:
        lambda w: judge_files(w.detector),
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        triggers=f"{RUN}/characterize/{{model}}/triggers.json",
        prompts=prompt_files("align_harmful", "align_benign"),
    output:
        f"{RUN}/pairs/{{model}}/prefixes_{{detector}}.parquet",
    log:
        f"{RUN}/logs/build_prefixes/{{model}}.{{detector}}.log",
    benchmark:
        f"{RUN}/benchmarks/build_prefixes/{{model}}.{{detector}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=lambda w: judge_settings(w.detector),
    message:
        "Building beginnings of reasonings of {wildcards.model}, cues by {wildcards.detector}"
    shell:
        on_gpus(
            "python scripts/build_prefixes.py --config {params.config} "
            "--detector {wildcards.detector} --model-dir {params.model_dir} "
            "--rollouts {input.rollouts} --verdicts {input.verdicts} "
            "--triggers {input.triggers} --prompts {input.prompts} --out {output} 2> {log}"
        )


rule build_groups:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        prompts=prompt_files("align_harmful", "align_benign"),
    output:
        f"{RUN}/pairs/{{model}}/groups.parquet",
    log:
        f"{RUN}/logs/build_groups/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=settings("evaluate.judge"),
    message:
        "Building groups of scored completions of {wildcards.model}"
    shell:
        "python scripts/build_groups.py --config {params.config} --model-dir {params.model_dir} "
        "--rollouts {input.rollouts} --verdicts {input.verdicts} --prompts {input.prompts} "
        "--out {output} 2> {log}"


rule build_short_answers:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        prompts=prompt_files("align_benign"),
    output:
        f"{RUN}/pairs/{{model}}/short_answers.parquet",
    log:
        f"{RUN}/logs/build_short_answers/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=settings("evaluate.judge"),
    message:
        "Building pairs of short and long answers of {wildcards.model}"
    shell:
        "python scripts/build_short_answers.py --config {params.config} --model-dir {params.model_dir} "
        "--rollouts {input.rollouts} --verdicts {input.verdicts} --prompts {input.prompts} "
        "--out {output} 2> {log}"
