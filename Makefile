# Every target installs what it needs, so each works right after `git clone`.

# TensorFlow 2.21 supports no other versions.
VERSIONS := 3.13 3.12 3.11 3.10
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for name in python3 $(VERSIONS:%=python%); do \
	  $$name -c '$(SUPPORTED)' 2>/dev/null && echo $$name && break; done)
# One more than the cores of a small machine, because many tests wait for something.
WORKERS ?= 3
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
# The tests start some two hundred Python processes; without its cache, each compiles the project again.
export PYTHONDONTWRITEBYTECODE :=
FIELD := build/field/.installed
INSTALL := -m pip install -q --disable-pip-version-check -c requirements.txt

.PHONY: run phone test coverage check docs fmt pythons miniprogram train fonts bench compare reliability container pins clean help

help:           ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: $(RUN)     ## start the model server and the gateway with the demo model; Ctrl-C stops both
	@exec $(BIN)/framewire demo --directory models

phone: $(RUN)   ## the same for a phone in your network, with a certificate and a QR code
	@exec $(BIN)/framewire demo --directory models --phone

test: $(DEV)    ## run the tests in WORKERS processes (3); TESTS=tests/server selects some
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

coverage: $(DEV) ## run the gateway's tests with coverage; fail below 95 %, or 100 % in server/core
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest --numprocesses $(WORKERS) -q tests/server
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report --fail-under=95
	@$(BIN)/coverage report --fail-under=100 --include='server/core/*'

check: $(DEV)   ## lint, check the format and the types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(DEV)    ## build the documents as a site (build/site) in both languages
	@$(BIN)/python -m website

fmt: $(DEV)     ## format the code and apply safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pythons: $(DEV) ## check types, imports and the pure tests on every other Python found
	@printf '%s\n' $(VERSIONS) | xargs -n 1 -P 2 .ci/python

miniprogram:    ## generate the JavaScript client's types and copy it into the mini-program
	npm --prefix tests/miniprogram ci --silent
	npm --prefix tests/miniprogram run types
	node miniprogram/client/copy.mjs

train: $(RUN)   ## train the demo model again; most of an hour on two cores
	$(BIN)/framewire export train

fonts: $(RUN)   ## install the fonts that training needs, from Debian packages, as root
	apt-get install -y --no-install-recommends $$($(BIN)/framewire export fonts)

bench: $(RUN)   ## time single steps of a frame's way; fail if one is 1.3 times slower
	@$(BIN)/python -m benchmarks.micro

compare: $(RUN) $(FIELD) ## compare with other servers, write docs/benchmarks.md; 25 minutes
	$(BIN)/framewire export savedmodel --if-missing
	$(BIN)/python -m benchmarks.field

reliability: $(RUN) ## overload, attack and soak the gateway; about an hour
	$(BIN)/framewire export savedmodel --if-missing
	$(BIN)/framewire loadtest reliability

container: $(DEV) ## build the gateway's image without an engine and start it; as root
	$(BIN)/framewire export savedmodel --if-missing
	$(BIN)/python -m tests.deploy.container

pins: $(DEV)    ## resolve the version ranges of setup.cfg into requirements.txt
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.10 --all-extras --no-header \
	  setup.cfg -o requirements.txt

clean:          ## remove everything that the other targets created
	rm -rf .venv .venv-3.* models build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .coverage .coverage.* tests/artifacts tests/miniprogram/node_modules

# pip is installed last, so an interrupted installation is repeated.
$(BIN)/pip:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUPPORTED)' \
	  || { echo "Framewire needs Python 3.10 to 3.13; choose one with: make PYTHON=python3.11 ..."; exit 1; }
	@echo "creating .venv (the first time, this downloads packages for a few minutes)"
	@$(PYTHON) -m venv .venv

$(RUN): requirements.txt setup.cfg pyproject.toml | $(BIN)/pip
	@$(BIN)/python $(INSTALL) -e '.[demo,auth]'
	@touch $@

$(DEV): $(RUN)
	@$(BIN)/python $(INSTALL) -e '.[demo,auth,test,check,docs]'
	@touch $@

$(FIELD): benchmarks/field/requirements.txt | $(RUN)
	@echo "installing the other servers into build/field/venv (a few minutes)"
	@$(BIN)/python -m venv build/field/venv
	@build/field/venv/bin/python -m pip install -q --disable-pip-version-check -r $<
	@touch $@
