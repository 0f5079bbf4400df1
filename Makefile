PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo setup dev test check bench lock clean

demo: setup      ## Leadbell with a fictional dealer group, at http://127.0.0.1:8000
	@$(BIN)/leadbell demo

setup:           ## what running needs
	@$(PYTHON) scripts/setup.py

dev:             ## what running, testing and measuring need
	@$(PYTHON) scripts/setup.py --dev

test: dev        ## every check there is
	@$(BIN)/python scripts/test.py

check: dev       ## the quick ones, before each commit
	@$(BIN)/python scripts/test.py --quick

bench: dev       ## the speeds, as one table
	@$(BIN)/python -m benchmarks

lock: dev        ## write the lock files again; `make lock UPGRADE=--upgrade` takes newer releases
	@$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv $(LOCK) pyproject.toml --group build --group dev --output-file requirements-dev.lock
	$(BIN)/uv $(LOCK) pyproject.toml --group build --constraints requirements-dev.lock --output-file requirements.lock
	$(BIN)/uv $(LOCK) --group node --output-file requirements-node.lock
	npm install --package-lock-only

LOCK = pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $(UPGRADE)

clean:           ## everything that set-up made; your data stays
	rm -rf .venv node_modules src/leadbell/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find src -name '*.mo' -delete
	find src tests scripts -name __pycache__ -prune -exec rm -rf {} +
