# Speak Up: what one does with it. `make help` lists it.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
ROWS := services/case-router/case_router/data/train.jsonl
SETUP := python3 deploy/setup.py

.PHONY: help run test check demo prompts speech bench faults model kafka lock clean

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:  ## set up and start everything on http://127.0.0.1:8000 (Ctrl-C stops it)
	@$(SETUP)
	@exec $(PYTHON) -m embedded

test:  ## set up and run all tests
	@$(SETUP) --dev
	$(PYTHON) -m pytest -n 2 --dist loadscope --no-loadscope-reorder

check:  ## formatting, lint, types, architecture
	@$(SETUP) --dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

demo:  ## send samples through a running system and say where to look
	@$(SETUP)
	@exec $(PYTHON) -m embedded.demo

prompts:  ## make the Kazakh sounds of the telephone that aren't there yet (the service does so, too)
	@$(SETUP)
	@exec $(PYTHON) -m intake_phone.make_prompts

speech:  ## install what makes text of recordings, too (about 150 MB more)
	@$(SETUP)
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
		-r requirements-speech.lock

bench:  ## measure, each figure beside its baseline
	@$(SETUP) --dev
	$(PYTHON) -m tests.bench

faults:  ## break a running system many times over and count (long)
	@$(SETUP) --dev
	SPEAKUP_FAULTS=large SPEAKUP_ORDERS=200 SPEAKUP_TIMES=10 \
		$(PYTHON) -m pytest tests/faults tests/intake_phone/test_shuffled.py

model:  ## train the classifier and the rule for languages anew from their rows
	@$(SETUP) --dev
	$(PYTHON) -m speakup.language_fit $(ROWS)
	$(PYTHON) -m case_router.train

kafka:  ## fetch Apache Kafka (Java and Maven needed) for journeys and faults
	@command -v java >/dev/null && command -v mvn >/dev/null || \
		{ echo "Java 17 and Maven are needed: apt-get install openjdk-17-jre-headless maven"; exit 1; }
	@test -d deploy/kafka/target/jars && test deploy/kafka/target/jars -nt deploy/kafka/pom.xml || \
		{ echo "fetching Apache Kafka (43 MB) ..." && rm -rf deploy/kafka/target && \
		  mvn -q -B -f deploy/kafka/pom.xml dependency:copy-dependencies && touch deploy/kafka/target/jars; }
	@echo "Apache Kafka is in deploy/kafka/target/jars; python3 deploy/kafka/start.py runs it"

lock:  ## resolve the pinned packages anew (uv needed)
	uv pip compile pyproject.toml --extra embedded --extra build $(COMPILE) -o requirements.lock
	uv pip compile pyproject.toml --extra embedded --extra build --extra dev $(COMPILE) \
		-c requirements.lock -o requirements-dev.lock
	uv pip compile pyproject.toml --extra speech $(COMPILE) -c requirements-dev.lock -o requirements-speech.lock

COMPILE := -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url

clean:  ## remove what was made, but not the data in var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		deploy/kafka/target dist
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
