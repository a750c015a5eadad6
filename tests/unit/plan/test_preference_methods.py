"""The plan of methods that learn from siblings and groups counts what they sample and train on."""

from safe_reasoning.plan.estimate import plan
from tests.support.trainings import configuration

LONG, REASONING = 80, 56  # tokens of a completion and of its reasoning, the plan's defaults


def test_siblings_are_counted_once_however_many_methods_learn_from_them():
    config = configuration(recipe="dpo_tree")
    both = config.model_copy(
        update={
            "methods": config.methods
            | {"n": config.methods["m"].model_copy(update={"recipe": "dpo_tree_short"})}
        }
    )
    tree = config.siblings
    for run in (config, both):
        (step,) = [step for step in plan(run) if step.stage == "siblings"]
        prompts = run.prompt_sets["align_harmful"].limit
        assert prompts and step.generations == prompts * tree.depth * tree.width * tree.continuations
        assert step.tokens == step.generations * REASONING and step.bound
    without = config.model_copy(update={"methods": {"ipo": config.methods["ipo"]}})
    assert not [step for step in plan(without) if step.stage == "siblings"]


def test_a_tree_search_is_counted_beside_the_siblings_along_rollouts():
    config = configuration(recipe="dpo_tree", search="ucb")
    tree, prompts = config.siblings.ucb, config.prompt_sets["align_harmful"].limit
    steps = {step.stage: step for step in plan(config)}
    assert prompts and "siblings" not in steps
    step = steps["tree search"]
    assert step.generations == prompts * tree.iterations * tree.width and step.bound
    assert steps["training m"].gpu_hours > 0
    plain = config.methods["m"].model_copy(update={"search": "rollout"})
    both = config.model_copy(update={"methods": config.methods | {"n": plain}})
    assert {"siblings", "tree search"} <= {step.stage for step in plan(both)}


def test_a_group_is_its_completions_and_a_benign_one():
    def hours(group: int) -> float:
        config = configuration(recipe="salt", salt={"group": group}, max_examples=10)
        (step,) = [step for step in plan(config) if step.stage == "training m"]
        assert step.generations == 0  # nothing is sampled for it
        return step.gpu_hours * 3600 * config.plan.training_tokens_per_gpu_second

    assert round(hours(5)) == 10 * 6 * LONG and round(hours(2)) == 10 * 3 * LONG


def test_each_round_of_a_search_is_counted_and_each_seed_of_it():
    config = configuration(recipe="dpo_tree", search="ucb")
    first = config.methods["m"]
    later = {f"m{n}": first.model_copy(update={"start": f"m{n - 1}" if n else "ipo"}) for n in range(2)}
    config = config.model_copy(update={"methods": config.methods | later, "seeds": [0, 1, 2]})
    (step,) = [step for step in plan(config) if step.stage == "tree search"]
    tree, prompts = config.siblings.ucb, config.prompt_sets["align_harmful"].limit
    assert prompts and step.generations == (1 + 2 * 3) * prompts * tree.iterations * tree.width
