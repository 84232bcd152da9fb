# Everything a newcomer needs: `make demo` and `make test`. Nothing but Python 3.11+, make and a package index.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8080
SYSTEMS ?= 12
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check bench mutants soak lock clean help

help:
	@echo "make demo [PORT=9090] [SYSTEMS=12]  simulated appliances and the gateway"
	@echo "make test                           lint, types, import contracts and every test"
	@echo "make check                          lint, types and import contracts alone"
	@echo "make soak [MINUTES=60]              500 systems, 200 clients, faults each second: what an hour leaves behind"
	@echo "make mutants [ONLY=plan]            whether the tests notice each small fault in the modules that decide"
	@echo "make loads [ONLY=L5] [QUICK=1]      every goal of load and soak with its figure: crowds, outages, kills, restarts"
	@echo "make bench                          every goal of speed and memory, as ratios measured in one run"

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.ready
	@exec $(BIN)/backup-gateway demo --systems $(SYSTEMS) --port $(PORT)

check: $(VENV)/.ready
	$(BIN)/ruff check gateway tests
	$(BIN)/ruff format --check gateway tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.tools.audit

test: check
	$(BIN)/pytest -n 3 --dist loadfile

bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench

mutants: $(VENV)/.ready
	$(BIN)/python -m tests.mutants $(if $(ONLY),--only $(ONLY))

ONLY ?=
loads: $(VENV)/.ready
	$(BIN)/python -m tests.loads $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

MINUTES ?= 60
SOAK_SYSTEMS ?= 500
SOAK_CLIENTS ?= 200
soak: $(VENV)/.ready
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --systems $(SOAK_SYSTEMS) --clients $(SOAK_CLIENTS)

# Fresh locks: pins and hashes, no address of any index. Those of the container are parts of the first.
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet
lock: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	$(COMPILE) pyproject.toml --constraint requirements.lock --output-file deploy/container/requirements.lock
	echo hatchling | $(COMPILE) - --constraint requirements.lock --output-file deploy/container/build.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
