# What a job asks of a scheduler, and the image it runs in. A job that failed asks for twice the memory and time at its second attempt, then three times.
def asked(kind, gpu=0, **more):
    """Resources of one kind of job (`resources` in the configuration): GPUs, memory in MB, minutes."""
    size = getattr(CONFIG.resources, kind)
    return {
        "gpu": gpu,
        "mem_mb": lambda wildcards, attempt: round(1024 * size.memory_gib * attempt),
        "runtime": lambda wildcards, attempt: size.minutes * attempt,
        **more,
    }


def settings_of_method(wildcards):
    """The settings of a method for one model."""
    return CONFIG.method(wildcards.model, wildcards.method)


def training_image(wildcards):
    """GRPO samples with vLLM while it trains: its image holds both."""
    return "grpo" if settings_of_method(wildcards).recipe == "grpo" else "train"


LIGHT = asked("light")
GENERATION = asked("generation", gpu=CONFIG.resources.gpus)
TRAINING = asked("training", gpu=CONFIG.resources.gpus)
TRAINING_OF_METHOD = asked(
    "training",
    gpu=lambda wildcards: CONFIG.resources.gpus * settings_of_method(wildcards).processes * settings_of_method(wildcards).nodes,
    nodes=lambda wildcards: settings_of_method(wildcards).nodes,
)
# Judges and attackers behind an endpoint need the network, which compute nodes may not have: such jobs run where the workflow runs. Models of the run need a GPU.
JUDGE_IS_A_MODEL = bool(instrument_weights(*CONFIG.all_judges))
AUDIT_NEEDS_A_MODEL = bool(instrument_weights(*CONFIG.evaluate.audit))
ATTACKED_IS_A_MODEL = any(chat in CONFIG.models for attack in CONFIG.attacks.values() for chat in attack.chats)
