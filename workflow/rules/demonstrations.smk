# Demonstrations for supervised fine-tuning: safe traces, published ones, and those of any kind.
rule write_safe_demonstrations:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/pairs/{{model}}/safe_demonstrations.parquet",
    log:
        f"{RUN}/logs/write_safe_demonstrations/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=settings("world_seed"),
    message:
        "Writing safe demonstrations for {wildcards.model}"
    shell:
        "python scripts/write_safe_demonstrations.py --config {params.config} "
        "--model-dir {params.model_dir} --prompts {input.prompts} --out {output} 2> {log}"


rule write_trace_demonstrations:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
    output:
        f"{RUN}/pairs/{{model}}/traces_{{traces}}.parquet",
    log:
        f"{RUN}/logs/write_trace_demonstrations/{{model}}.{{traces}}.log",
    wildcard_constraints:
        traces="[a-z0-9]+",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=lambda w: settings("data_mirror")
        + code_of(f"prompts.benchmarks.{w.traces}")
        + pins_of(w.traces),
    message:
        "Writing demonstrations for {wildcards.model} from {wildcards.traces}"
    shell:
        "python scripts/write_trace_demonstrations.py --config {params.config} "
        "--traces {wildcards.traces} --model-dir {params.model_dir} --out {output} 2> {log}"


rule build_demonstrations:
    input:
        lambda w: judge_files(JUDGE, detector_of(CONFIG, w.demonstrations)),
        unpack(demonstration_inputs),
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=lambda w: prompt_files(*roles_of(CONFIG, w.demonstrations)),
    output:
        f"{RUN}/pairs/{{model}}/demonstrations_{{demonstrations}}.parquet",
    log:
        f"{RUN}/logs/build_demonstrations/{{model}}.{{demonstrations}}.log",
    wildcard_constraints:
        demonstrations=none_of(SAMPLED_DEMONSTRATIONS),
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        made_from=lambda w: " ".join(f"--{name} {file}" for name, file in demonstration_inputs(w).items()),
        shards=f"{RUN}/pairs/{{model}}/shards_{{demonstrations}}",
        rerun_on=demonstration_settings,
    message:
        "Building demonstrations of {wildcards.model}: {wildcards.demonstrations}"
    shell:
        on_gpus(
            "python scripts/build_demonstrations.py --config {params.config} "
            "--name {wildcards.demonstrations} --model {wildcards.model} --model-dir {params.model_dir} "
            "--prompts {input.prompts} {params.made_from} --shards {params.shards} --out {output} 2> {log}"
        )


use rule build_demonstrations as build_sampled_demonstrations with:
    log:
        f"{RUN}/logs/build_sampled_demonstrations/{{model}}.{{demonstrations}}.log",
    benchmark:
        f"{RUN}/benchmarks/build_demonstrations/{{model}}.{{demonstrations}}.tsv"
    wildcard_constraints:
        demonstrations=one_of(SAMPLED_DEMONSTRATIONS),
    priority: 10
    localrule: False
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
