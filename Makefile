# Plain `make` prints what there is. PYTHON=… picks an interpreter; otherwise the first that fits is taken.

VENV   := .venv
BIN    := $(VENV)/bin
FITS   := import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12)))
FINDPY := for p in $(PYTHON) python3.11 python3.12 python3 python; do \
	if $$p -c '$(FITS)' >/dev/null 2>&1; then echo $$p; exit 0; fi; \
	if [ -n "$(PYTHON)" ]; then break; fi; done

.DEFAULT_GOAL := help
.PHONY: help run test check format bench simulate browser clean

help:  ## print this list
	@grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*  ## /  make \1|/' \
	  | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done

run: $(VENV)/run.stamp  ## start Bellhop and everything it needs; Ctrl-C stops it
	@exec $(BIN)/python -m bellhop.run

test: check browser  ## every check and every test
	@$(BIN)/python -m pytest -q -n 2

check: $(VENV)/dev.stamp  ## lint, format, types, imports, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@DJANGO_SETTINGS_MODULE=tests.harness.settings $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/dev.stamp  ## let ruff format and sort
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/dev.stamp  ## load figures as ratios to the bare stack
	@$(BIN)/python -m benchmarks

simulate: $(VENV)/dev.stamp  ## both sides under faults and kills for MINUTES=10, from SEED=…, ACTIONS=400 at a time
	@$(BIN)/python -m tests.simulation $(if $(ACTIONS),--actions $(ACTIONS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(MINUTES),--minutes $(MINUTES))

browser: $(VENV)/dev.stamp  ## find or install the Chromium that the tests drive
	@$(BIN)/python -m tests.harness.chromium

clean:  ## remove the environment and caches; data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# The stamps hold the requirements' hash, so that a checkout with other requirements installs again.
$(VENV)/run.stamp: requirements.txt
	@$(call install,requirements.txt,$@)

$(VENV)/dev.stamp: requirements-dev.txt
	@$(call install,requirements-dev.txt,$@)

define install
	python="$$($(FINDPY))"; \
	if [ -z "$$python" ]; then echo "Bellhop needs Python 3.11 or 3.12; name one with PYTHON=/path/to/python."; exit 1; fi; \
	hash="$$($$python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' $(1))"; \
	if [ "$$(cat $(2) 2>/dev/null)" = "$$hash" ]; then touch $(2); exit 0; fi; \
	if ! [ -x $(BIN)/python ] || ! $(BIN)/python -c '$(FITS)' 2>/dev/null; then \
	  echo "Making $(VENV) with $$($$python --version)."; rm -rf $(VENV); \
	  $$python -m venv $(VENV) || { echo "Python can't make a virtual environment; install its venv module."; exit 1; }; \
	fi; \
	echo "Installing $(1), about a minute the first time."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
	  -r $(1) || exit 1; \
	echo "$$hash" > $(2)
endef
