# What a job asks of a scheduler, and the image it runs in. A job that failed asks for twice the
# memory and time at its second attempt, then three times.
def asked(kind, gpu=0, **more):
    """Resources of one kind of job (`resources` in the configuration).

    GPUs, memory in MB, minutes.
    """
    size = getattr(CONFIG.resources, kind)
    return {
        "gpu": gpu,
        "nodes": 1,  # or SLURM may take the GPUs of one job from several nodes
        "mem_mb": lambda wildcards, attempt: round(1024 * size.memory_gib * attempt),
        "runtime": lambda wildcards, attempt: size.minutes * attempt,
        **more,
    }


def settings_of_method(wildcards):
    """The settings of a method for one model."""
    return CONFIG.method(wildcards.model, wildcards.method)


def training_image(wildcards):
    """The image that a method trains in: GRPO's holds vLLM too, which samples while it trains."""
    return recipe_of(settings_of_method(wildcards)).image


def on_several_nodes(resource):
    """A resource that only a training on several nodes has; None leaves it out."""

    def value(wildcards):
        method = settings_of_method(wildcards)
        return resource(method) if method.nodes > 1 else None

    return value


def gpus_of_training(wildcards):
    """GPUs of a training on one node.

    Those of several nodes are asked for by node (`gres`): of a total SLURM may take three from one
    and one from another.
    """
    method = settings_of_method(wildcards)
    return 0 if method.nodes > 1 else CONFIG.resources.gpus * method.processes


LIGHT = asked("light")
GENERATION = asked("generation", gpu=CONFIG.resources.gpus)
TRAINING = asked("training", gpu=CONFIG.resources.gpus)
TRAINING_OF_METHOD = asked(
    "training",
    gpu=gpus_of_training,
    nodes=lambda wildcards: settings_of_method(wildcards).nodes,
    gres=on_several_nodes(
        lambda method: f"gpu:{CONFIG.resources.gpus * method.processes}" if CONFIG.resources.gpus else None
    ),
    mpi=on_several_nodes(
        lambda method: "srun"
    ),  # the training calls srun itself (safe_reasoning.training.launch), not the executor
    tasks=on_several_nodes(lambda method: method.nodes),
    tasks_per_gpu=on_several_nodes(lambda method: 0),  # unsaid, the executor would take `tasks` for it
)
# Judges and attackers behind an endpoint need the network, which compute nodes may not have: such
# jobs run where the workflow runs. Weights need a GPU.
JUDGES_WITH_WEIGHTS = [name for name in CONFIG.judges if judge_weights(name)]
DETECTOR_IS_A_MODEL = bool(judge_weights(DETECTOR))
ATTACKED_IS_A_MODEL = any(
    chat in CONFIG.models for attack in CONFIG.attacks.values() for chat in attack.chats
)
