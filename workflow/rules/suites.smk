# Scores of evaluation suites with measures of their own. Only where `evaluate` asks for them.
rule summarize_bsa:
    input:
        prompts=[f"{RUN}/prompts/{name}.parquet" for name in CONFIG.bsa_sets],
        verdicts=for_methods(
            f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{CONFIG.evaluate.bsa_judge}.parquet", "base"
        ),
    output:
        f"{RUN}/metrics/{{model}}/bsa.csv",
    log:
        f"{RUN}/logs/summarize_bsa/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.bsa_judge", "evaluate.bootstrap"),
    message:
        "Scoring {wildcards.model} on Beyond Safe Answers"
    shell:
        "python scripts/summarize_bsa.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --verdicts {input.verdicts} --out {output} 2> {log}"


rule measure_cue_rates:
    input:
        judge_files(*CONFIG.evaluate.cue_rates),
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
        verdicts=for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
    output:
        f"{RUN}/metrics/{{model}}/cue_rates.csv",
    log:
        f"{RUN}/logs/measure_cue_rates/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/measure_cue_rates/{{model}}.tsv"
    container:
        image("serve")
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.cue_rates", "evaluate.judge", "evaluate.bootstrap")
        + judge_settings(*CONFIG.evaluate.cue_rates),
    message:
        "Measuring cue rates of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/measure_cue_rates.py --config {params.config} --model {wildcards.model} "
            "--generations {input.generations} --verdicts {input.verdicts} --out {output} 2> {log}"
        )


# Detectors against sentences that a model has labelled, of the user's own clone.
rule audit_cues:
    input:
        judge_files(*audited_detectors(CONFIG)),
    output:
        f"{RUN}/metrics/cue_audit.csv",
    log:
        f"{RUN}/logs/audit_cues/audit.log",
    container:
        image("serve")
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.cue_labels", "evaluate.bootstrap")
        + judge_settings(*audited_detectors(CONFIG)),
    message:
        "Comparing cue detectors with labelled sentences"
    shell:
        on_gpus("python scripts/audit_cues.py --config {params.config} --out {output} 2> {log}")


# Detectors against the first unsafe sentence that people marked.
rule audit_onsets:
    input:
        judge_files(*audited_detectors(CONFIG)),
    output:
        f"{RUN}/metrics/onset_audit.csv",
    log:
        f"{RUN}/logs/audit_onsets/audit.log",
    container:
        image("serve")
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("data_mirror", "evaluate.bootstrap")
        + judge_settings(*audited_detectors(CONFIG))
        + pins_of(*onset_labels.SOURCES),
    message:
        "Comparing cue detectors with the first unsafe sentence by people"
    shell:
        on_gpus("python scripts/audit_onsets.py --config {params.config} --out {output} 2> {log}")
