# Training through TRL, one recipe a method (paper section 3 and the baselines).
rule train_method:
    input:
        unpack(training_data),
        lambda w: judge_files(*reward_judge(w)),
        base=f"{RUN}/models/{{model}}/base/training.json",
    output:
        f"{RUN}/models/{{model}}/{{method}}/seed{{seed}}/training.json",
    log:
        f"{RUN}/logs/train_method/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/train_method/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=one_of(name for name, method in CONFIG.methods.items() if recipe_of(method).trained),
    priority: lambda w: recipe_of(CONFIG.methods[w.method]).priority
    container:
        lambda wildcards: image(training_image(wildcards))
    threads: lambda w: CONFIG.engine.threads * CONFIG.methods[w.method].processes
    resources:
        **TRAINING_OF_METHOD,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        data=training_options,
        out=lambda w, output: folder_of(output[0]),
        rerun_on=lambda w: settings(f"methods.{w.method}", "engine", "decoding", "evaluate.checkpoints")
        + judge_settings(*reward_judge(w))
        + code_of(f"training.recipes.{CONFIG.methods[w.method].recipe}"),
    message:
        "Training {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/train_method.py --config {params.config} --model {wildcards.model} "
            "--method {wildcards.method} --seed {wildcards.seed} "
            "--base {params.base} {params.data} --out {params.out} 2> {log}"
        )
