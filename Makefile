# Two commands matter: `make demo` and `make test`. Both make their own environment in .venv.
# Python 3.11 or newer, git and a package index are all they need.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check story lock clean

demo: .venv/ready  ## four releases of a real AI feature, from pull request to production
	@$(BIN)/countersign demo

# Of the tests only those of the domain are measured: to measure all takes two fifths more time.
test: .venv/ready check  ## lint, types, import contracts, tests, the floor of the domain's coverage
	@$(BIN)/python -m pytest tests/domain --cov=release_assets/domain --cov-report=
	@$(BIN)/python -m pytest --ignore=tests/domain

check: .venv/ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

story: .venv/ready  ## only the stories
	@$(BIN)/python -m pytest -m story

.venv/ready: requirements.lock pyproject.toml .ci/environment
	@sh .ci/environment "$(PYTHON)"

lock:  ## resolve pyproject.toml anew
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' -o requirements.lock

clean:
	@rm -rf .venv .countersign
