# Further measures of the evaluation's stored generations and verdicts: nothing is sampled or judged
# again. Only where `evaluate.stored_measures` asks for them, or `evaluate.resets` for the last.
STORED_SETTINGS = json.dumps([CONFIG.benchmarks, methods_of("released")]) + settings(
    "evaluate.judge", "evaluate.bootstrap"
)


rule summarize_stored_verdicts:
    input:
        for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
    output:
        consistency=f"{RUN}/metrics/{{model}}/consistency.csv",
        leaks=f"{RUN}/metrics/{{model}}/leaks.csv",
    log:
        f"{RUN}/logs/summarize_stored_verdicts/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.leaks),
        rerun_on=STORED_SETTINGS,
    message:
        "Summarizing samples of a prompt, and reasoning against response, of {wildcards.model}"
    shell:
        "python scripts/summarize_stored_verdicts.py --config {params.config} --model {wildcards.model} "
        "--verdicts {input} --out {params.out} 2> {log}"


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


rule summarize_resets:
    input:
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
    output:
        f"{RUN}/metrics/{{model}}/resets.csv",
    log:
        f"{RUN}/logs/summarize_resets/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=json.dumps(CONFIG.benchmarks) + settings("evaluate.bootstrap"),
    message:
        "Counting what methods of {wildcards.model} take back"
    shell:
        "python scripts/summarize_resets.py --config {params.config} --model {wildcards.model} "
        "--generations {input.generations} --out {output} 2> {log}"


include: "suites.smk"
include: "monitorability.smk"
