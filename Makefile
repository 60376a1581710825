# The menu of the project; plain POSIX make, so GNU and BSD both read it.
#
## make run               train the word vectors and plot them (ARGS="--help" for the options)
## make data              fetch the Stanford Sentiment Treebank (FROM=DIR or FROM=FILE.zip: from a copy)
## make notebook          open the notebook in Jupyter: train, plot, look for neighbors
## make sentiment         tell the sentiment of sentences from the word vectors
## make grade             grade your submission (ARGS="2a-0-basic" for one test)
## make submission.zip    grade it, then pack what you hand in
## make without_solutions typeset the handout: build/A2.pdf (needs LaTeX, see README.md)
## make with_solutions    typeset the handout with the answers in their places
## make submission.pdf    typeset the answers to 1a and 1b alone: tex/submission.tex
# [staff]
## make handout           typeset all three: handout, with solutions, answers alone
## make generated         write what the handout takes from the project into build/tex/
## make test-handout      typeset all three and check what comes out
## make student           build the students' release, build/student.zip (ARGS="--help" for the options)
## make autograder        build what Gradescope takes, build/autograder.zip
## make grade-class       grade a folder of submissions (ARGS="FOLDER --solution DIR --out OUT")
## make test              every quick check: tests, examples in the docs, style (under 3 minutes)
## make test-slow         long runs on the real treebank (needs `make data`)
## make benchmark         measure training against gensim, grading against its imports (idle machine)
## make format            let ruff put the code in order
# [/staff]
## make clean             remove the virtual environment and all caches, not your PDFs
#
# Each target sets up .venv by itself; PYTHON=python3.12 picks another Python for it (3.11 to 3.14).

PYTHON = python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check
FROM =
ARGS =

menu:
	@sed -n 's/^## //p' Makefile

run: .venv/run
	.venv/bin/python src/run.py $(ARGS)

data: .venv/run
	.venv/bin/python data/fetch.py "$(FROM)"

notebook: .venv/notebook
	cd src && ../.venv/bin/python -m notebook explore.ipynb $(ARGS)

sentiment: .venv/run
	test -f src/word_vectors.txt || .venv/bin/python src/run.py
	.venv/bin/python src/sentiment.py $(ARGS)

grade: .venv/run
	.venv/bin/python src/grader.py $(ARGS)

submission.zip: .venv/run
	.venv/bin/python src/grader.py --pack

without_solutions:
	sh tex/typeset.sh A2

with_solutions:
	sh tex/typeset.sh A2_Solutions

submission.pdf:
	sh tex/typeset.sh submission

# [staff]
without_solutions with_solutions submission.pdf: generated

handout: without_solutions with_solutions submission.pdf

generated: .venv/run
	.venv/bin/python tex/generate.py

test-handout: .venv/dev
	.venv/bin/python -m pytest -m handout $(ARGS)

student: .venv/run
	.venv/bin/python staff/build_student.py $(ARGS)

autograder: .venv/run
	.venv/bin/python staff/build_autograder.py $(ARGS)

grade-class: .venv/staff
	.venv/bin/python staff/grade_class.py $(ARGS)

test: .venv/dev
	.venv/bin/python -m pytest --numprocesses 2 $(ARGS)

test-slow: .venv/dev
	REQUIRE_TREEBANK=1 .venv/bin/python -m pytest -m slow tests/test_hostile.py $(ARGS)
	REQUIRE_TREEBANK=1 .venv/bin/python -m pytest -m slow --ignore tests/test_hostile.py \
	  --numprocesses 2 --dist loadfile $(ARGS)

benchmark: .venv/benchmark
	.venv/bin/python benchmarks/training.py $(ARGS)
	.venv/bin/python benchmarks/grading.py

format: .venv/dev
	.venv/bin/python -m ruff check --fix . && .venv/bin/python -m ruff format .

# [/staff]
clean:
	rm -rf .venv build/tex .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || \
	  { echo "$(PYTHON) is not Python 3.11 to 3.14. Pass one that is: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt
	@touch .venv/run

.venv/notebook: .venv/run requirements-notebook.txt
	$(PIP) -r requirements-notebook.txt
	@touch .venv/notebook

# [staff]
.venv/staff: .venv/run staff/requirements.txt
	$(PIP) -r staff/requirements.txt
	@touch .venv/staff

.venv/dev: .venv/run requirements-dev.txt staff/requirements.txt
	$(PIP) -r requirements-dev.txt
	@touch .venv/dev

.venv/benchmark: .venv/run benchmarks/requirements.txt
	$(PIP) -r benchmarks/requirements.txt
	@touch .venv/benchmark

.PHONY: handout generated test-handout
.PHONY: student autograder grade-class test test-slow benchmark format
# [/staff]

.PHONY: menu run data notebook sentiment grade submission.zip without_solutions with_solutions submission.pdf clean
