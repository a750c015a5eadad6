# Monitorability: what monitors that read the reasoning alone learn of the response. Nothing is sampled
# or judged again. Only where `evaluate.monitorability` asks for it. Harmful beginnings that methods
# continue are read where there are any; methods that decode with the weights of another have none.
rule summarize_monitorability:
    input:
        prompts=[*prompt_files(*roles_of_rollouts(CONFIG)), *prompt_files("safety", "overrefusal")],
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        rollout_verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
        verdicts=for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
        recovery=recovery_of("generations/{model}/{variant}/recovery.parquet"),
        recovery_verdicts=recovery_of(f"verdicts/{{model}}/{{variant}}/recovery.{JUDGE}.parquet"),
    output:
        f"{RUN}/metrics/{{model}}/monitorability.csv",
    log:
        f"{RUN}/logs/summarize_monitorability/{{model}}.log",
    localrule: True
    container:
        image("serve")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=json.dumps(CONFIG.benchmarks)
        + settings("evaluate.judge", "evaluate.bootstrap")
        + judge_settings(reading_detector(CONFIG)),
    message:
        "Reading reasonings of {wildcards.model} as a monitor does"
    shell:
        "python scripts/summarize_monitorability.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --rollouts {input.rollouts} "
        "--rollout-verdicts {input.rollout_verdicts} --generations {input.generations} "
        "--verdicts {input.verdicts} --recovery {input.recovery} "
        "--recovery-verdicts {input.recovery_verdicts} --out {output} 2> {log}"
