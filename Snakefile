# Rebuilds "Towards Safe Reasoning in Large Reasoning Models via Corrective Intervention" (arXiv
# 2509.24393) from start to finish.
#
#   snakemake --cores 2                                   the demo: a model organism, no GPU, no
# model hub (config/demo.yaml)
#   snakemake --cores 2 --configfile config/mini.yaml     real weights and real prompts on a laptop
#   snakemake --profile workflow/profiles/slurm ...       on a cluster (docs/cluster.md);
# workflow/profiles/workstation: several GPUs
#   snakemake --sdm apptainer ...                         each rule in the pinned image it names
# (containers/README.md)
#
# The rules lie in workflow/rules, one file a stage, in the paper's order. Each calls the script of
# its own name in scripts/.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "src"))


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/prompts.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/rollouts.smk"
include: "workflow/rules/judging.smk"
include: "workflow/rules/characterize.smk"
include: "workflow/rules/pairs.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/traces.smk"


rule all:
    default_target: True
    input:
        # A clone holds the metrics of a finished run but no models: asking for these makes a new
        # run start from the beginning.
        expand(f"{RUN}/models/{{model}}/base/training.json", model=MODELS),
        f"{RUN}/report.html",
        f"{RUN}/traces.html",
        f"{RUN}/manifest.json",


rule figures:
    input:
        FIGURES_AND_TABLES,
