# What policies are made from: from the configuration to files and options.


SCORER = f"{RUN}/characterize/{{model}}/step_scorer.safetensors"


def policy_inputs(wildcards):
    """What the method's policy inserts or is fitted on, by the name of the script's option."""
    needs = needs_of_policy(CONFIG, CONFIG.methods[wildcards.method].policy)
    files = {}
    if "triggers" in needs:
        files["triggers"] = f"{RUN}/characterize/{wildcards.model}/triggers.json"
    if "rollouts" in needs:
        files["rollouts"] = f"{RUN}/generations/{wildcards.model}/base/rollouts.parquet"
        files["benign_prompts"] = prompt_files("align_benign")
    if "scorer" in needs:
        files["scorer"] = SCORER.format(model=wildcards.model)
        files["base"] = f"{RUN}/models/{wildcards.model}/base/training.json"
    return files


def policy_options(wildcards):
    """The options of generate_controlled that hand these over."""
    return " ".join(
        f"--{name.replace('_', '-')} {files if isinstance(files, str) else ' '.join(files)}"
        for name, files in policy_inputs(wildcards).items()
    )


def policy_settings(wildcards):
    """Keys of the configuration that hold the method and its policy."""
    policy = CONFIG.methods[wildcards.method].policy
    return [f"methods.{wildcards.method}", *([f"policies.{policy}"] if policy in CONFIG.policies else [])]


def policy_module(wildcards):
    """The module of the method's policy, below the package."""
    return f"control.policies.{kind_of_policy(CONFIG, CONFIG.methods[wildcards.method].policy)}"


def given_file(wildcards):
    """The file of the user's own that holds a method's generations."""
    return CONFIG.methods[wildcards.method].generations_of(wildcards.model, wildcards.seed)


def policy_annotators(wildcards):
    """The cue detector and the judge that the method's policy asks."""
    return annotators_of_policy(CONFIG, CONFIG.methods[wildcards.method].policy)
