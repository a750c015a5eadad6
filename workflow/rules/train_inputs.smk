# What the methods are trained on: from the configuration to files and options.


def training_data(wildcards):
    """What a method learns from, by the name of the script's option."""
    method = CONFIG.methods[wildcards.method]
    files = {
        name: f"{RUN}/{file}" for name, file in input_files(method, wildcards.model, wildcards.seed).items()
    }
    return files | (
        {"prompts": prompt_files("align_harmful")} if recipe_of(method).learns_from_prompts else {}
    )


def reward_judge(wildcards):
    """The judge whose verdicts GRPO is rewarded by; the other methods ask none."""
    return [JUDGE] if recipe_of(CONFIG.methods[wildcards.method]).learns_from_prompts else []


def training_options(wildcards):
    """The options of train_method that hand over its data; models are handed over as folders."""
    options = []
    for name, files in training_data(wildcards).items():
        files = [files] if isinstance(files, str) else files
        if name == "stage1":
            files = [folder_of(file) for file in files]
        options += [f"--{name.replace('_', '-')}", *files]
    return " ".join(options)


def pair_files(wildcards):
    """Every file of training rows that some method of the model uses."""
    return [f"{RUN}/pairs/{wildcards.model}/{stem}.parquet" for stem in pair_stems(CONFIG, wildcards.model)]
