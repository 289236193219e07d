# Needs Python 3.11 or newer, its venv module and pip; everything else is installed into $(VENV).

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --constraint constraints.txt
# What is installed is out of date when the project's dependencies or their versions change.
BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev

SAMPLE := sample_data/2026-10
OUT := out/2026-10
PLAY := out/demo
# Overbilled: the second effective operation of one person on one day.
OPERATION := zd1uahd82105553328377232722
BENCH :=

.PHONY: help demo test lint notebooks notebooks-refresh bench clean

help:
	@echo "make demo               reconcile $(SAMPLE), explain one operation, play a sandbox of all vendors"
	@echo "make test               all tests"
	@echo "make lint               ruff, mypy, import-linter"
	@echo "make notebooks          run the notebooks; fails where one fails"
	@echo "make notebooks-refresh  run them and keep their outputs"
	@echo "make bench              measure against pandas and plain SQL, e.g. BENCH='--operations 100000'"
	@echo "make clean              remove the environment, results and caches"

demo: $(BASE)
	@echo '$$ idvtools reconcile $(SAMPLE) --vendor dec --month 2026-10 --out $(OUT) --force'
	@$(BIN)/idvtools reconcile $(SAMPLE) --vendor dec --month 2026-10 --out $(OUT) --force
	@echo
	@echo '$$ idvtools explain $(SAMPLE) $(OPERATION)'
	@$(BIN)/idvtools explain $(SAMPLE) $(OPERATION)
	@echo
	@echo '$$ idvtools demo --out $(PLAY) --force'
	@$(BIN)/idvtools demo --out $(PLAY) --force
	@echo
	@echo 'The report for people: $(CURDIR)/$(OUT)/reconciliation.html (and .xlsx beside it)'

test: $(DEV)
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(DEV)
	@failed=; for check in $(LINTS); do \
		echo "== $$check"; $(BIN)/$$(echo $$check | tr : ' ') || failed="$$failed $$check"; \
	done; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

LINTS := ruff:check:. ruff:format:--check:. mypy lint-imports

notebooks: $(DEV)
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	$(BIN)/jupyter nbconvert --to notebook --execute --output-dir "$$scratch" notebooks/*.ipynb

notebooks-refresh: $(DEV)
	TQDM_DISABLE=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

bench: $(DEV)
	$(BIN)/python bench/vendors.py
	$(BIN)/python bench/log.py
	$(BIN)/python bench/pull.py
	$(BIN)/python bench/evidence.py
	$(BIN)/python bench/run.py $(BENCH)

clean:
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks
	find idvtools tests bench notebooks -name __pycache__ -prune -exec rm -rf {} +

$(BASE): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing idvtools into $(VENV) (some 180 MB the first time) ..."
	@$(PIP) --editable '.[sandbox]'
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing idvtools and what its tests need into $(VENV) ..."
	@$(PIP) --editable '.[dev]'
	@touch $(BASE) $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "idvtools needs Python 3.11 or newer as '$(PYTHON)'; name another one with: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv module (with pip in it); on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
