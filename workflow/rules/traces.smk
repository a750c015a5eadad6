# The page on which traces are read (docs/reading-traces.md), from stored rows alone.
rule write_trace_reader:
    input:
        prompts=ALL_PROMPTS,
        rows=[file for model in MODELS for file in map(str, Files(Path(RUN), CONFIG, model).all())],
        templates=["workflow/report/traces.html.j2", "workflow/report/trace_entry.html.j2"],
    output:
        f"{RUN}/traces.html",
    log:
        f"{RUN}/logs/write_trace_reader/traces.log",
    localrule: True
    container:
        image("analyze")
    resources:
        **LIGHT,
    params:
        config=CONFIG_FILE,
        run=lambda w: RUN,
        rerun_on=settings("report", "characterize"),
    message:
        "Writing the page of traces"
    shell:
        "python scripts/write_trace_reader.py --config {params.config} --run {params.run} "
        "--templates workflow/report --out {output} 2> {log}"
