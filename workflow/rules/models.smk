# Base models that the run makes: trained here (nano), or real weights converted from a GGUF file and
# warmed up to think. What comes from a hub is in fetch.smk; the untouched model's answers, from
# which a warm-up may learn, are in own_answers.smk.
rule train_nano_base:
    output:
        f"{RUN}/models/{{model}}/base/training.json",
    log:
        f"{RUN}/logs/train_nano_base/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_nano_base/{{model}}.tsv"
    wildcard_constraints:
        model=models_of("nano"),
    container:
        image("train")
    threads: lambda w: CONFIG.models[w.model].threads
    resources:
        **TRAINING,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings(f"models.{w.model}", "world_seed"),
    message:
        "Training the nano base model {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/train_nano_base.py --config {params.config} --model {wildcards.model} "
            "--out {params.model_dir} 2> {log}"
        )


rule convert_gguf:
    output:
        f"{RUN}/models/{{model}}/converted/conversion.json",
    log:
        f"{RUN}/logs/convert_gguf/{{model}}.log",
    wildcard_constraints:
        model=models_of("gguf_package"),
    localrule: True
    container:
        image("train")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings(*(f"models.{w.model}.{key}" for key in CONFIG.models[w.model].origin)),
    message:
        "Converting the weights of {wildcards.model}"
    shell:
        "python scripts/convert_gguf.py --config {params.config} --model {wildcards.model} "
        "--out {params.out} 2> {log}"


rule warm_up:
    input:
        f"{RUN}/models/{{model}}/converted/conversion.json",
        answers=own_answers_of,
    output:
        f"{RUN}/models/{{model}}/base/training.json",
    log:
        f"{RUN}/logs/warm_up/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/warm_up/{{model}}.tsv"
    wildcard_constraints:
        model=models_of("gguf_package"),
    container:
        image("train")
    threads: lambda w: CONFIG.models[w.model].threads
    resources:
        **TRAINING,
    params:
        config=CONFIG_FILE,
        converted=lambda w, input: folder_of(input[0]),
        out=lambda w, output: folder_of(output[0]),
        answers=lambda w, input: f"--answers {input.answers} " if input.answers else "",
        rerun_on=lambda w: settings(f"models.{w.model}", "world_seed") + benchmarks_of(*CONFIG.prompt_sets),
    message:
        "Teaching {wildcards.model} to reason in think tags"
    shell:
        on_gpus(
            "python scripts/warm_up.py --config {params.config} --model {wildcards.model} "
            "--converted {params.converted} {params.answers}--out {params.out} 2> {log}"
        )


include: "fetch.smk"
include: "own_answers.smk"
