# Curves along training: the weights that were kept on the way, evaluated like the end.
# Trained methods are sampled along their training too, and where it is asked for they continue
# beginnings of harmful reasonings and answer behind given ones: all in the same engine.
use rule generate_evaluation as generate_evaluation_along_training with:
    input:
        **({"beginnings": BEGINNINGS} if CONFIG.evaluate.recovery_traces else {}),
        **({"exchanged": EXCHANGED} if CONFIG.evaluate.reliance_traces else {}),
        weights=weights,
        prompts=EVALUATION_PROMPTS,
    output:
        **({"recovery": RECOVERY} if CONFIG.evaluate.recovery_traces else {}),
        **({"reliance": RELIANCE} if CONFIG.evaluate.reliance_traces else {}),
        end=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
        checkpoints=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/checkpoints.parquet",
    log:
        f"{RUN}/logs/generate_evaluation_along_training/{{model}}/{{method}}.seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/generate_evaluation_along_training/{{model}}/{{method}}.seed{{seed}}.tsv"
    wildcard_constraints:
        method=one_of(CURVES),
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        checkpoints=lambda w, input, output: f"--checkpoints {output.checkpoints}"
        + (
            f" --beginnings {input.beginnings} --recovery {output.recovery}"
            if "recovery" in output.keys()
            else ""
        )
        + (
            f" --exchanged {input.exchanged} --reliance {output.reliance}"
            if "reliance" in output.keys()
            else ""
        ),
        rerun_on=settings("engine", "decoding", "prompt_sets", "evaluate.checkpoints")
        + (settings("evaluate.recovery_samples") if CONFIG.evaluate.recovery_traces else "")
        + (RELIANCE_SETTINGS if CONFIG.evaluate.reliance_traces else ""),


rule summarize_curves:
    input:
        prompts=EVALUATION_PROMPTS,
        ends=for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
        checkpoints=curve_files(f"{RUN}/verdicts/{{model}}/{{variant}}/checkpoints.{JUDGE}.parquet"),
    output:
        **({"contrasts": f"{RUN}/metrics/{{model}}/contrasts.csv"} if CONFIG.evaluate.contrasts else {}),
        curves=f"{RUN}/metrics/{{model}}/curves.csv",
        matched=f"{RUN}/metrics/{{model}}/matched.csv",
        differences=f"{RUN}/metrics/{{model}}/matched_differences.csv",
    log:
        f"{RUN}/logs/summarize_curves/{{model}}.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.curves),
        rerun_on=settings("evaluate.bootstrap", "evaluate.kept")
        + (settings("evaluate.contrasts") if CONFIG.evaluate.contrasts else ""),
    message:
        "Comparing methods along their training: {wildcards.model}"
    shell:
        "python scripts/summarize_curves.py --config {params.config} --model {wildcards.model} "
        "--prompts {input.prompts} --ends {input.ends} --checkpoints {input.checkpoints} "
        "--out {params.out} 2> {log}"
