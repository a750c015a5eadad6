# Methods of the recipe `given`: generations from a file of the user's own, judged like all others.


rule read_generations:
    input:
        file=given_file,
        base=f"{RUN}/models/{{model}}/base/training.json",
        prompts=EVALUATION_PROMPTS,
    output:
        f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
    log:
        f"{RUN}/logs/read_generations/{{model}}/{{method}}.seed{{seed}}.log",
    wildcard_constraints:
        method=one_of(GIVEN),
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=lambda w: settings(f"methods.{w.method}", "prompt_sets"),
    message:
        "Reading generations: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        "python scripts/read_generations.py --config {params.config} --method {wildcards.method} "
        "--file {input.file} --model-dir {params.base} --seed {wildcards.seed} "
        "--prompts {input.prompts} --out {output} 2> {log}"
