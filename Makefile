# Framebus. `make demo` shows it, `make test` tests it; everything they need goes into .venv and ~/.cache/framebus.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
DASHBOARD := api/dashboard
PAGE := $(DASHBOARD)/dist/index.html
PAGE_SOURCES := $(shell find $(DASHBOARD) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help preflight setup demo test cluster-test cluster-compare chaos check upgrade bench fuzz soak page format lock schemas docs sbom clean

preflight:
	@need() { echo "framebus: $$1 is missing. Ways out: apt-get install $$2"; exit 2; }; \
	command -v npm >/dev/null || need "npm (Node.js 20)" "nodejs npm"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || need "Python's venv" python3-venv; \
	if command -v ldconfig >/dev/null; then \
	  ldconfig -p | grep -q 'libGL\.so\.1' || need "libGL.so.1, which OpenCV needs," libgl1; \
	  ldconfig -p | grep -q 'libglib-2\.0\.so\.0' || need "libglib-2.0.so.0, which OpenCV needs," libglib2.0-0; \
	fi

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.venv/bin/python: | preflight
	$(PYTHON) -m venv .venv

.venv/.runtime: deploy/requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the pinned dependencies (about 215 MB to fetch) ..."
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r deploy/requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.dev: deploy/requirements-dev.lock .venv/.runtime
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r deploy/requirements-dev.lock
	@touch $@

.venv/.docs: deploy/requirements-docs.lock .venv/.runtime
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r deploy/requirements-docs.lock
	@touch $@

$(DASHBOARD)/node_modules/.installed: $(DASHBOARD)/package-lock.json
	npm ci --prefix $(DASHBOARD) --no-audit --no-fund
	@touch $@

$(PAGE): $(DASHBOARD)/node_modules/.installed $(PAGE_SOURCES)
	npm run build --prefix $(DASHBOARD) --silent
	@touch $@

setup: .venv/.runtime $(PAGE) ## Install what the demo needs

page: $(PAGE) ## Build the live page

demo: setup ## Run the main job on real video: [DURATION=20] [REPORT=report.json] [ARGS='--camera 0']
	@$(BIN)/framebus demo $(if $(DURATION),--duration $(DURATION)) $(if $(REPORT),--report $(REPORT)) $(ARGS)

test: .venv/.dev $(PAGE) ## Run every test, two at a time, against real Kafka that the tests start themselves: [ARGS='-k audit']
	npm test --prefix $(DASHBOARD) --silent
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev $(PAGE) ## Lint, type check, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run check --prefix $(DASHBOARD) --silent

upgrade: .venv/.dev ## Run the last release's code beside this one's, through every mix of a rolling upgrade
	$(BIN)/python -m pytest -s tests/upgrade $(ARGS)

chaos: .venv/.dev ## Kill, freeze and cut off every part of a whole system: [SECONDS=300] [SEED=7] [ARGS='--only kill-broker']
	$(BIN)/python -m tests.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

cluster-test: .venv/.dev ## Scale the chart on a real control plane with KEDA (builds both with Go, once): [ARGS='-k steady']
	$(BIN)/python -m pytest -s -q tests/cluster --ignore $(COMPARE) $(ARGS)

cluster-compare: .venv/.dev ## Compare the chart's scaling rule with others on the same control plane
	$(BIN)/python -m pytest -s -q $(COMPARE) $(ARGS)
COMPARE := tests/cluster/test_against_the_original.py

bench: .venv/.dev ## Run the benchmarks: [BENCH=inference] [PRECISION=f32]
	$(BIN)/python -m pytest $(if $(BENCH),tests/benchmarks/test_$(BENCH).py,tests/benchmarks) \
	  $(if $(PRECISION),--precision $(PRECISION)) $(ARGS)

soak: setup .venv/.dev ## Run the whole system for long, and see whether anything grows: [MINUTES=60]
	$(BIN)/python -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

fuzz: .venv/.dev ## Run the coverage-guided fuzzers, and call the API far more often than `make test`: [SECONDS=60]
	FUZZ_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest tests/hostile/test_fuzz.py tests/hostile/test_api.py $(ARGS)

format: .venv/.dev ## Format the Python code
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

schemas: .venv/.dev ## Write the contract files in schemas, the chart's schema and docs/reference anew
	$(BIN)/python -m schemas
	$(BIN)/python -m deploy.topics
	$(BIN)/python -m deploy.chart
	$(BIN)/python -m deploy.reference

docs: .venv/.docs ## Build the documentation's site into build/docs, and fail where a link leads nowhere
	$(BIN)/python -m deploy.docs

sbom: .venv/.dev ## Write the bill of materials, build/sbom.cdx.json, and docs/licences.md
	$(BIN)/python -m deploy.bill

lock: ## Resolve the dependencies of pyproject.toml anew (needs uv)
	uv pip compile $(LOCK) --group build pyproject.toml -o deploy/requirements.lock
	uv pip compile $(LOCK) --group build --extra traces -c deploy/requirements.lock pyproject.toml -o deploy/requirements-traces.lock
	uv pip compile $(LOCK) --group build --group dev --extra traces -c deploy/requirements.lock pyproject.toml -o deploy/requirements-dev.lock
	uv pip compile $(LOCK) --group pyproject.toml:docs -c deploy/requirements-dev.lock -o deploy/requirements-docs.lock
	uv pip compile $(LOCK) --group pyproject.toml:go -o deploy/requirements-go.lock
LOCK := --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

clean: ## Remove what was built here (the cache in ~/.cache/framebus stays)
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf $(DASHBOARD)/dist $(DASHBOARD)/node_modules
