# Rebuilds "Towards Safe Reasoning in Large Reasoning Models via Corrective Intervention"
# (arXiv 2509.24393) from start to finish.
#
# The demo, a model organism: no GPU, no model hub (config/demo.yaml)
#   snakemake --cores 2
# Real weights and real prompts on a laptop
#   snakemake --cores 2 --configfile config/mini.yaml
# On a cluster (docs/cluster.md), or on one node with several GPUs, each rule in the pinned image
# that it names (containers/README.md)
#   snakemake --profile workflow/profiles/slurm --configfile config/paper.yaml --sdm apptainer
#   snakemake --profile workflow/profiles/workstation --configfile config/paper.yaml --sdm apptainer
#
# The rules lie in workflow/rules, one file per stage, in the paper's order; some include what
# belongs to their stage. Each calls the script of its own name in scripts/.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))


# Wherever it is started: scripts, sources and results are named from the project's folder.
workdir: workflow.basedir


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/prompts.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/rollouts.smk"
include: "workflow/rules/judging.smk"
include: "workflow/rules/characterize.smk"
include: "workflow/rules/pairs.smk"
include: "workflow/rules/demonstrations.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/control.smk"
include: "workflow/rules/recovery.smk"
include: "workflow/rules/worst_case.smk"
include: "workflow/rules/reflection.smk"
include: "workflow/rules/stored_measures.smk"
include: "workflow/rules/curves.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/traces.smk"
include: "workflow/rules/changed_code.smk"


rule all:
    default_target: True
    input:
        f"{RUN}/report.html",
        [f"{RUN}/traces.html"] if WHOLE else [],
        f"{RUN}/manifest.json",


rule figures:
    input:
        FIGURES_AND_TABLES,
