# What a new clone needs, it installs: every target works after `git clone`.

# TensorFlow 2.21 has no build for others.
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python3.10; do \
	  $$each -c '$(SUPPORTED)' 2>/dev/null && echo $$each && break; done)
WORKERS ?= 2
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev

.PHONY: run test check fmt miniprogram train fonts bench pins clean help

help:           ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: $(RUN)     ## the model server and the gateway, with the demo model; Ctrl-C ends both
	@exec $(BIN)/framewire demo --directory models

test: $(DEV)    ## every test, in WORKERS processes, each a file at a time
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(DEV)   ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(DEV)     ## put the code into ruff's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

miniprogram:    ## copy the JavaScript client into the mini-program
	node miniprogram/client/copy.mjs

train: $(RUN)   ## train the demo model anew: most of an hour on two cores
	$(BIN)/python -m export train

fonts: $(RUN)   ## the Debian packages of fonts that training needs (as root)
	apt-get install -y --no-install-recommends $$($(BIN)/python -m export fonts)

bench: $(RUN)   ## the gateway's throughput and delay beside direct Predict calls
	$(BIN)/python -m export savedmodel --if-missing
	$(BIN)/python -m loadtest

pins: $(DEV)    ## resolve setup.cfg's ranges into requirements.txt again
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.10 --all-extras --no-header \
	  setup.cfg -o requirements.txt

clean:          ## remove what the other targets made
	rm -rf .venv models build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/artifacts \
	  tests/miniprogram/node_modules

# pip comes last, so what was cut off is made again.
$(BIN)/pip:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUPPORTED)' \
	  || { echo "Framewire needs Python 3.10 to 3.13; choose one with: make PYTHON=python3.11 ..."; exit 1; }
	@echo "making .venv (the first time, a few minutes go into downloads)"
	@$(PYTHON) -m venv .venv

$(RUN): requirements.txt setup.cfg pyproject.toml | $(BIN)/pip
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.txt -e '.[demo,auth]'
	@touch $@

$(DEV): $(RUN)
	@$(BIN)/pip install -q --disable-pip-version-check -c requirements.txt \
	  -e '.[demo,auth,test,check]'
	@touch $@
