# What rules know of the code and the sources behind their results. Jobs do not ask: a run knows it
# from its start on.
DIGESTS = Digests() if workflow.is_main_process else None
SOURCES = sources_table.table() if workflow.is_main_process else {}


def code_of(*modules):
    """Digest of library modules and of what they import.

    Given as a parameter, a change of one runs the job again. For modules that are imported by a name
    put together; what a script imports by name stands in the parameter `code` of every rule
    (changed_code.smk).
    """
    return DIGESTS.digest(*modules) if DIGESTS else ""


def pins_of(*sources):
    """What config/sources.yaml says of files and weights; names that it does not have say nothing.

    Given as a parameter, another revision or digest runs the job again; other terms do not.
    """
    terms = {"licence", "gated", "parameters"}
    found = {name: SOURCES[name].model_dump(exclude=terms) for name in sources if name in SOURCES}
    return json.dumps(found, sort_keys=True) if found else ""


def benchmarks_of(*prompt_sets):
    """The code that reads the benchmarks of prompt sets, and what pins their files.

    Prompts of the nano world need neither.
    """
    sources = [CONFIG.prompt_sets[name].source for name in prompt_sets]
    read = [splits()[source] for source in sources if source in splits()]
    return code_of(*(f"prompts.benchmarks.{module}" for module, _ in read)) + pins_of(
        *(split.source for _, split in read)
    )


PUBLISHED_TRACES = sorted({method.traces for method in CONFIG.methods.values() if method.traces})
