# Further measures of the evaluation's stored generations and verdicts: nothing is sampled or judged
# again. Only where `evaluate.stored_measures` asks for them.
STORED_VERDICTS = for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base")
STORED_SETTINGS = json.dumps([CONFIG.benchmarks, methods_of("released")]) + settings(
    "evaluate.judge", "evaluate.bootstrap"
)


rule summarize_consistency:
    input:
        STORED_VERDICTS,
    output:
        f"{RUN}/metrics/{{model}}/consistency.csv",
    log:
        f"{RUN}/logs/summarize_consistency/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=STORED_SETTINGS,
    message:
        "Summarizing several samples of a prompt of {wildcards.model}"
    shell:
        "python scripts/summarize_consistency.py --config {params.config} --model {wildcards.model} "
        "--verdicts {input} --out {output} 2> {log}"


rule summarize_leaks:
    input:
        STORED_VERDICTS,
    output:
        f"{RUN}/metrics/{{model}}/leaks.csv",
    log:
        f"{RUN}/logs/summarize_leaks/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=STORED_SETTINGS,
    message:
        "Setting verdicts on reasoning and response of {wildcards.model} side by side"
    shell:
        "python scripts/summarize_leaks.py --config {params.config} --model {wildcards.model} "
        "--verdicts {input} --out {output} 2> {log}"


rule summarize_chunks:
    input:
        prompts=prompt_files("safety"),
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
    output:
        f"{RUN}/metrics/{{model}}/chunks.csv",
    log:
        f"{RUN}/logs/summarize_chunks/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=STORED_SETTINGS,
    message:
        "Reading reasonings of {wildcards.model} sentence by sentence"
    shell:
        "python scripts/summarize_chunks.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --generations {input.generations} --out {output} 2> {log}"
