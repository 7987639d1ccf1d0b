# make        set everything up            make rs       run the server (mail and web, one process)
# make rc     the terminal client          make test     set up, then run every test
# make check  format, lint, types, floors, spelling, tests     make bench  measure (needs a C compiler)
# make clean  remove what was built        make deepclean  mailboxes too, after asking

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
HOST    = $(or $(MYSMTP_HOST),127.0.0.1)
PORT    = $(or $(MYSMTP_PORT),2525)

.DEFAULT_GOAL := setup
.PHONY: setup rs rc test check lint bench docs screenshots clean deepclean

setup: $(READY)

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.ready-dev: $(READY) requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

rs: $(READY)
	@exec $(BIN)/python app.py

rc: $(READY)
	@exec $(BIN)/mysmtp client $(HOST) $(PORT)

test: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto --dist worksteal

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

check: lint test

bench: $(READY)
	$(BIN)/python -m bench $(ROWS)

docs: $(VENV)/.ready-dev
	$(BIN)/python -m tests.documents

screenshots: $(VENV)/.ready-dev
	$(BIN)/python -m tests.screenshots

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

deepclean:
	@printf 'Delete every mail in mailbox/ too? This cannot be undone. [y/N] '; read answer; \
	if [ "$$answer" = y ]; then $(MAKE) clean && find mailbox -mindepth 1 ! -name .gitkeep -delete; \
	else echo 'Nothing was deleted.'; fi
