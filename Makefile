# Two commands: `make demo` runs the whole paper on a model organism, `make test` runs the tests. Both set up what they need in .venv.
PYTHON ?= python3
CORES ?= 2
BIN := .venv/bin
# Snakemake keeps a cache in the home folder; where that is closed, as on many compute nodes, the project's own is used.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.cache
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
# torch's CPU build lies outside PyPI: where the configured index lacks it, PyTorch's own CPU index is asked.
TORCH_INDEX := https://download.pytorch.org/whl/cpu

.PHONY: help setup demo compare mini evaluate figures archive compare-runs plan prefetch mirror lock-revisions containers lock-containers label-sheet label-audit test-fast test test-slow bench lint format schema lock setup-cuda gpu-bundle gpu-check

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.run-ready ## the environment of the demo, in .venv (4.3 GiB)

.venv/.run-ready: envs/cpu.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "error: the locks are for Python 3.11, $(PYTHON) is $$($(PYTHON) --version 2>&1): run make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libnuma.so.1")' 2>/dev/null || \
	  { echo "error: vLLM's CPU build needs the system library libnuma: apt-get install libnuma1, or its like elsewhere"; exit 1; }
	@echo "setting up .venv from envs/cpu.lock (about two minutes, once)"
	@$(PYTHON) -m venv .venv
	@# pip unpacks and compiles one package after another on one core: two of them take half of the packages each.
	@awk '/^[^ ]/ { part = 1 - part } { print > (".venv/half-" part ".lock") }' envs/cpu.lock
	@$(INSTALL) -r .venv/half-0.lock & other=$$!; $(INSTALL) -r .venv/half-1.lock; here=$$?; wait $$other && test $$here = 0 || \
	  { echo "asking PyTorch's CPU index for torch"; $(INSTALL) --extra-index-url $(TORCH_INDEX) -r envs/cpu.lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev-ready: .venv/.run-ready envs/dev.lock
	@$(INSTALL) -r envs/dev.lock
	@touch $@

# A run by its folder below results/: demo, or reference/demo for what is stored of it. Without RUN the demo: its run, else the stored one.
RUN_OR_STORED = $(or $(RUN),$(if $(wildcard results/demo/metrics/*.csv),demo,reference/demo))
# How a run compares with what is stored of it, in one line; it stops nothing.
compare_with_stored = test ! -d results/reference/$(1) || $(BIN)/python scripts/compare_runs.py --run results/$(1) --reference results/reference/$(1) --summary || true

demo: setup ## the whole paper on the nano model: results/demo/report.html
	$(BIN)/snakemake --cores $(CORES)
	@$(call compare_with_stored,demo)
	@echo "open results/demo/report.html"

compare: setup ## the related training methods and decode-time policies beside the paper's, in the world of the demo: results/compare/report.html
	$(BIN)/snakemake --cores $(CORES) --configfile config/compare.yaml
	@$(call compare_with_stored,compare)
	@echo "open results/compare/report.html"

mini: setup ## the same rules on SmolLM2-135M and real prompts (SAFE_REASONING_DATA=folder where there is no hub)
	$(BIN)/snakemake --cores $(CORES) --configfile config/mini.yaml
	@$(call compare_with_stored,mini)
	@echo "open results/mini/report.html"

evaluate: setup ## safety, over-refusal and capability of any model, a folder or one of the hub, with a report (docs/questions.md): make evaluate MODEL=results/demo/models/nano/ipo/seed0 [CONFIG=config/one_gpu.yaml] [NAME=mine] [ROLES="safety overrefusal"]
	$(BIN)/python scripts/evaluate_model.py --cores $(CORES) --model $(or $(MODEL),$(error say which model: make evaluate MODEL=folder, or MODEL=owner/name of the hub)) $(if $(CONFIG),--config $(CONFIG)) $(if $(NAME),--name $(NAME)) $(if $(ROLES),--roles $(ROLES))

figures: setup ## redraw figures and tables from stored metrics alone, of a run or of an archive: make figures RUN=demo, make figures RUN=reference/demo, make figures ARCHIVE=demo.zip [OUT=folder]
	$(BIN)/python scripts/redraw.py $(if $(ARCHIVE),--archive $(ARCHIVE) $(if $(OUT),--out $(OUT)),--run results/$(RUN_OR_STORED))

archive: setup ## one file with a run's evidence, masked (docs/archive.md): make archive RUN=demo writes results/demo.zip
	$(BIN)/python scripts/write_archive.py --run results/$(RUN_OR_STORED) --out results/$(subst /,-,$(RUN_OR_STORED)).zip

# A and B may be given on the command line; without B, what is stored of A's run.
RUN_A = $(or $(A),$(RUN),demo)
compare-runs: setup ## compare the metrics of two runs: make compare-runs A=demo B=reference/demo, with every row ALL=yes
	$(BIN)/python scripts/compare_runs.py --run results/$(RUN_A) --reference results/$(or $(B),reference/$(notdir $(RUN_A)))$(if $(filter yes,$(ALL)), --all)

plan: setup ## what a run costs before it starts: make plan CONFIG="config/mini.yaml /path/to/my.yaml"
	$(BIN)/python scripts/plan.py --config $(or $(CONFIG),config/paper.yaml) $(if $(MEASURED),--measured $(MEASURED))

prefetch: setup ## fetch all that a run needs, for machines without a network: make prefetch CONFIG="config/mini.yaml /path/to/my.yaml"
	$(BIN)/python scripts/prefetch.py --config $(or $(CONFIG),config/paper.yaml)

mirror: setup ## write a folder with all data and weights that a run needs, for machines without a network: make mirror CONFIG=config/mini.yaml OUT=folder
	@test -n "$(OUT)" || { echo "error: OUT is missing: make mirror CONFIG=config/mini.yaml OUT=folder"; exit 1; }
	$(BIN)/python scripts/write_mirror.py --config $(or $(CONFIG),config/paper.yaml) --out $(OUT)

lock-revisions: setup ## write the commits of floating sources into config/sources.yaml (needs a network)
	$(BIN)/python scripts/lock_revisions.py

containers: setup ## build the container images that are missing or out of date: make containers NAMES="serve train" PUSH=registry/path
	$(BIN)/python scripts/build_images.py $(NAMES) $(if $(PUSH),--push $(PUSH))

lock-containers: setup ## write the digests of the images' bases into containers/digests.lock (needs a network)
	$(BIN)/python scripts/lock_containers.py

label-sheet: setup ## a blinded sheet of a run's texts for a person to label: make label-sheet RUN=mini SHOW_TEXT=yes
	$(BIN)/python scripts/write_label_sheet.py --run results/$(or $(RUN),demo) $(if $(filter yes,$(SHOW_TEXT)),--show-text)

label-audit: setup ## agreement of the judges with a filled-in sheet: make label-audit SHEET=results/mini/labels/sheet.csv
	$(BIN)/python scripts/audit_label_sheet.py --sheet $(or $(SHEET),results/demo/labels/sheet.csv)

gpu-bundle: setup ## wheels, weights and recorded runs of the GPU check, in pieces to carry to a machine without a network: gpu-bundle/ (docs/gpu-check.md)
	$(BIN)/python scripts/gpu_bundle.py --out gpu-bundle

gpu-check: ## check all that needs a GPU, from the bundle and without a network (designed for ten minutes on one GPU; not yet run on one): make gpu-check STAGES="rates engine"
	@test -d .gpu-env/carried || $(PYTHON) scripts/gpu_install.py --bundle $(or $(BUNDLE),gpu-bundle) --env .gpu-env
	.gpu-env/bin/python scripts/gpu_check.py --out $(or $(OUT),results/gpu) $(if $(STAGES),--stages $(STAGES))

# On a machine with a GPU and a network: .venv-train trains and runs the workflow, .venv-serve has vLLM. What comes as source is built by the lock's setuptools.
LOCKED := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps
setup-cuda: ## the CUDA environments from their locks (Python 3.12): make setup-cuda PYTHON=python3.12
	$(PYTHON) -m venv .venv-train
	awk '/^[^ ]/ { keep = /^setuptools==/ } keep' envs/train.lock > .venv-train/setuptools.lock
	.venv-train/bin/python $(LOCKED) -r .venv-train/setuptools.lock
	.venv-train/bin/python $(LOCKED) --no-build-isolation -r envs/train.lock
	.venv-train/bin/python $(LOCKED) --no-build-isolation -r envs/analyze.lock
	$(PYTHON) -m venv .venv-serve
	.venv-serve/bin/python $(LOCKED) -r envs/serve.lock

# On two processes. The slow tests are alone on the machine: they count its GPUs, nodes and images.
PYTEST := $(BIN)/python -m pytest -q
SIDE_BY_SIDE := -n 2 --dist loadgroup

test-fast: .venv/.dev-ready ## the unit tests except those that take seconds each, about four minutes
	$(PYTEST) $(SIDE_BY_SIDE) -m "not long" tests/unit

test: .venv/.dev-ready ## all tests except the slow ones, about twenty minutes
	$(PYTEST) $(SIDE_BY_SIDE) -m "not slow"

test-slow: .venv/.dev-ready ## those that inject faults into a run, start a SLURM cluster, build images, run the GPU check on the CPU or rehearse the paper run (after make demo): as root, with slurm-wlm, munge, slurmdbd, mariadb-server, buildah, mmdebstrap
	$(PYTEST) -m slow

bench: setup ## measure what the pipeline costs, as ratios, on an otherwise idle machine, and write docs/performance.md: make bench PARTS="training growth", all parts in about half an hour
	$(BIN)/python -m benchmarks $(PARTS)

lint: .venv/.dev-ready ## ruff, mypy, snakefmt, snakemake --lint, hadolint, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check -l 110 Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/hadolint containers/*/Dockerfile
	$(BIN)/shellcheck containers/install.sh .ci/run workflow/profiles/slurm/drive.sbatch

format: .venv/.dev-ready ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt -l 110 Snakefile workflow

schema: setup ## write workflow/schemas/config.schema.json from the typed configuration
	$(BIN)/python -c 'from safe_reasoning.judging.kinds import schema; print(schema(), end="")' > workflow/schemas/config.schema.json

LOCK := uv pip compile --quiet --no-header --generate-hashes
# Wheels for glibc 2.31 (Debian 11, Ubuntu 20.04) and later; PyPI's torch is built for CUDA 13.0.
CUDA := --python-version 3.12 --python-platform x86_64-manylinux_2_31
# What the environments share has one version, as far as their packages allow: each lock starts as a copy of the CPU's, whose versions uv prefers.
lock_like_cpu = cp envs/cpu.lock envs/new.lock && $(LOCK) $(2) envs/$(1).in -o envs/new.lock && mv envs/new.lock envs/$(1).lock

# The GPU check's lock leaves out what the machine has; pydantic and its parts it may not have.
there_already = $$(sed -nE 's/^([a-z0-9._-]+)==.*/--no-emit-package \1/p' envs/gpu-machine.lock | grep -vE ' (pydantic|pydantic-core|annotated-types|typing-inspection)$$')

lock: ## update the locks (needs uv)
	$(LOCK) --python-version 3.11 --override envs/cpu.overrides.txt --extra-index-url $(TORCH_INDEX) envs/cpu.in -o envs/cpu.lock
	$(LOCK) --python-version 3.11 envs/dev.in -o envs/dev.lock
	$(call lock_like_cpu,serve,$(CUDA) --override envs/embeddings.overrides.txt)
	$(call lock_like_cpu,train,$(CUDA))
	$(call lock_like_cpu,grpo,$(CUDA) --override envs/embeddings.overrides.txt)
	cp envs/grpo.lock envs/new.lock && $(LOCK) $(CUDA) envs/gpu-machine.in -o envs/new.lock && mv envs/new.lock envs/gpu-machine.lock
	cp envs/grpo.lock envs/new.lock && $(LOCK) $(CUDA) $(there_already) envs/gpu-check.in -o envs/new.lock && mv envs/new.lock envs/gpu-check.lock
	$(call lock_like_cpu,analyze,--universal --python-version 3.11 --override envs/cpu.overrides.txt)
