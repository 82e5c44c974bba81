# What a visitor and a developer run. Every target makes its own environment in .venv from the
# hash-pinned lock files; all it asks for is Python 3.11 or newer (with venv and pip) and a
# package index.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help demo run test soak mutation bench bench-peer lint environment-run environment-develop

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: environment-run ## Start a sandbox gateway and drive one whole story through it
	@.venv/bin/python docs/demo

run: environment-run ## Start the same sandbox gateway and keep it (Ctrl-C ends it)
	@.venv/bin/python docs/demo serve

test: environment-develop ## Run the tests on SQLite and on PostgreSQL (ARGS="-k orders" narrows)
	@seed="$${TESSERA_TEST_SEED:-$$(date +%s)}"; \
	echo "seed $$seed (the same again: TESSERA_TEST_SEED=$$seed make test)"; \
	TESSERA_TEST_SEED="$$seed" .venv/bin/python -m pytest -q -p tests.no_skips \
		-n auto --maxprocesses 4 --dist loadgroup --hypothesis-seed="$$seed" $(ARGS)

soak: environment-develop ## Run the long counts: kills at every commit, revocations, forgeries
	@.venv/bin/python -m tests.soak $(ARGS)

mutation: environment-develop ## Switch off every FAPI check in turn, to see its test fail
	@.venv/bin/python -m tests.mutation $(ARGS)

bench: environment-develop ## Measure requests per second on both databases into build/bench.json
	@.venv/bin/python -m tests.bench $(ARGS)

bench-peer: environment-develop ## Measure the gateway beside npm oidc-provider, where Node is present
	@.venv/bin/python -m tests.bench.peer $(ARGS)

lint: environment-develop ## Check format, style, types and who may import whom
	@failed=0; \
	for check in "ruff format --check --quiet" "ruff check --quiet" mypy "lint-imports --no-logo"; do \
		echo "-- $$check"; .venv/bin/$$check || failed=1; \
	done; \
	exit "$$failed"

# ---- the environment -----------------------------------------------------------------------
# A stamp holds the hash of the interpreter, this folder's path (a moved .venv is broken), both
# lock files and pyproject.toml. The develop lock holds every pin of the run lock, so either
# stamp satisfies the targets that only run; a stale stamp of either kind means a fresh .venv.

PYTHON ?=
PIP := .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input
# Wheels only, so that no compiler is ever asked for; one pure-Python test tool has no wheel and
# is built by the setuptools that the develop lock pins, which must therefore come first.
BINARIES := --only-binary :all: --no-binary python-alipay-sdk

define PREPARE
set -eu; \
for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14 none; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
done; \
if [ "$$python" = none ]; then \
	echo "Tessera needs Python 3.11 or newer: neither python3.11 nor python3 is one." >&2; \
	echo "Name yours with: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; \
	exit 1; \
fi; \
want="$$("$$python" -c 'import hashlib, pathlib, sys; \
	parts = [sys.version.encode(), sys.argv[1].encode()]; \
	parts += [pathlib.Path(name).read_bytes() for name in sys.argv[2:]]; \
	print(hashlib.sha256(b"\0".join(parts)).hexdigest())' \
	"$(CURDIR)" requirements.lock requirements-dev.lock pyproject.toml)"; \
found() { [ "$$(cat ".venv/$$1.stamp" 2>/dev/null || true)" = "$$want" ]; }; \
if found develop || { [ $(1) = run ] && found run; }; then exit 0; fi; \
if ! found run; then \
	rm -rf .venv; \
	if ! "$$python" -m venv .venv; then \
		rm -rf .venv; \
		echo "Tessera needs a Python with venv and pip (on Debian: python3-venv)." >&2; \
		exit 1; \
	fi; \
fi; \
echo "Setting up .venv with $$("$$python" --version): $$(grep -c '^[a-z].*==' $(2)) packages" \
	"from $(2), once." >&2; \
if [ $(1) = develop ]; then \
	sed -n '/^setuptools==/,/[^\\]$$/p' $(2) > .venv/build-tools.txt; \
	$(PIP) --require-hashes --no-deps -r .venv/build-tools.txt; \
fi; \
$(PIP) --require-hashes --no-build-isolation $(BINARIES) -r $(2); \
$(PIP) --no-deps --no-build-isolation --no-index -e .; \
echo "$$want" > .venv/$(1).stamp
endef

environment-run:
	@$(call PREPARE,run,requirements.lock)

environment-develop:
	@$(call PREPARE,develop,requirements-dev.lock)
