# README's commands. Everything runs from .venv, which the first of them makes.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
EVERYTHING := .[demo,dev]

# A comma in an argument of `call` would end it, so extras come in a variable.
# pip shows what it collects, and its failure is ours.
define install
{ $(PY) -m pip install --disable-pip-version-check --progress-bar off -e '$(1)' \
	|| touch $(VENV)/failed; } | grep --line-buffered -E '^(Collecting|Installing|ERROR)'; \
	if [ -e $(VENV)/failed ]; then rm $(VENV)/failed; exit 1; fi
endef

.PHONY: demo kafka test faults lint types bench load clean
.DELETE_ON_ERROR:

demo: $(VENV)/demo-is-installed
	@$(if $(PORT),RUSH_BIND=127.0.0.1:$(PORT)) $(if $(WORKERS),RUSH_WORKERS=$(WORKERS)) \
		exec $(PY) -m booking_rush.server demo $(if $(KAFKA),--kafka)

kafka: $(VENV)/demo-is-installed
	@exec $(PY) -m booking_rush.server kafka $(if $(PORT),--port $(PORT))

test: $(VENV)/everything-is-installed
	@$(PY) -m pytest -n 2 --dist worksteal --durations 12 $(ARGS)

faults: $(VENV)/everything-is-installed
	@$(if $(SEED),SEED=$(SEED)) $(if $(NIGHT),NIGHT=$(NIGHT)) $(PY) -m pytest -s -o faulthandler_timeout=0 --tb=short --show-capture=no tests/faults $(ARGS)

lint: $(VENV)/everything-is-installed
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(VENV)/everything-is-installed
	@$(PY) -m mypy
	@$(PY) -m pyright

bench: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.bench $(ARGS)

load: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.load $(ARGS)

clean:
	rm -rf $(VENV) .cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; sys.exit(0 if v >= (3, 11) and not (3, 14, 0) <= v < (3, 14, 5) else "booking-rush: Python 3.11 or later is needed (not 3.14.0 to 3.14.4), this is %d.%d.%d: set PYTHON=/path/to/python3" % v)'
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "booking-rush: python3 -m venv failed: on Debian install python3-venv" >&2; exit 1; }

$(VENV)/demo-is-installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing, about half a minute"
	@$(call install,.[demo])
	@touch $@

$(VENV)/everything-is-installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing, about a minute"
	@$(call install,$(EVERYTHING))
	@touch $@ $(VENV)/demo-is-installed
