# Training through TRL, one recipe a method (paper section 3 and the baselines).
rule train_method:
    input:
        unpack(training_data),
        lambda w: instrument_files(*reward_judge(w)),
        base=f"{RUN}/models/{{model}}/base/training.json",
    output:
        f"{RUN}/models/{{model}}/{{method}}/seed{{seed}}/training.json",
    log:
        f"{RUN}/logs/train_method/{{model}}/{{method}}.seed{{seed}}.log",
    wildcard_constraints:
        method=methods_of(*sorted({method.recipe for method in CONFIG.methods.values()} - {"released"})),
    priority: lambda w: PRIORITY.get(CONFIG.methods[w.method].recipe, 0)
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
        settings=lambda w: settings(f"methods.{w.method}", "engine", "decoding") + instrument_settings(*reward_judge(w)),
    shell:
        "python scripts/lease_gpus.py {resources.gpu} python scripts/train_method.py --config {params.config} --model {wildcards.model} --method {wildcards.method} --seed {wildcards.seed} "
        "--base {params.base} {params.data} --out {params.out} 2> {log}"
