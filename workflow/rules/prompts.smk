# Prompts: of the nano world or of real benchmarks.
rule make_prompts:
    output:
        f"{RUN}/prompts/{{prompt_set}}.parquet",
    log:
        f"{RUN}/logs/make_prompts/{{prompt_set}}.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        config=CONFIG_FILE,
        settings=lambda w: settings(f"prompt_sets.{w.prompt_set}", "world_seed"),
    shell:
        "python scripts/make_prompts.py --config {params.config} --prompt-set {wildcards.prompt_set} --out {output} 2> {log}"
