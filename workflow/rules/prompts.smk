# Prompts: of the nano world or of real benchmarks, plain or under an attack. Attack prompts are
# made once and serve every model and method.


rule attack_prompts:
    input:
        own_file,
        lambda w: chat_weights(*CONFIG.attacks[CONFIG.prompt_sets[w.prompt_set].attack].reads),
    output:
        f"{RUN}/attacks/{{prompt_set}}.parquet",
    log:
        f"{RUN}/logs/attack_prompts/{{prompt_set}}.log",
    benchmark:
        f"{RUN}/benchmarks/attack_prompts/{{prompt_set}}.tsv"
    wildcard_constraints:
        prompt_set=one_of(name for name, entry in CONFIG.prompt_sets.items() if entry.attack),
    localrule: not ATTACKED_IS_A_MODEL
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **(GENERATION if ATTACKED_IS_A_MODEL else LIGHT),
    params:
        config=CONFIG_FILE,
        rerun_on=lambda w: settings(
            f"prompt_sets.{w.prompt_set}", "attacks", *answers_of(*CONFIG.endpoints), "world_seed"
        )
        + benchmarks_of(w.prompt_set),
    message:
        "Attacking the prompts of {wildcards.prompt_set}"
    shell:
        on_gpus(
            "python scripts/attack_prompts.py --config {params.config} --prompt-set {wildcards.prompt_set} "
            "--out {output} 2> {log}"
        )


rule make_prompts:
    input:
        own_file,
        attacks=lambda w: (
            [f"{RUN}/attacks/{w.prompt_set}.parquet"] if CONFIG.prompt_sets[w.prompt_set].attack else []
        ),
    output:
        f"{RUN}/prompts/{{prompt_set}}.parquet",
    log:
        f"{RUN}/logs/make_prompts/{{prompt_set}}.log",
    wildcard_constraints:
        prompt_set=one_of(CONFIG.prompt_sets),
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        attacks=lambda w, input: f"--attacks {input.attacks} " if input.attacks else "",
        rerun_on=lambda w: settings(f"prompt_sets.{w.prompt_set}", "world_seed") + benchmarks_of(w.prompt_set),
    message:
        "Writing the prompt set {wildcards.prompt_set}"
    shell:
        "python scripts/make_prompts.py --config {params.config} "
        "--prompt-set {wildcards.prompt_set} {params.attacks}--out {output} 2> {log}"
