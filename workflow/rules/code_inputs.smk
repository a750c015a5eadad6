# What rules know of the code behind their results. Jobs do not ask: a run knows it from its start on.
DIGESTS = Digests() if workflow.is_main_process else None


def code_of(*modules):
    """Digest of library modules and of what they import.

    Given as a parameter, a change of one runs the job again. For modules that are imported by a name
    put together; what a script imports by name stands in the parameter `code` of every rule
    (changed_code.smk).
    """
    return DIGESTS.digest(*modules) if DIGESTS else ""


def readers_of(*prompt_sets):
    """The modules that read the benchmarks of prompt sets; prompts of the nano world need none."""
    sources = [CONFIG.prompt_sets[name].source for name in prompt_sets]
    return [f"prompts.benchmarks.{splits()[source][0]}" for source in sources if source in splits()]


PUBLISHED_TRACES = sorted({method.traces for method in CONFIG.methods.values() if method.traces})
