# Verdicts on any file of generations: reasoning and response are judged apart.
rule judge_generations:
    input:
        lambda w: judge_files(w.judge),
        generations=f"{RUN}/generations/{{model}}/{{part}}.parquet",
        prompts=lambda w: {"templates": TEMPLATES, "adaptive": ATTACKED}.get(Path(w.part).name, ALL_PROMPTS),
    output:
        f"{RUN}/verdicts/{{model}}/{{part}}.{{judge}}.parquet",
    log:
        f"{RUN}/logs/judge_generations/{{model}}/{{part}}.{{judge}}.log",
    benchmark:
        f"{RUN}/benchmarks/judge_generations/{{model}}/{{part}}.{{judge}}.tsv"
    wildcard_constraints:
        judge=none_of(JUDGES_WITH_WEIGHTS),
    priority: 10
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=lambda w: judge_settings(w.judge),
    message:
        "Judging {wildcards.model} {wildcards.part} by {wildcards.judge}"
    shell:
        on_gpus(
            "python scripts/judge_generations.py --config {params.config} --judge {wildcards.judge} "
            "--generations {input.generations} --prompts {input.prompts} "
            "--out {output} 2> {log}"
        )


use rule judge_generations as judge_generations_with_weights with:
    wildcard_constraints:
        judge=one_of(JUDGES_WITH_WEIGHTS),
    localrule: False
    resources:
        **GENERATION,
