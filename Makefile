# make demo: the whole way once.   make up: web, workers and scheduler.   make test, make lint.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
DATA ?=
VAR ?=
HOST ?= 127.0.0.1
PORT ?= 8000
# Checks load the settings, and connect to nothing.
NO_SERVERS := DATABASE_URL=postgresql:///lint CELERY_BROKER_URL=memory://

.PHONY: help install install-dev demo up test test-exactness test-races test-services test-browser lint format messages clean

help:
	@echo "make demo [DATA=folder]    the whole way, once: train, serve, erase, retrain, certify"
	@echo "make up [PORT=8000] [VAR=var]   run web, workers and scheduler until Ctrl-C"
	@echo "make test                  run the tests"
	@echo "make test-exactness        draw 300 stories of erasures and compare bits"
	@echo "make test-races            race approvals, denials and intake 1,000 times"
	@echo "make test-services         run what goes through workers on your PostgreSQL, Redis and RabbitMQ"
	@echo "make test-browser          run the tests that click in a real browser"
	@echo "make lint, make format     check, or format, the code"
	@echo "make messages              collect texts to translate, and compile translations (GNU gettext)"
	@echo "make install               install into .venv (the others do it when needed)"
	@echo "make clean                 remove .venv and caches; var/ with its data stays"

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

demo: install
	@LETHE_VAR="$(or $(VAR),var/demo)" $(BIN)/python manage.py demo --port "$(PORT)" \
		$(if $(DATA),--data "$(DATA)")

up: install
	@$(if $(VAR),LETHE_VAR="$(VAR)") $(BIN)/python manage.py up --host "$(HOST)" --port "$(PORT)"

test: install-dev
	@$(BIN)/python -m pytest -n 2 -m "not browser"

# The as-if-never property at length; its last line counts examples, failures and seconds.
test-exactness: install-dev
	@LETHE_EXAMPLES=300 $(BIN)/python -m tests.exactness

# Two at once, again and again: approve against deny, cancel, intake; the last line counts them.
test-races: install-dev
	@LETHE_RACES=1000 $(BIN)/python -m tests.races

# Needs servers: LETHE_TEST_POSTGRES, LETHE_TEST_REDIS, LETHE_TEST_RABBITMQ; by default this machine's.
# docs/operate.md says what it makes there, and removes.
test-services: install-dev
	@$(BIN)/python -m tests.services

# Needs Chromium and its driver, as Debian's packages chromium and chromium-driver bring them.
test-browser: install-dev
	@$(BIN)/python -m pytest -m browser

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NO_SERVERS) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(NO_SERVERS) $(BIN)/python manage.py spectacular --fail-on-warn --validate --file /dev/null

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Translate what is new in locale/de/LC_MESSAGES/django.po, then run it again: the .mo files are kept
# beside it, so that nobody else needs GNU gettext (Debian: apt install gettext).
messages: install-dev
	$(BIN)/python manage.py makemessages --locale de --add-location file --no-obsolete --no-wrap \
		--ignore $(VENV) --ignore tests
	$(BIN)/python manage.py compilemessages --locale de --ignore $(VENV)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# PYTHON=... names the interpreter; otherwise the first that is new enough.
$(VENV)/made:
	@new() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; \
	for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
		if new $$python; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Lethe needs Python 3.11 or newer. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! $$found -m venv --clear $(VENV); then \
		rm -rf $(VENV); \
		echo "$$found cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; \
	fi
	@touch $@

$(VENV)/installed: requirements.lock $(VENV)/made
	@echo "Installing what Lethe needs into $(VENV); the first time this takes some minutes."
	@$(PIP) install -r requirements.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing what tests and checks need into $(VENV)."
	@$(PIP) install -r requirements-dev.lock
	@touch $@
