# `make demo` and `make test` each do all of their own set-up on a machine with Python 3.11 and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs  # without the theme's notice about its successor

# What test-fast leaves out beside the slow tests and PostgreSQL: the files that take most of the time, because they
# compile kernels, pose, train, paint, cut out many pictures, load large libraries, or start commands or a browser.
HEAVY := tests/dags tests/cli/test_runs.py tests/cli/test_ui.py tests/core/photo/test_heif.py tests/test_warm.py \
	$(addprefix tests/catalog/,board/test_board.py trace/test_impact.py) \
	$(addprefix tests/pages/test_,actions.py browser.py) \
	$(addprefix tests/diffusion/,painting training) \
	$(addprefix tests/imaging/checks/test_,judge.py scene.py) \
	$(addprefix tests/imaging/cutout/,still/test_camera.py test_engines.py test_hard_products.py verdict/test_verdict.py) \
	$(addprefix tests/language/briefs/test_,corpus.py model.py properties.py) \
	$(addprefix tests/language/,claims/test_planted.py llm/test_agent.py) \
	$(addprefix tests/language/,test_transformers_captions.py test_transformers_model.py) \
	$(addprefix tests/language/evidence/,readers test_gloss.py test_pattern.py) \
	$(addprefix tests/posing/,scene sfm sides test_folder.py test_hull.py) \
	$(addprefix tests/splatting/,carving/test_sweep.py fit nerfstudio raster show/test_viewer.py) \
	$(addprefix tests/stages/test_,background.py background_models.py background_tries.py composite.py cutout.py) \
	$(addprefix tests/stages/test_,edits.py evidence.py render.py sfm.py splat.py)
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder  # tests/conftest.py: who shares a worker; short files come last
# The files with slow tests: to collect all others only to leave them out takes each worker 45 CPU seconds.
SLOW = tests/kubernetes $(sort $(shell grep -rl "mark\.slow" --include='test_*.py' tests))
# Workers that share the cores: OpenMP's threads spin while they wait, and a fit of 0.3 CPU seconds takes 4.
SHARED_CORES := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help setup demo up test test-fast test-random docs lint lint-types lint-rest format lock samples clean
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/'

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --constraint constraints.txt --editable '.[airflow,postgres,docs,dev]'
	# what extra upscale brings, without torchvision: its wheel is built for CUDA, and breaks transformers on a CPU
	$(BIN)/pip install --quiet --no-compile --no-deps --constraint constraints.txt spandrel einops
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true  # on every core; a few files are for newer Pythons
	$(BIN)/python -m pipeline.warm
	touch $@

setup: $(VENV)/.ready ## the environment, pinned by constraints.txt

demo: setup ## two sample shoots become catalog assets under real Airflow
	$(BIN)/python -m deploy.local demo

up: setup ## Airflow's four services on 127.0.0.1 until Ctrl-C
	$(BIN)/python -m deploy.local up

test: setup ## every test; the slow ones after the others
	$(SHARED_CORES) $(BIN)/python -m pytest $(PARALLEL) -m "not slow"
	$(SHARED_CORES) $(BIN)/python -m pytest $(PARALLEL) -m slow $(SLOW)

test-fast: setup ## about two minutes, while you work: the plain tests of every package
	$(SHARED_CORES) $(BIN)/python -m pytest $(PARALLEL) -m "not slow" -k "not postgresql" $(addprefix --ignore=,$(HEAVY))

test-random: setup ## the property tests with new random examples; main runs the same ones each time
	$(SHARED_CORES) $(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile=random \
		$$(grep -rl "^from hypothesis" --include='test_*.py' tests)

docs: setup ## build the documentation into site/
	$(MKDOCS) build

lint: setup ## ruff, mypy strict, import-linter, a strict build of the documentation
	@$(MAKE) --no-print-directory --jobs 2 lint-types lint-rest
lint-types: setup
	$(BIN)/mypy
lint-rest: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(MKDOCS) build --strict --quiet --site-dir .cache/site

format: setup ## let ruff order and lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## write constraints.txt anew from pyproject.toml
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --all-extras --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--no-annotate --output-file constraints.txt pyproject.toml
	sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' constraints.txt  # a machine with CUDA takes its own build of the same version

samples: setup ## render the sample collection again
	$(BIN)/pip install --quiet --constraint constraints.txt '.[samples]'
	$(BIN)/python -m examples.render_samples

clean: ## forget the demo, its store and Airflow's home; keeps .venv
	rm -rf .demo .airflow .catalog
