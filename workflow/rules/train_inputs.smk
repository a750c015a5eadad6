# What the methods are trained on: from the configuration to files and options.


def training_data(wildcards):
    """What a method learns from, by the name of the script's option."""
    method = CONFIG.methods[wildcards.method]
    files = {
        name: f"{RUN}/{file}" for name, file in input_files(method, wildcards.model, wildcards.seed).items()
    }
    roles = [PROMPT_ROLES[kind] for kind in method.prompts]
    return files | ({"prompts": prompt_files(*roles)} if recipe_of(method).learns_from_prompts else {})


def reward_judge(wildcards):
    """The judge whose verdicts GRPO is rewarded by, and the detector that cuts its own traces.

    The other methods ask none.
    """
    method = CONFIG.methods[wildcards.method]
    own = method.prefill is not None and method.prefill.source == "own"
    return [JUDGE, *([method.detector] if own else [])] if recipe_of(method).rewarded else []


def training_options(wildcards):
    """The options of train_method that hand over its data; models are handed over as folders."""
    options = []
    for name, files in training_data(wildcards).items():
        files = [files] if isinstance(files, str) else files
        if name in MODEL_INPUTS:
            files = [folder_of(file) for file in files]
        options += [f"--{name.replace('_', '-')}", *files]
    return " ".join(options)


def pair_files(wildcards):
    """Every file of training rows that some method of the model uses."""
    return [f"{RUN}/pairs/{wildcards.model}/{stem}.parquet" for stem in pair_stems(CONFIG, wildcards.model)]
