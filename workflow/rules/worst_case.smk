# The worst case over templates: every method with weights of its own is asked for the same items in
# every template, and each method's own worst template of an item is measured. Only where
# `evaluate.worst_templates` asks for it. Summarized with adaptive attacks (adaptive.smk).
TEMPLATES = f"{RUN}/attacks/worst_case/templates.parquet"


rule write_templates:
    output:
        TEMPLATES,
    log:
        f"{RUN}/logs/write_templates/templates.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("world_seed", "models", "evaluate.worst_templates"),
    message:
        "Writing held-out items in every template"
    shell:
        "python scripts/write_templates.py --config {params.config} --out {output} 2> {log}"


rule generate_templates:
    input:
        weights=weights,
        templates=TEMPLATES,
    output:
        f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/templates.parquet",
    log:
        f"{RUN}/logs/generate_templates/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_templates/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=none_of(WEIGHTLESS),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        rerun_on=settings("engine", "decoding", "evaluate.worst_samples"),
    message:
        "Trying every template: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/generate_templates.py --config {params.config} "
            "--model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --templates {input.templates} "
            "--shards {params.shards} --out {output} 2> {log}"
        )


include: "adaptive.smk"
