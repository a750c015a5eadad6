# What the rules share to name their inputs and parameters: from the configuration to files.
#
# The parameter `rerun_on` of rules is used by no command. It holds the settings that the result
# depends on, so that a
# change of one runs the job again, and a change of another does not.


def on_gpus(command):
    """A command that holds the job's share of the GPUs while it runs."""
    return f"python scripts/lease_gpus.py {{resources.gpu}} {command}"


FITTED_JUDGES = [name for name, judge in CONFIG.judges.items() if judge_kind(judge.kind).fitted]


def for_methods(pattern, *untrained, with_weights=False):
    """An input function.

    The pattern for each method that is run on the rule's model (and for "base" when asked) and each
    seed, as {variant}. `with_weights`: without methods that sample from the weights of another.
    """

    def files(wildcards):
        methods = [*untrained, *CONFIG.methods_of(wildcards.model)]
        methods = [name for name in methods if not (with_weights and name in DECODING)]
        variants = [f"{method}/seed{seed}" for method in methods for seed in CONFIG.seeds]
        return expand(pattern, model=wildcards.model, variant=variants)

    return files


# Methods that edit reasonings while they are written, with the weights of another
DECODING = [name for name, method in CONFIG.methods.items() if not recipe_of(method).has_weights]
# Methods with curves along their training
CURVES = [
    name
    for name, method in CONFIG.methods.items()
    if CONFIG.evaluate.checkpoints and recipe_of(method).trained
]


def of_decoding(pattern, model):
    """The pattern for each method of a model that decodes under a policy, and each seed."""
    methods = [name for name in CONFIG.methods_of(model) if name in DECODING]
    variants = [f"{method}/seed{seed}" for method in methods for seed in CONFIG.seeds]
    return expand(f"{RUN}/{pattern}", model=model, variant=variants)


def curve_files(pattern):
    """An input function: the pattern for each method with a curve and each seed, as {variant}."""

    def files(wildcards):
        methods = [name for name in CONFIG.methods_of(wildcards.model) if name in CURVES]
        variants = [f"{method}/seed{seed}" for method in methods for seed in CONFIG.seeds]
        return expand(pattern, model=wildcards.model, variant=variants)

    return files


def prompt_files(*roles):
    """Prompt files of the sets with one of these roles."""
    return [f"{RUN}/prompts/{name}.parquet" for name in CONFIG.sets_of(*roles)]


ALL_PROMPTS = [f"{RUN}/prompts/{name}.parquet" for name in CONFIG.prompt_sets]
# Prompts of the characterization: a set of their own, or else those of the alignment.
ANALYSIS_PROMPTS = prompt_files("characterize") or prompt_files("align_harmful")


def settings(*keys):
    """These parts of the configuration as JSON.

    Given as a parameter, a change of one runs the job again.
    """
    values = CONFIG.model_dump(mode="json")
    # Pinned arithmetic gives other last bits, to all that is computed
    parts = {} if CONFIG.arithmetic == "native" else {"arithmetic": CONFIG.arithmetic}
    for key in keys:
        part = values
        for step in key.split("."):
            part = part[step]
        parts[key] = part
    return json.dumps(parts, sort_keys=True)


def weights(wildcards):
    """The marker file of the weights that a variant samples from: the base has one for all seeds."""
    method = wildcards.method
    if method in DECODING:
        method = CONFIG.methods[method].start or "base"
    folder = "base" if method == "base" else f"{method}/seed{wildcards.seed}"
    return f"{RUN}/models/{wildcards.model}/{folder}/training.json"


def chat_weights(*names):
    """The weights behind chat models that are models of the run; endpoints have none here."""
    return [
        f"{RUN}/models/{name}/base/training.json" for name in dict.fromkeys(names) if name in CONFIG.models
    ]


def judge_weights(*names):
    """The weights behind judges and cue detectors.

    Of the model of the run that they ask, or their own.
    """
    own = dict.fromkeys(source for name in names if (source := weights_of(name, CONFIG)))
    return chat_weights(*(chat_of(name, CONFIG) for name in names)) + [
        f"{RUN}/judge_models/{source}/training.json" for source in own
    ]


def judge_files(*names):
    """What judges and cue detectors need before they can judge.

    Weights of the run, coefficients that are fitted in it.
    """
    return [
        *judge_weights(*names),
        *(f"{RUN}/judges/{name}.json" for name in dict.fromkeys(names) if name in FITTED_JUDGES),
    ]


def answers_of(*chats):
    """Keys of the configuration that an endpoint's replies depend on.

    A higher budget or a longer time-out must not have anything asked again.
    """
    return [
        f"endpoints.{chat}.{key}"
        for chat in chats
        if chat in CONFIG.endpoints
        for key in ("base_url", "model", "temperature", "max_tokens")
    ]


def judge_settings(*names):
    """What the verdicts of judges and cue detectors depend on.

    Which they are, their entries, what they ask, the version of their rules. Given as a parameter, a
    change of one runs the job again.
    """
    known = {**{name: "judges" for name in CONFIG.judges}, **{name: "detectors" for name in CONFIG.detectors}}
    used = [name for name in dict.fromkeys(names) if name in known]
    chats = [chat for name in used if (chat := chat_of(name, CONFIG))]
    rules = rules_versions(names, CONFIG)
    return json.dumps([*names, rules] if rules else names) + settings(
        *(f"{known[name]}.{name}" for name in used), *answers_of(*chats)
    )


def folder_of(marker):
    """The folder that a marker file completes."""
    return str(Path(marker).parent)
