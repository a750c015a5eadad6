# What judges and cue detectors need, and what their verdicts depend on.
FITTED_JUDGES = [name for name, judge in CONFIG.judges.items() if judge_kind(judge.kind).fitted]


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
    return [f"endpoints.{chat}.{key}" for chat in chats if chat in CONFIG.endpoints for key in ANSWERS]


def judge_settings(*names):
    """What the verdicts of judges and cue detectors depend on.

    Which they are, their entries, what they ask, the version of their rules, their code, the pins of
    the official texts that they read. Given as a parameter, a change of one runs the job again.
    """
    known = {**{name: "judges" for name in CONFIG.judges}, **{name: "detectors" for name in CONFIG.detectors}}
    used = [name for name in dict.fromkeys(names) if name in known]
    chats = [chat for name in used if (chat := chat_of(name, CONFIG))]
    rules = rules_versions(names, CONFIG)
    judges = [CONFIG.judges[name] for name in used if name in CONFIG.judges]
    return (
        json.dumps([*names, rules] if rules else names)
        + settings(*(f"{known[name]}.{name}" for name in used), *answers_of(*chats))
        + code_of(*modules_of(names, CONFIG))
        + pins_of(*(text for judge in judges for text in judge_kind(judge.kind).reads(judge)))
    )


def pins_of_labels():
    """What pins the files of people's labels."""
    return pins_of(*human_labels.sources_of(CONFIG.data_mirror))
