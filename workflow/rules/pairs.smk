# Training rows (paper section 3): intervened pairs, and those of the baselines and of stage 2.
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


rule build_sibling_pairs:
    input:
        siblings=f"{RUN}/characterize/{{model}}/siblings.parquet",
    output:
        f"{RUN}/pairs/{{model}}/siblings_{{choice}}.parquet",
    log:
        f"{RUN}/logs/build_sibling_pairs/{{model}}.{{choice}}.log",
    wildcard_constraints:
        choice="best|short",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("siblings"),
    message:
        "Building sibling pairs of {wildcards.model}, {wildcards.choice}"
    shell:
        "python scripts/build_sibling_pairs.py --config {params.config} --choice {wildcards.choice} "
        "--siblings {input.siblings} --out {output} 2> {log}"


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
        rerun_on=settings("data_mirror"),
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
        prompts=prompt_files("align_harmful", "align_benign"),
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
