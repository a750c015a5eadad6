# Metrics of the characterization, of all its stages together.
CHARACTERIZATION_TABLES = [
    "base_model",
    "outcome_shares",
    "safe_response_given",
    "rollout_diversity",
]
if CONFIG.characterize.analyses:
    CHARACTERIZATION_TABLES += [
        "csr_curves",
        "turning_points",
        "turning_point_share",
        "triggers",
        "cue_correlation",
        "interventions",
    ]
ANALYSED = (
    {
        "csr": f"{RUN}/characterize/{{model}}/csr.parquet",
        "continuations": f"{RUN}/characterize/{{model}}/csr_continuations.parquet",
        "triggers": f"{RUN}/characterize/{{model}}/triggers.json",
        "interventions": f"{RUN}/characterize/{{model}}/interventions.parquet",
    }
    if CONFIG.characterize.analyses
    else {}
)


rule summarize_characterization:
    input:
        judge_files(JUDGE, DETECTOR),
        **ANALYSED,
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        evaluation=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
        diversity_prompts=prompt_files("align_harmful"),
        prompts=ALL_PROMPTS,
    output:
        *[f"{RUN}/metrics/{{model}}/{table}.csv" for table in CHARACTERIZATION_TABLES],
    log:
        f"{RUN}/logs/summarize_characterization/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/summarize_characterization/{{model}}.tsv"
    localrule: not DETECTOR_IS_A_MODEL
    container:
        image("serve")
    resources:
        **(GENERATION if DETECTOR_IS_A_MODEL else LIGHT),
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        out=lambda w, output: folder_of(output[0]),
        analysed=lambda w, input: " ".join(f"--{name} {input[name]}" for name in ANALYSED),
        rerun_on=settings("characterize", "evaluate.bootstrap", "report")
        + judge_settings(JUDGE, DETECTOR, "lexical"),
    message:
        "Summarizing the characterization of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/summarize_characterization.py --config {params.config} "
            "--model {wildcards.model} --model-dir {params.model_dir} "
            "--rollouts {input.rollouts} --verdicts {input.verdicts} "
            "--evaluation-verdicts {input.evaluation} {params.analysed} "
            "--diversity-prompts {input.diversity_prompts} --prompts {input.prompts} "
            "--out {params.out} 2> {log}"
        )


# Only where `evaluate.cue_localisation` asks for it.
rule localise_cues:
    input:
        judge_files(DETECTOR),
        base=f"{RUN}/models/{{model}}/base/training.json",
        csr=f"{RUN}/characterize/{{model}}/csr.parquet",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        prompts=ANALYSIS_PROMPTS,
    output:
        f"{RUN}/metrics/{{model}}/cue_localisation.csv",
    log:
        f"{RUN}/logs/localise_cues/{{model}}.log",
    localrule: not DETECTOR_IS_A_MODEL
    container:
        image("serve")
    resources:
        **(GENERATION if DETECTOR_IS_A_MODEL else LIGHT),
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        rerun_on=settings(
            "characterize.safe_threshold",
            "characterize.unsafe_threshold",
            "characterize.stable_tokens",
            "evaluate.bootstrap",
        )
        + judge_settings(DETECTOR, "lexical"),
    message:
        "Setting cues and triggers of {wildcards.model} against turning points"
    shell:
        on_gpus(
            "python scripts/localise_cues.py --config {params.config} --model {wildcards.model} "
            "--model-dir {params.model_dir} --csr {input.csr} --rollouts {input.rollouts} "
            "--prompts {input.prompts} --out {output} 2> {log}"
        )
