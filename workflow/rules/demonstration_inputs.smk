# What demonstrations are made from: from the configuration to files and options.


def demonstration_inputs(wildcards):
    """What demonstrations are made from, by the name of the script's option."""
    known = {
        "rollouts": {
            "rollouts": f"{RUN}/generations/{wildcards.model}/base/rollouts.parquet",
            "verdicts": f"{RUN}/verdicts/{wildcards.model}/base/rollouts.{JUDGE}.parquet",
        },
        "pairs": {
            "pairs": f"{RUN}/pairs/{wildcards.model}/"
            f"intervened_{detector_of(CONFIG, wildcards.demonstrations)}.parquet"
        },
        "triggers": {"triggers": f"{RUN}/characterize/{wildcards.model}/triggers.json"},
    }
    needs = needs_of(CONFIG, wildcards.demonstrations)
    return {option: file for need in needs for option, file in known[need].items()}


def demonstration_settings(wildcards):
    """The settings and the code that demonstrations depend on."""
    name = wildcards.demonstrations
    own = [f"demonstrations.{name}"] if name in CONFIG.demonstrations else []
    return (
        settings("world_seed", "engine", "decoding", "pairs.append_response", *own)
        + judge_settings(JUDGE, detector_of(CONFIG, name))
        + code_of(f"pairs.demonstrations.{kind_of_demonstrations(CONFIG, name)}")
    )


SAMPLED_DEMONSTRATIONS = [
    name
    for name in dict.fromkeys(method.demonstrations for method in CONFIG.methods.values())
    if name and samples_of(CONFIG, name)
]
