# Audit of judges: compared with people's labels, and against each other on the run's own
# generations. Only where `evaluate` asks for it.
rule fit_embedding_judge:
    output:
        judge=f"{RUN}/judges/{{judge}}.json",
        readings=f"{RUN}/audit/{{judge}}.csv",
    log:
        f"{RUN}/logs/fit_embedding_judge/{{judge}}.log",
    wildcard_constraints:
        judge=one_of(FITTED_JUDGES),
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=lambda w: settings("data_mirror") + pins_of_labels(),
    message:
        "Fitting the embedding judge {wildcards.judge}"
    shell:
        "python scripts/fit_embedding_judge.py --config {params.config} --out {output.judge} "
        "--readings {output.readings} 2> {log}"


rule judge_labelled_texts:
    input:
        lambda w: judge_files(w.judge),
    output:
        f"{RUN}/audit/{{judge}}.csv",
    log:
        f"{RUN}/logs/judge_labelled_texts/{{judge}}.log",
    benchmark:
        f"{RUN}/benchmarks/judge_labelled_texts/{{judge}}.tsv"
    wildcard_constraints:
        judge=none_of([*JUDGES_WITH_WEIGHTS, *FITTED_JUDGES]),
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=lambda w: settings("data_mirror") + judge_settings(w.judge) + pins_of_labels(),
    message:
        "Judging labelled texts by {wildcards.judge}"
    shell:
        on_gpus(
            "python scripts/judge_labelled_texts.py --config {params.config} --judge {wildcards.judge} "
            "--out {output} 2> {log}"
        )


use rule judge_labelled_texts as judge_labelled_texts_with_weights with:
    wildcard_constraints:
        judge=one_of(JUDGES_WITH_WEIGHTS),
    localrule: False
    resources:
        **GENERATION,


rule audit_judges:
    input:
        expand(f"{RUN}/audit/{{judge}}.csv", judge=CONFIG.evaluate.audit),
    output:
        audit=f"{RUN}/metrics/judge_audit.csv",
        calibration=f"{RUN}/metrics/judge_calibration.csv",
    log:
        f"{RUN}/logs/audit_judges/audit.log",
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.audit),
        rerun_on=lambda w: settings("evaluate.audit", "evaluate.bootstrap") + pins_of_labels(),
    message:
        "Comparing judges with people's labels"
    shell:
        "python scripts/audit_judges.py --config {params.config} --readings {input} "
        "--out {params.out} 2> {log}"


rule compare_judges:
    input:
        prompts=EVALUATION_PROMPTS,
        verdicts=lambda w: [
            file
            for judge in CONFIG.all_judges
            for file in for_methods(
                f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{judge}.parquet", "base"
            )(w)
        ],
    output:
        rates=f"{RUN}/metrics/{{model}}/judge_rates.csv",
        agreement=f"{RUN}/metrics/{{model}}/judge_agreement.csv",
        ranks=f"{RUN}/metrics/{{model}}/judge_ranks.csv",
    log:
        f"{RUN}/logs/compare_judges/{{model}}.log",
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.rates),
        rerun_on=settings("evaluate.judge", "evaluate.more_judges", "evaluate.bootstrap"),
    message:
        "Comparing the judges on {wildcards.model}"
    shell:
        "python scripts/compare_judges.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --verdicts {input.verdicts} "
        "--out {params.out} 2> {log}"
