# Everything that starts, stops and checks. `make` alone lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv up down status demo test simulate lint asyncapi-check bench bench-rules chaos lock clean

PYTHON ?= python3
BIN := .venv/bin
LOCAL := .venv/local.stamp
DEV := .venv/dev.stamp
PEER := var/tools/bench/peer.stamp

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(DEV) ## Make the virtual environment with all that tests and checks need

up: $(LOCAL) ## Start Kafka, PostgreSQL, the mail server and the four services
	@$(BIN)/werkbedrijf up

down: $(LOCAL) ## Stop all of it; data is kept in var/
	@$(BIN)/werkbedrijf down

status: $(LOCAL) ## Show how each part stands
	@$(BIN)/werkbedrijf status

demo: $(LOCAL) ## Run the story of Emmen, 2017 to 2022, through the real services
	@$(BIN)/werkbedrijf demo

test: $(DEV) ## Run all tests; PYTEST_ARGS="tests/quota -k bridge" for some
	@$(BIN)/python -m pytest --timeout=600 $(PYTEST_ARGS)

simulate: $(DEV) ## Run the services on a store, a log and clocks that misbehave; SIMULATE_ARGS="--seeds 10000"
	@$(BIN)/python -m tests.simulation $(SIMULATE_ARGS)

lint: $(DEV) ## Check style, types, who may import whom, and the published contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory asyncapi-check

asyncapi-check: $(DEV) ## Check the published contract with the ecosystem's own validator
	@PATH="$(CURDIR)/$(BIN):$$PATH" deploy/contract/validate docs/contract/asyncapi.yaml

bench: $(DEV) $(PEER) ## Measure, and write the figures to var/bench; BENCH_ARGS="--only growth" for one part
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-rules: $(DEV) ## Measure the rules alone, and write the figures to var/bench/rules.json
	@$(BIN)/python -m tests.bench_rules

chaos: $(DEV) ## Break everything while partners work, and check every promise; CHAOS_ARGS="--seed 7"
	@$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

lock: ## Write requirements/*.txt anew from requirements/*.in
	@requirements/lock

clean: ## Stop the stack and empty var/: data, logs, downloads
	@[ ! -x $(BIN)/werkbedrijf ] || $(BIN)/werkbedrijf down
	@rm -rf var
	@echo "var/ is empty."

# Two steps, so that whoever only wants to see it run need not wait for the tools.
$(LOCAL): requirements/local.txt pyproject.toml
	@requirements/install local $(PYTHON)
	@touch $@

$(DEV): requirements/dev.txt $(LOCAL)
	@requirements/install dev $(PYTHON)
	@touch $@

# What we are compared with has an environment of its own; where it cannot be had the report says so.
$(PEER): requirements/bench.txt
	@$(PYTHON) -m venv var/tools/bench && \
	    var/tools/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< && \
	    touch $@ || { rm -rf var/tools/bench; echo "The peer framework could not be installed: it is left out." >&2; }
