# Evaluation (paper section 4): every method on every evaluation set, the KL from the base model, rates with intervals.
EVALUATION_PROMPTS = prompt_files("safety", "overrefusal", "capability")


rule generate_evaluation:
    input:
        weights=weights,
        prompts=EVALUATION_PROMPTS,
    output:
        f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/evaluation.parquet",
    log:
        f"{RUN}/logs/generate_evaluation/{{model}}/{{method}}.seed{{seed}}.log",
    conda:
        "../../envs/cpu.yaml"
    threads: CONFIG.engine.threads
    params:
        config=CONFIG_FILE,
        model_dir=lambda w, input: folder_of(input.weights),
        shards=f"{RUN}/generations/{{model}}/{{method}}/seed{{seed}}/shards",
        settings=settings("engine", "decoding", "prompt_sets"),
    shell:
        "python scripts/generate_evaluation.py --config {params.config} --model-dir {params.model_dir} --seed {wildcards.seed} "
        "--label '{wildcards.model} {wildcards.method}' --prompts {input.prompts} --shards {params.shards} --out {output} 2> {log}"


rule measure_contamination:
    input:
        prompt_files("align_harmful", "align_benign"),
        EVALUATION_PROMPTS,
    output:
        table=f"{RUN}/metrics/contamination.csv",
        prompts=f"{RUN}/metrics/contaminated_prompts.csv",
    log:
        f"{RUN}/logs/measure_contamination/contamination.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.table),
    shell:
        "python scripts/measure_contamination.py --config {params.config} --prompts {input} --out {params.out} 2> {log}"


rule summarize_evaluation:
    input:
        contaminated=f"{RUN}/metrics/contaminated_prompts.csv",
        prompts=EVALUATION_PROMPTS,
        generations=for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
        verdicts=for_methods(f"{RUN}/verdicts/{{model}}/{{variant}}/evaluation.{JUDGE}.parquet", "base"),
    output:
        evaluation=f"{RUN}/metrics/{{model}}/evaluation.csv",
        clean=f"{RUN}/metrics/{{model}}/evaluation_clean.csv",
        details=f"{RUN}/metrics/{{model}}/verdict_details.csv",
        trace_classes=f"{RUN}/metrics/{{model}}/trace_classes.csv",
        paired=f"{RUN}/metrics/{{model}}/paired.csv",
    log:
        f"{RUN}/logs/summarize_evaluation/{{model}}.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.evaluation),
        settings=settings("evaluate"),
    shell:
        "python scripts/summarize_evaluation.py --config {params.config} --model {wildcards.model} --prompts {input.prompts} "
        "--generations {input.generations} --verdicts {input.verdicts} --contaminated {input.contaminated} --out {params.out} 2> {log}"


rule measure_kl:
    input:
        base=f"{RUN}/models/{{model}}/base/training.json",
        trained=for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json"),
        generations=f"{RUN}/generations/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.parquet",
        verdicts=f"{RUN}/verdicts/{{model}}/base/seed{CONFIG.seeds[0]}/evaluation.{JUDGE}.parquet",
    output:
        f"{RUN}/metrics/{{model}}/kl.csv",
    log:
        f"{RUN}/logs/measure_kl/{{model}}.log",
    conda:
        "../../envs/cpu.yaml"
    threads: CONFIG.engine.threads
    params:
        config=CONFIG_FILE,
        base=lambda w, input: folder_of(input.base),
        settings=settings("evaluate.kl_traces", "evaluate.kl_tokens", "evaluate.bootstrap"),
    shell:
        "python scripts/measure_kl.py --config {params.config} --model {wildcards.model} --base {params.base} --trained {input.trained} "
        "--generations {input.generations} --verdicts {input.verdicts} --out {output} 2> {log}"


rule summarize_costs:
    input:
        pairs=pair_files,
        rollouts=f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        trained=for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json"),
    output:
        efficiency=f"{RUN}/metrics/{{model}}/efficiency.csv",
        pairs=f"{RUN}/metrics/{{model}}/pairs.csv",
        training=f"{RUN}/metrics/{{model}}/training.csv",
    log:
        f"{RUN}/logs/summarize_costs/{{model}}.log",
    conda:
        "../../envs/cpu.yaml"
    params:
        config=CONFIG_FILE,
        out=lambda w, output: folder_of(output.efficiency),
    shell:
        "python scripts/summarize_costs.py --config {params.config} --model {wildcards.model} --pairs {input.pairs} --rollouts {input.rollouts} "
        "--trained {input.trained} --out {params.out} 2> {log}"


rule summarize_steps:
    input:
        f"{RUN}/models/{{model}}/base/training.json",
        f"{RUN}/generations/{{model}}/base/rollouts.parquet",
        f"{RUN}/characterize/{{model}}/csr.parquet",
        f"{RUN}/characterize/{{model}}/triggers.json",
        f"{RUN}/characterize/{{model}}/interventions.parquet",
        pair_files,
        for_methods(f"{RUN}/models/{{model}}/{{variant}}/training.json"),
        for_methods(f"{RUN}/generations/{{model}}/{{variant}}/evaluation.parquet", "base"),
    output:
        f"{RUN}/metrics/{{model}}/steps.csv",
    log:
        f"{RUN}/logs/summarize_steps/{{model}}.log",
    conda:
        "../../envs/cpu.yaml"
    shell:
        "python scripts/summarize_steps.py --model {wildcards.model} --files {input} --out {output} 2> {log}"


rule join_metrics:
    input:
        expand(f"{RUN}/metrics/{{model}}/{{{{table}}}}.csv", model=MODELS),
    output:
        f"{RUN}/metrics/{{table}}.csv",
    log:
        f"{RUN}/logs/join_metrics/{{table}}.log",
    wildcard_constraints:
        table="(?!contamina)[a-z_]+",
    conda:
        "../../envs/cpu.yaml"
    shell:
        "python scripts/join_metrics.py --tables {input} --out {output} 2> {log}"
