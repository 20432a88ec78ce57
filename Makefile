# README's commands. Everything runs from .venv, which the first of them makes.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
EVERYTHING := .[demo,otel,dev]
BUILDER ?= buildah
VERSIONS := requirements-dev.lock
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	--custom-compile-command 'make lock'

# A comma in an argument of `call` would end it, so extras come in a variable.
# A dot for each package that pip collects; its failure is ours.
define install
{ $(PY) -m pip install --disable-pip-version-check --progress-bar off -c $(VERSIONS) -e '$(1)' \
	|| touch $(VENV)/failed; } | while read -r line; do case "$$line" in \
	Collecting*) printf . ;; ERROR*) printf '\n%s\n' "$$line" ;; esac; done; echo; \
	if [ -e $(VENV)/failed ]; then rm $(VENV)/failed; exit 1; fi
endef

.PHONY: help demo kafka test faults engines lint types bench bench-wide load dataset image lock static pictures dashboards clean
.DELETE_ON_ERROR:

DEMO_OPTIONS = $(if $(KAFKA),--kafka) $(if $(MONITOR),--monitor) $(if $(CROWD),--crowd=$(CROWD))

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo        everything on this machine, a seeded event, URLs when ready (KAFKA=1 MONITOR=1 CROWD=500 PORT= WORKERS=)
demo: $(VENV)/demo-is-installed
	@$(if $(PORT),RUSH_BIND=127.0.0.1:$(PORT)) $(if $(WORKERS),RUSH_WORKERS=$(WORKERS)) \
		exec $(PY) -m booking_rush.server demo$(foreach option,$(DEMO_OPTIONS), $(option))

## make kafka       a Kafka of one node (PORT=9092)
kafka: $(VENV)/demo-is-installed
	@exec $(PY) -m booking_rush.server kafka $(if $(PORT),--port $(PORT))

## make test        every test but those below, against real servers (ARGS= goes to pytest)
test: $(VENV)/everything-is-installed
	@$(PY) -m pytest -n 3 --dist worksteal --durations 12 $(ARGS)

## make faults      nights in which everything fails (NIGHT=short, SEED=)
faults: $(VENV)/everything-is-installed
	@$(if $(SEED),SEED=$(SEED)) $(if $(NIGHT),NIGHT=$(NIGHT)) $(PY) -m pytest -s -o faulthandler_timeout=0 --tb=short --show-capture=no --durations 12 tests/faults $(ARGS)

## make engines     image, Kubernetes, Redis Cluster, Sentinel, PgBouncer, backup, rolling restart; root on Debian
# Engines that a test installs or builds for itself, as root on Debian: minutes, not seconds.
engines: $(VENV)/everything-is-installed
	@$(PY) -m pytest -s tests/engines $(ARGS)

## make lint        ruff
lint: $(VENV)/everything-is-installed
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

## make types       mypy and pyright, both strict
types: $(VENV)/everything-is-installed
	@$(PY) -m mypy
	@$(PY) -m pyright

## make bench       benchmarks, each against a ceiling in its run (ARGS="sockets http" or "against REV [rows]")
bench: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.bench $(ARGS)

## make bench-wide  100,000 waiting sockets
bench-wide: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.wide $(ARGS)

## make load        locust in a shape, then a check of the stores (SHAPE=smoke|ramp|sustained|spike|herd|oversubscribed)
load: $(VENV)/everything-is-installed
	@$(PY) -m $(if $(SHAPE),loadtest.shapes.run $(SHAPE),loadtest.load $(ARGS))

## make dataset     900,000 places in 45 sections, sold to 10,000 visitors
dataset: $(VENV)/everything-is-installed
	@$(PY) -m loadtest.dataset $(ARGS)

## make image       one image of every duty (BUILDER=docker|podman|buildah)
# BUILDER=docker or podman does, too.
image:
	$(BUILDER) build $(if $(filter buildah,$(BUILDER)),--format docker) $(BUILD_ARGS) -t booking-rush:0.1.0 .

## make lock        versions of the image, its build and .venv, from pyproject.toml; those locked stay
lock: $(VENV)/everything-is-installed
	@$(COMPILE) --generate-hashes --extra otel pyproject.toml -o requirements.lock
	@echo 'hatchling>=1.27' | $(COMPILE) --generate-hashes - -o requirements-build.lock
	@$(COMPILE) -c requirements.lock --all-extras pyproject.toml -o $(VERSIONS)

## make pictures    README's pictures, of a demo with a crowd
# README's pictures, of a demo with a crowd: about two minutes.
pictures: $(VENV)/everything-is-installed
	@$(PY) -m docs.pictures

## make static      bundles of the pages; needs Node
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

$(VENV)/demo-is-installed: pyproject.toml $(VERSIONS) | $(VENV)/bin/python
	@echo "installing, about half a minute"
	@$(call install,.[demo])
	@touch $@

$(VENV)/everything-is-installed: pyproject.toml $(VERSIONS) | $(VENV)/bin/python
	@echo "installing, about a minute"
	@$(call install,$(EVERYTHING))
	@touch $@ $(VENV)/demo-is-installed
