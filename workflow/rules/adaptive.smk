# Attacks that search against each method itself: prompts that are found against it on some seeds are
# asked again on fresh ones, with benign requests in the same form. Attack prompts are a layer of
# their own, by method. Only where `evaluate.adaptive_attacks` asks for it.
ATTACKED = f"{RUN}/attacks/adaptive/requests.parquet"
ADAPTIVE = {name: CONFIG.attacks[name] for name in CONFIG.evaluate.adaptive_attacks}


rule write_attacked:
    input:
        [f"{RUN}/prompts/{name}.parquet" for name in CONFIG.attacked_sets],
    output:
        ATTACKED,
    log:
        f"{RUN}/logs/write_attacked/requests.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=json.dumps([*ADAPTIVE, CONFIG.evaluate.adaptive_prompts]) + settings("world_seed"),
    message:
        "Writing the requests under adaptive attacks"
    shell:
        "python scripts/write_attacked.py --config {params.config} --prompts {input} --out {output} 2> {log}"


rule attack_method:
    input:
        lambda w: judge_files(JUDGE),
        lambda w: chat_weights(*(chat for attack in ADAPTIVE.values() for chat in attack.chats)),
        weights=weights,
        requests=ATTACKED,
    output:
        attacks=f"{RUN}/attacks/{{model}}/{{method}}/seed{{seed}}/adaptive.parquet",
        generations=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/adaptive.parquet",
    log:
        f"{RUN}/logs/attack_method/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/attack_method/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=none_of(DECODING),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        rerun_on=settings(
            "engine",
            "decoding",
            "evaluate.judge",
            "evaluate.worst_samples",
            *(f"attacks.{name}" for name in ADAPTIVE),
            *answers_of(*(chat for attack in ADAPTIVE.values() for chat in attack.chats)),
        )
        + judge_settings(JUDGE),
    message:
        "Attacking {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/attack_method.py --config {params.config} "
            "--model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --requests {input.requests} "
            "--shards {params.shards} --attacks {output.attacks} --out {output.generations} 2> {log}"
        )


rule summarize_worst_case:
    input:
        templates=[TEMPLATES] if CONFIG.evaluate.worst_templates else [],
        verdicts=attacked_of(
            CONFIG.evaluate.worst_templates, f"verdicts/{{model}}/{{variant}}/templates.{JUDGE}.parquet"
        ),
        adaptive=attacked_of(ADAPTIVE, f"verdicts/{{model}}/{{variant}}/adaptive.{JUDGE}.parquet"),
    output:
        f"{RUN}/metrics/{{model}}/worst_case.csv",
    log:
        f"{RUN}/logs/summarize_worst_case/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        templates=lambda w, input: f"--templates {input.templates} " if input.templates else "",
        rerun_on=settings("evaluate.judge", "evaluate.bootstrap", "evaluate.worst_samples", "world_seed"),
    message:
        "Finding the worst case of each method: {wildcards.model}"
    shell:
        "python scripts/summarize_worst_case.py --config {params.config} --model {wildcards.model} "
        "{params.templates}--verdicts {input.verdicts} --adaptive {input.adaptive} --out {output} 2> {log}"
