# Step preferences by search: next sentences drawn along reasonings, and pairs of them (STAIR).
rule grow_siblings:
    input:
        judge_files(JUDGE),
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/characterize/{{model}}/siblings.parquet",
    log:
        f"{RUN}/logs/grow_siblings/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/grow_siblings/{{model}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/characterize/{{model}}/shards_siblings",
        rerun_on=settings(
            "engine",
            "decoding",
            "siblings.width",
            "siblings.depth",
            "siblings.continuations",
        )
        + judge_settings(JUDGE),
    message:
        "Drawing next sentences along rollouts of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/grow_siblings.py --config {params.config} --model-dir {params.model_dir} "
            "--rollouts {input.rollouts} --prompts {input.prompts} --shards {params.shards} "
            "--out {output} 2> {log}"
        )


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


rule search_siblings:
    input:
        judge_files(JUDGE),
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/characterize/{{model}}/siblings_ucb.parquet",
    log:
        f"{RUN}/logs/search_siblings/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/search_siblings/{{model}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/characterize/{{model}}/shards_siblings_ucb",
        rerun_on=settings("engine", "decoding")
        + CONFIG.siblings.ucb.model_dump_json()
        + judge_settings(JUDGE),
    message:
        "Searching trees of next sentences of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/search_siblings.py --config {params.config} --model-dir {params.model_dir} "
            "--prompts {input.prompts} --shards {params.shards} --out {output} 2> {log}"
        )


use rule build_sibling_pairs as build_searched_pairs with:
    input:
        siblings=f"{RUN}/characterize/{{model}}/siblings_ucb.parquet",
    output:
        f"{RUN}/pairs/{{model}}/siblings_{{choice}}_ucb.parquet",
    log:
        f"{RUN}/logs/build_searched_pairs/{{model}}.{{choice}}.log",


# Of a method that goes on from another: trees of that one's weights, a round of search each
use rule search_siblings as search_siblings_of_start with:
    input:
        judge_files(JUDGE),
        base=f"{RUN}/models/{{model}}/{{method}}/seed{{seed}}/training.json",
        prompts=prompt_files("align_harmful"),
    output:
        f"{RUN}/characterize/{{model}}/siblings_ucb_of_{{method}}_seed{{seed}}.parquet",
    log:
        f"{RUN}/logs/search_siblings_of_start/{{model}}.{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/search_siblings/{{model}}.{{method}}.seed{{seed}}.tsv"
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/characterize/{{model}}/shards_siblings_ucb_of_{{method}}_seed{{seed}}",
        rerun_on=settings("engine", "decoding")
        + CONFIG.siblings.ucb.model_dump_json()
        + judge_settings(JUDGE),
    message:
        "Searching trees of next sentences of {wildcards.model} {wildcards.method}, seed {wildcards.seed}"


use rule build_sibling_pairs as build_pairs_of_start with:
    input:
        siblings=f"{RUN}/characterize/{{model}}/siblings_ucb_of_{{method}}_seed{{seed}}.parquet",
    output:
        f"{RUN}/pairs/{{model}}/siblings_{{choice}}_ucb_of_{{method}}_seed{{seed}}.parquet",
    log:
        f"{RUN}/logs/build_pairs_of_start/{{model}}.{{choice}}.{{method}}.seed{{seed}}.log",
