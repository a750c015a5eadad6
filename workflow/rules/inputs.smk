# What the rules share to name their inputs and parameters: from the configuration to files.
#
# The parameter `rerun_on` of rules is used by no command. It holds the settings that the result
# depends on, so that a change of one runs the job again, and a change of another does not.


def on_gpus(command):
    """A command that holds the job's share of the GPUs while it runs, if the run has any."""
    return f"python scripts/lease_gpus.py {{resources.gpu}} {command}" if CONFIG.resources.gpus else command


def for_methods(pattern, *untrained, with_weights=False):
    """An input function.

    The pattern for each method that is run on the rule's model (and for "base" when asked) and each
    seed, as {variant}. `with_weights`: without methods that sample from the weights of another.
    """

    def files(wildcards):
        methods = [*untrained, *CONFIG.methods_of(wildcards.model)]
        methods = [name for name in methods if not (with_weights and name in WEIGHTLESS)]
        variants = [f"{method}/seed{seed}" for method in methods for seed in CONFIG.seeds]
        return expand(pattern, model=wildcards.model, variant=variants)

    return files


WEIGHTLESS = [name for name, method in CONFIG.methods.items() if not recipe_of(method).has_weights]
# Of these, methods whose generations are given, and methods that edit reasonings while they are written,
# with the weights of another
GIVEN = [name for name in WEIGHTLESS if CONFIG.methods[name].generations]
DECODING = [name for name in WEIGHTLESS if name not in GIVEN]
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


def recovery_of(pattern):
    """An input function: the pattern for each method that continues harmful beginnings and each seed."""
    if not CONFIG.evaluate.recovery_traces:
        return []
    return for_methods(f"{RUN}/{pattern}", "base", with_weights=True)


def attacked_of(asked, pattern):
    """An input function: the pattern for each method that is searched against and each seed; nothing
    where such a search is not asked for.
    """

    def files(wildcards):
        methods = ["base", *CONFIG.methods_of(wildcards.model)]
        methods = [name for name in methods if name not in DECODING and CONFIG.attacked(name)]
        variants = [f"{method}/seed{seed}" for method in methods for seed in CONFIG.seeds]
        return expand(f"{RUN}/{pattern}", model=wildcards.model, variant=variants)

    return files if asked else []


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


def own_file(wildcards):
    """The file of the user's own behind a prompt set; none for a benchmark."""
    file = CONFIG.prompt_sets[wildcards.prompt_set].file
    return [file] if file else []


ALL_PROMPTS = [f"{RUN}/prompts/{name}.parquet" for name in CONFIG.prompt_sets]
# Prompts of the characterization: a set of their own, or else those of the alignment.
ANALYSIS_PROMPTS = prompt_files("characterize") or prompt_files("align_harmful")


# Models whose warm-up learns from their own answers
OWN_ANSWERS = [
    name
    for name, model in CONFIG.models.items()
    if model.kind == "gguf_package" and model.warm_up == "own_answers"
]


def own_answers_of(wildcards):
    """What a model itself answers to the warm-up's prompts, where its traces end so."""
    asked = wildcards.model in OWN_ANSWERS
    return [f"{RUN}/generations/{wildcards.model}/own_answers.parquet"] if asked else []


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


def files_in_folder(model):
    """The files of a model in a folder of the user's: what depends on it is made again when they change."""
    return list(map(str, files_of(Path(CONFIG.models[model].path))))


def folder_of(marker):
    """The folder that a marker file completes."""
    return str(Path(marker).parent)


include: "code_inputs.smk"
include: "judge_inputs.smk"
include: "train_inputs.smk"
include: "demonstration_inputs.smk"
include: "control_inputs.smk"
