# Weights that others made: base models, released baselines and judges from a model hub, base models
# from a folder, which no pin names.
rule fetch_base:
    output:
        f"{RUN}/models/{{model}}/base/training.json",
    log:
        f"{RUN}/logs/fetch_model/{{model}}.base.log",
    wildcard_constraints:
        model=models_of("hub"),
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings(f"models.{w.model}", "data_mirror")
        + pins_of(getattr(CONFIG.models[w.model], "source", None)),
    message:
        "Fetching the base model {wildcards.model}"
    shell:
        "python scripts/fetch_model.py --config {params.config} --model {wildcards.model} "
        "--out {params.out} 2> {log}"


use rule fetch_base as link_folder with:
    input:
        lambda w: files_in_folder(w.model),
    wildcard_constraints:
        model=models_of("folder"),
    message:
        "Linking the base model {wildcards.model}"


rule fetch_released:
    output:
        f"{RUN}/models/{{model}}/{{method}}/seed{{seed}}/training.json",
    log:
        f"{RUN}/logs/fetch_model/{{model}}.{{method}}.seed{{seed}}.log",
    wildcard_constraints:
        method=methods_of("released"),
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings(f"methods.{w.method}.weights", "data_mirror")
        + pins_of(CONFIG.methods[w.method].weights.get(w.model)),
    message:
        "Fetching released weights {wildcards.method} of {wildcards.model}"
    shell:
        "python scripts/fetch_model.py --config {params.config} --model {wildcards.model} "
        "--method {wildcards.method} --seed {wildcards.seed} "
        "--out {params.out} 2> {log}"


rule fetch_judge:
    output:
        f"{RUN}/judge_models/{{source}}/training.json",
    log:
        f"{RUN}/logs/fetch_model/judge.{{source}}.log",
    wildcard_constraints:
        source="|".join(judge_sources(CONFIG)) or "(?!)",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings("data_mirror") + pins_of(w.source),
    message:
        "Fetching the judge {wildcards.source}"
    shell:
        "python scripts/fetch_model.py --config {params.config} --judge-source {wildcards.source} "
        "--out {params.out} 2> {log}"
