# Decode-time control: methods of the recipe `decode` sample another's weights, and a policy edits
# their reasonings while they are written. They stand beside trained methods in every table.


rule generate_controlled:
    input:
        unpack(policy_inputs),
        lambda w: judge_files(*policy_annotators(w)),
        weights=weights,
        prompts=EVALUATION_PROMPTS,
    output:
        end=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
        without=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation_without.parquet",
        edits=f"{RUN}/control/{{model}}/{{method}}/seed{{seed}}/edits.parquet",
    log:
        f"{RUN}/logs/generate_controlled/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_controlled/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=one_of(DECODING),
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        policy=policy_options,
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        rerun_on=lambda w: settings("engine", "decoding", "prompt_sets", *policy_settings(w))
        + judge_settings(*policy_annotators(w))
        + code_of(policy_module(w)),
    message:
        "Sampling under a policy: {wildcards.model} {wildcards.method}, seed {wildcards.seed}"
    shell:
        on_gpus(
            "python scripts/generate_controlled.py --config {params.config} "
            "--method {wildcards.method} --model-dir {params.model_dir} --seed {wildcards.seed} "
            "--label '{wildcards.model} {wildcards.method}' --prompts {input.prompts} {params.policy} "
            "--shards {params.shards} --out {output.end} --without {output.without} "
            "--edits {output.edits} 2> {log}"
        )


rule summarize_control:
    input:
        prompts=EVALUATION_PROMPTS,
        edits=lambda w: of_decoding("control/{model}/{variant}/edits.parquet", w.model),
        verdicts=lambda w: of_decoding(f"verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", w.model),
        without=lambda w: of_decoding(
            f"verdicts/{{model}}/{{variant}}/evaluation_without.{JUDGE}.parquet", w.model
        ),
        base=lambda w: expand(
            f"{RUN}/generations/{w.model}/base/seed{{seed}}/evaluation.parquet", seed=CONFIG.seeds
        ),
    output:
        f"{RUN}/metrics/{{model}}/control.csv",
    log:
        f"{RUN}/logs/summarize_control/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        rerun_on=settings("evaluate.judge", "evaluate.bootstrap"),
    message:
        "Summarizing what policies edited on {wildcards.model}"
    shell:
        "python scripts/summarize_control.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --edits {input.edits} --verdicts {input.verdicts} "
        "--without {input.without} --base {input.base} --out {output} 2> {log}"


# Only where a method decodes by it.
rule fit_step_scorer:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        csr=f"{RUN}/characterize/{{model}}/csr.parquet",
        prompts=prompt_files("align_harmful", "align_benign"),
    output:
        scorer=SCORER,
        table=f"{RUN}/metrics/{{model}}/step_scorer.csv",
    log:
        f"{RUN}/logs/fit_step_scorer/{{model}}.log",
    benchmark:
        f"{RUN}/benchmarks/fit_step_scorer/{{model}}.tsv"
    container:
        image("serve")
    threads: CONFIG.engine.threads
    resources:
        **GENERATION,
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        rerun_on=settings(
            "world_seed", "characterize.unsafe_threshold", "evaluate.judge", "evaluate.bootstrap"
        )
        + judge_settings(JUDGE),
    message:
        "Fitting the step scorer of {wildcards.model}"
    shell:
        on_gpus(
            "python scripts/fit_step_scorer.py --config {params.config} --model {wildcards.model} "
            "--base {params.base} --rollouts {input.rollouts} --csr {input.csr} "
            "--prompts {input.prompts} --out {output.scorer} --metrics {output.table} 2> {log}"
        )


include: "given.smk"
