# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.installed
PEERS := .venv-peers
DISTILLERS := .venv-peers-distill
RAY := .venv-peers-ray
SEED := 0
KILLS := 200
EVENTS := 20000

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slurm test-ray fuzz lint format snapshots screenshots bench bench-queue bench-cluster bench-logging bench-app bench-augmentation bench-decoding bench-embedding bench-kmeans bench-distill bench-fused bench-growth bench-features bench-sweep-time soak newcomer browser torture results test-offline wordnet clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

install: $(STAMP) ## Install wnkd and its tools into .venv

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wnkd needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable . --group dev
	$(BIN)/python -m compileall -q engine wnkd_tui
	@touch $@

demo: $(STAMP) ## Run the main job: a small sweep on digits, its table and its charts
	$(BIN)/wnkd demo

test: $(STAMP) ## Run the whole test suite (under 6 minutes on 2 cores, no network)
	$(PYTEST)

test-offline: $(STAMP) ## Run the tests with the network cut (Linux: needs user namespaces)
	unshare --user --map-root-user --net $(BIN)/python scripts/loopback.py $(PYTEST)

test-slurm: $(STAMP) ## Jobs through a real Slurm of two nodes (apt install slurm-wlm munge; root does it)
	@command -v slurmctld >/dev/null || [ -x /usr/sbin/slurmctld ] || [ "$$(id -u)" != 0 ] || { apt-get -qq update && apt-get -qq --yes install slurm-wlm munge; }
	$(BIN)/python tests/slurm/campaign.py

test-ray: $(STAMP) ## Jobs through a real Ray of three nodes on this machine, in an environment of its own
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(RAY)
	$(BIN)/uv pip install --quiet --python $(RAY) --constraint constraints.txt --editable '.[ray]'
	$(RAY)/bin/python tests/ray/campaign.py

fuzz: $(STAMP) ## Try 10,000 odd inputs: specs, arguments, events, job files, TOML, listings
	WNKD_FUZZ=450 $(PYTEST) tests/fuzz

lint: $(STAMP) ## Check style, types and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

snapshots: $(STAMP) ## Make the screens' snapshots anew; look at them before committing
	$(BIN)/pytest tests/app --snapshot-update

screenshots: $(STAMP) ## Make the pictures in docs/images from what is in WNKD_HOME
	$(BIN)/python scripts/screenshots.py

bench: $(STAMP) ## Measure start-up times; prints a table
	$(BIN)/python benchmarks/startup.py

bench-queue: $(STAMP) ## Many run-queues on one database: every job once, and how fast
	$(BIN)/python benchmarks/many_supervisors.py

bench-cluster: $(STAMP) ## What run-queue costs a job where a cluster does them, and how that grows
	$(BIN)/python benchmarks/cluster_queue.py

bench-logging: $(STAMP) ## Metric rows a second, beside trackio, wandb, MLflow and TensorBoard
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(PEERS)
	$(BIN)/uv pip install --quiet --python $(PEERS) --group bench
	$(BIN)/python benchmarks/metric_logging.py --peers $(PEERS)/bin/python

bench-app: $(STAMP) ## The app on a home of 10,000 trials, and beside W&B's leet
	$(BIN)/python benchmarks/app.py
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(PEERS)
	$(BIN)/uv pip install --quiet --python $(PEERS) --group bench
	$(BIN)/python benchmarks/leet.py --peers $(PEERS)/bin/python

bench-augmentation: $(STAMP) ## Augmented images a CPU second, beside Pillow and torchvision
	$(BIN)/python benchmarks/augmentation.py

bench-decoding: $(STAMP) ## JPEG files into batches: threads, processes, and beside a busy device
	$(BIN)/python benchmarks/decoding.py

bench-embedding: $(STAMP) ## Images and prompts a second by CLIP's ViT-B/32 and the stand-in
	$(BIN)/python benchmarks/embedding.py

bench-kmeans: $(STAMP) ## An iteration of K-means against n, D and M, beside scikit-learn
	$(BIN)/python benchmarks/kmeans.py

bench-distill: $(STAMP) ## Training steps on the CPU beside a plain loop, torchdistill and timm
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(DISTILLERS)
	$(BIN)/uv pip install --quiet --python $(DISTILLERS) --constraint constraints.txt --editable . --group distill
	$(DISTILLERS)/bin/python benchmarks/distill.py

bench-fused: $(STAMP) ## Students side by side in one process against one alone
	$(BIN)/python benchmarks/fused.py

bench-growth: $(STAMP) ## Time and memory against images, classes, nouns and students
	$(BIN)/python benchmarks/growth.py

bench-features: $(STAMP) ## Accuracy with and without what makes training fast: make bench-features CIFAR=FOLDER
	$(BIN)/python benchmarks/features.py digits
	$(if $(CIFAR),$(BIN)/python benchmarks/features.py cifar100 --path $(CIFAR))

bench-sweep-time: $(STAMP) ## Reckon what a sweep of CIFAR-100 takes on one H100
	$(BIN)/python benchmarks/sweep_time.py

soak: $(STAMP) ## Random keys and clicks in the app: make soak SEED=0 EVENTS=20000
	$(BIN)/python scripts/soak.py --seed $(SEED) --events $(EVENTS)

newcomer: $(STAMP) ## A newcomer's keys, the real worker: empty home, demo, comparison, picture
	WNKD_NEWCOMER=1 $(BIN)/pytest tests/app/test_app_newcomer.py

browser: $(STAMP) ## The app in a real headless Chromium (apt install chromium): a trial from form to figures
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group browser
	$(BIN)/python scripts/browser_check.py

torture: $(STAMP) ## Kill everything at random moments and compare: make torture SEED=0 KILLS=200
	$(BIN)/python tests/torture/campaign.py --seed $(SEED) --kills $(KILLS)

results: $(STAMP) ## Write docs/results from WNKD_HOME: make results DATASET=digits REPORTS="table2 fig3"
	$(BIN)/python scripts/results.py $(DATASET) $(REPORTS)

wordnet: $(STAMP) ## Build the shipped WordNet nouns: make wordnet CORPORA=corpora.tgz
	$(BIN)/python scripts/build_wordnet.py $(CORPORA)

clean: ## Remove .venv and caches
	rm -rf $(VENV) $(PEERS) $(DISTILLERS) $(RAY) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
