# The validated configuration and the names that the rules share. Nothing heavy is imported here:
# this file is read again in every job.
import hashlib
import json
import os
import re

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod
from safe_reasoning import config as typed_config
from safe_reasoning.report import contents
from safe_reasoning.control.policy import annotators_of as annotators_of_policy
from safe_reasoning.control.policy import kind_of as kind_of_policy
from safe_reasoning.control.policy import learns_scorer, needs_of as needs_of_policy
from safe_reasoning.pairs.demonstration import detector_of, needs_of, samples_of
from safe_reasoning.pairs.demonstration import name_of_kind as kind_of_demonstrations
from safe_reasoning.pairs.demonstration import roles_of, roles_of_rollouts
from safe_reasoning.plan import at_start, machine, preflight
from safe_reasoning.plan.characterized import characterized
from safe_reasoning.plan.checked_config import check_own_files, checked
from safe_reasoning.plan.targets import check_targets
from safe_reasoning.judge_audit import human_labels, onset_labels
from safe_reasoning.prompts.benchmark import splits
from safe_reasoning.runtime import clock, images, run_lock, start_job
from safe_reasoning.runtime.code_digest import Digests
from safe_reasoning.sources import table as sources_table
from safe_reasoning.core import arithmetic
from safe_reasoning.core.cli import progress
from safe_reasoning.judging.kinds import audited_detectors, chat_of, judge_kind, judge_sources, modules_of
from safe_reasoning.judging.kinds import reading_detector, rules_versions, weights_of
from safe_reasoning.runtime.container_environment import into_containers
from safe_reasoning.runtime.programs import programs_on_path
from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime.images import image
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.model_folder import files_of
from safe_reasoning.report.traces.files import Files
from safe_reasoning.config.endpoints import ANSWERS
from safe_reasoning.config.methods import PROMPT_ROLES
from safe_reasoning.training.recipe import MODEL_INPUTS, input_files, pair_stems, recipe_of, stage1_files

try:
    # Snakemake has read these already, but takes the last of two values of a key without a word
    typed_config.check_files(map(Path, workflow.configfiles))
    if not workflow.configfiles:  # single keys given with --config change the demo
        config = typed_config.changed(typed_config.read("config/demo.yaml"), config)
    CONFIG = checked(typed_config.validate(config, "configuration"))
    if workflow.is_main_process:
        check_own_files(CONFIG)
        check_targets(sys.argv[1:], CONFIG)  # Snakemake itself tells them to no Snakefile
    PROGRAMS = programs_on_path(sys.executable)
except UserError as error:
    raise WorkflowError(str(error))

RUN = f"results/{CONFIG.run}"
CONFIG_FILE = f"{RUN}/config.yaml"
RESOLVED = typed_config.dump(CONFIG)
RESOLVED_SHA256 = hashlib.sha256(RESOLVED.encode()).hexdigest()
# The file that jobs read. Once there, only a run that starts changes it: a dry run must not alter
# it under the jobs of another, nor behind its manifest.
if not os.path.exists(CONFIG_FILE):
    write_bytes(CONFIG_FILE, RESOLVED.encode())

# Each job holds a shared lock (see runlock), finds our library and, outside an image, this
# environment's programs, and runs the same way each time, its arithmetic pinned if asked for. On
# CPUs it may be the copy of a process that has loaded its libraries (start_job).
shell.prefix(
    f"set -euo pipefail; exec 9<>{RUN}/.jobs.lock; flock -s 9; export PYTHONPATH=src PYTHONHASHSEED=0; "
    f"{arithmetic.exports(CONFIG.arithmetic)}"
    f'[ -n "${{{{SAFE_REASONING_IMAGE:-}}}}" ] || export PATH={PROGRAMS}:"$PATH"; '
    f"{start_job.shell_function()}"
)

IN_CONTAINERS = DeploymentMethod.APPTAINER in workflow.deployment_settings.deployment_method
if IN_CONTAINERS:
    os.environ.update(into_containers(CONFIG, os.environ))
    if (
        workflow.is_main_process
        and not workflow.dryrun
        and (lines := images.refusals(["serve", "train", "grpo", "analyze"]))
    ):
        raise WorkflowError("not started: " + "; ".join(lines))


onstart:
    # Not at a dry run: what a run would do can be seen before it can be done.
    outputs = at_start.to_be_made(workflow.dag.needrun_jobs(), RUN)
    looked = at_start.look(CONFIG, outputs, sandboxed_here=not IN_CONTAINERS)
    planned, lines, warnings = CONFIG, looked.refusals, []
    if workflow.local_exec:  # jobs run on this machine
        planned = machine.as_found(CONFIG, os.environ)
        lines = lines + machine.machine_refusals(CONFIG, os.environ, own_programs=not IN_CONTAINERS)
        warnings = machine.machine_warnings(CONFIG, os.environ)
    if lines := preflight.refusals(planned, outputs) + lines:
        raise WorkflowError("not started: " + "; ".join(lines))
    for line in [*looked.remarks, *(f"warning: {line}" for line in warnings)]:
        progress(line)
    for line in preflight.costs(CONFIG):
        progress(line)
    run_lock.hold(RUN)
    if workflow.local_exec:
        # With a limit of jobs per second, Snakemake 9.27 leaves a timer behind at each look for jobs,
        # which has it look again every second: a third of a core after 150 jobs
        workflow.scheduler.job_rate_limiter = None
    if workflow.local_exec and not IN_CONTAINERS and not CONFIG.resources.gpus:
        start_job.offer(os.environ, CONFIG.engine.name)
    clock.bring_to_now([RUN, "src", "workflow"])
    if Path(CONFIG_FILE).read_text() != RESOLVED:
        write_bytes(CONFIG_FILE, RESOLVED.encode())


MODELS = list(CONFIG.models)
WHOLE = CONFIG.stages == "all"  # or an evaluation alone
JUDGE = CONFIG.evaluate.judge
DETECTOR = CONFIG.detector


# Patterns for wildcards.
def one_of(names):
    """A pattern that matches these names and nothing when there are none."""
    return "|".join(names) or "(?!)"


def none_of(names):
    """A pattern that matches every name but these."""
    return rf"(?!(?:{one_of(names)})\b)[a-z0-9_]+"


def models_of(kind):
    """A pattern that matches the models of one kind and nothing when there are none."""
    return one_of(name for name, model in CONFIG.models.items() if model.kind == kind)


def methods_of(*recipes):
    """A pattern that matches the methods of some recipes and nothing when there are none."""
    return one_of(name for name, method in CONFIG.methods.items() if method.recipe in recipes)


wildcard_constraints:
    model="[a-z0-9_]+",
    method="[a-z0-9_]+",
    seed=r"\d+",
    detector="[a-z0-9_]+",
    judge="[a-z0-9_]+",
    prompt_set="[a-z0-9_]+",
