# README's commands. Everything runs from .venv, which the first of them makes.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
EVERYTHING := .[demo,otel,dev]
BUILDER ?= buildah
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock'

# A comma in an argument of `call` would end it, so extras come in a variable.
# pip shows what it collects, and its failure is ours.
define install
{ $(PY) -m pip install --disable-pip-version-check --progress-bar off -e '$(1)' \
	|| touch $(VENV)/failed; } | grep --line-buffered -E '^(Collecting|Installing|ERROR)'; \
	if [ -e $(VENV)/failed ]; then rm $(VENV)/failed; exit 1; fi
endef

.PHONY: demo kafka test faults engines lint types bench bench-wide load dataset image lock static pictures dashboards clean
.DELETE_ON_ERROR:

DEMO_OPTIONS = $(if $(KAFKA),--kafka) $(if $(MONITOR),--monitor) $(if $(CROWD),--crowd=$(CROWD))

demo: $(VENV)/demo-is-installed
	@$(if $(PORT),RUSH_BIND=127.0.0.1:$(PORT)) $(if $(WORKERS),RUSH_WORKERS=$(WORKERS)) \
		exec $(PY) -m booking_rush.server demo$(foreach option,$(DEMO_OPTIONS), $(option))

kafka: $(VENV)/demo-is-installed
	@exec $(PY) -m booking_rush.server kafka $(if $(PORT),--port $(PORT))

test: $(VENV)/everything-is-installed
	@$(PY) -m pytest -n 2 --dist worksteal --durations 12 $(ARGS)

faults: $(VENV)/everything-is-installed
	@$(if $(SEED),SEED=$(SEED)) $(if $(NIGHT),NIGHT=$(NIGHT)) $(PY) -m pytest -s -o faulthandler_timeout=0 --tb=short --show-capture=no --durations 12 tests/faults $(ARGS)

# Engines that a test installs or builds for itself, as root on Debian: minutes, not seconds.
engines: $(VENV)/everything-is-installed
	@$(PY) -m pytest -s tests/engines $(ARGS)

lint: $(VENV)/everything-is-installed
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(VENV)/everything-is-installed
	@$(PY) -m mypy
	@$(PY) -m pyright

bench: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.bench $(ARGS)

bench-wide: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.wide $(ARGS)

load: $(VENV)/everything-is-installed
	@$(PY) -m $(if $(SHAPE),loadtest.shapes.run $(SHAPE),loadtest.load $(ARGS))

dataset: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.dataset $(ARGS)

# BUILDER=docker or podman does, too.
image:
	$(BUILDER) build $(if $(filter buildah,$(BUILDER)),--format docker) $(BUILD_ARGS) -t booking-rush:0.1.0 .

lock: $(VENV)/everything-is-installed
	@$(LOCK) --extra otel pyproject.toml -o requirements.lock
	@echo 'hatchling>=1.27' | $(LOCK) - -o requirements-build.lock

# README's pictures, of a demo with a crowd: about two minutes.
pictures: $(VENV)/everything-is-installed
	@$(PY) -m docs.pictures

# Only who changes what is below static/ wants Node: the result is committed.
static: tools/static/node_modules/.package-lock.json
	@node tools/static/build.js

tools/static/node_modules/.package-lock.json: tools/static/package-lock.json
	@cd tools/static && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error

dashboards: $(VENV)/bin/python
	@$(PY) tools/dashboards.py

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
