# Characterization (paper section 2): continuation safety ratio, turning points and triggers,
# corrective interventions. Their metrics are in characterize_metrics.smk.
rule estimate_csr:
    input:
        judge_files(JUDGE, DETECTOR),
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        prompts=ANALYSIS_PROMPTS,
    output:
        csr=f"{RUN}/characterize/{{model}}/csr.parquet",
        continuations=f"{RUN}/characterize/{{model}}/csr_continuations.parquet",
    log:
        f"{RUN}/logs/estimate_csr/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/estimate_csr/{{model}}.tsv"
    priority: 10
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        shards=f"{RUN}/characterize/{{model}}/csr_shards",
        rerun_on=settings(
            "engine",
            "decoding",
            "characterize.csr_prompts",
            "characterize.csr_continuations",
            "characterize.csr_stride",
            "characterize.csr_reuse",
        )
        + judge_settings(JUDGE, DETECTOR),
    message:
        "Estimating the continuation safety ratio of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/estimate_csr.py --config {params.config} --model-dir {params.model_dir} "
            "--rollouts {input.rollouts} "
            "--verdicts {input.verdicts} --prompts {input.prompts} --shards {params.shards} "
            "--continuations {output.continuations} --out {output.csr} 2> {log}"
        )


rule rank_triggers:
    input:
        judge_files(JUDGE, DETECTOR),
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/rollouts.{JUDGE}.parquet",
        csr=f"{RUN}/characterize/{{model}}/csr.parquet",
        prompts=ANALYSIS_PROMPTS,
    output:
        f"{RUN}/characterize/{{model}}/triggers.json",
    log:
        f"{RUN}/logs/rank_triggers/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/rank_triggers/{{model}}.tsv"
    priority: 10
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        detector=DETECTOR,
        shards=f"{RUN}/characterize/{{model}}/trigger_shards",
        rerun_on=settings("engine", "decoding", "characterize") + judge_settings(JUDGE, DETECTOR),
    message:
        "Finding safety triggers of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/rank_triggers.py --config {params.config} --detector {params.detector} "
            "--model-dir {params.model_dir} "
            "--rollouts {input.rollouts} --verdicts {input.verdicts} --csr {input.csr} "
            "--prompts {input.prompts} --shards {params.shards} --out {output} 2> {log}"
        )


rule correct_interventions:
    input:
        judge_files(JUDGE, DETECTOR),
        base=f"{RUN}/models/{{model}}/base/training.json",
        generations=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
        triggers=f"{RUN}/characterize/{{model}}/triggers.json",
        prompts=[f"{RUN}/prompts/{name}.parquet" for name in CONFIG.intervention_sets],
    output:
        f"{RUN}/characterize/{{model}}/interventions.parquet",
    log:
        f"{RUN}/logs/correct_interventions/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/correct_interventions/{{model}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.base),
        detector=DETECTOR,
        shards=f"{RUN}/characterize/{{model}}/intervention_shards",
        rerun_on=settings(
            "engine", "decoding", "characterize.intervention_traces", "characterize.intervention_rounds"
        )
        + judge_settings(JUDGE, DETECTOR),
    message:
        "Intervening on reasoning of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/correct_interventions.py --config {params.config} "
            "--detector {params.detector} --model-dir {params.model_dir} "
            "--generations {input.generations} --verdicts {input.verdicts} --triggers {input.triggers} "
            "--prompts {input.prompts} "
            "--shards {params.shards} --out {output} 2> {log}"
        )


# Next sentences along rollouts of the base, with the value of each (training/recipes/dpo_tree.py).


include: "characterize_metrics.smk"
