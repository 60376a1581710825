"""The loops that train do what the submission does, compiled and uncompiled; code is kept."""

import importlib.util
import os
import pickle
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import submission
from training import Settings, loops
from utils.commands import SOURCE
from utils.corpus import Corpus
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.utils import InputError


def without_numba():
    """Load the loops as they are where Numba is not installed."""
    spec = importlib.util.spec_from_file_location("uncompiled_loops", loops.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        spec.loader.exec_module(module)
    assert module.missing
    return module


UNCOMPILED = without_numba()
words = st.sampled_from(["a", "b", "c", "d", "e", "f"])
texts = st.lists(st.lists(words, min_size=2, max_size=9), min_size=1, max_size=20)


def arrays_of(corpus):
    return *corpus.corpus_arrays(), corpus.sample_table()


@settings(max_examples=40)
@given(
    text=texts,
    run=st.builds(Settings, st.just(3), st.integers(1, 8), st.integers(1, 10), st.integers(1, 20)),
    seed=st.integers(0, 2**32 - 1),
    tablesize=st.sampled_from([20, 1000]),
    thinning=st.sampled_from([0.1, 1]),
    scale=st.sampled_from([0.1, 1, 30]),
)
def test_draws_and_steps_are_those_of_the_submission_compiled_or_not(
    text, run, seed, tablesize, thinning, scale
):
    corpus = Corpus(text, tablesize)
    corpus.thinning = thinning
    random.seed(seed)
    first_size = random.randint(1, run.window)
    try:
        arrays, state = arrays_of(corpus), random.getstate()
    except InputError:
        assume(False)
    corpus.drop_corpus()
    random.seed(seed)
    V = len(corpus.tokens())
    vectors = np.random.RandomState(seed).normal(size=(2 * V, run.dim)) * scale
    arguments = arrays, run, 0, state, first_size, 3
    both = zip(loops.draw_blocks(*arguments), UNCOMPILED.draw_blocks(*arguments), strict=True)
    for blocks in both:
        loss, grad = submission.word2vec_sgd_wrapper(
            submission.skipgram,
            corpus.tokens(),
            vectors,
            corpus,
            run.window,
            lambda *args: submission.neg_sampling_loss_and_gradient(*args, K=run.negatives),
        )
        for block in blocks:
            moved = vectors.copy()
            (found,) = block.make_steps(moved, 0.5)
            assert found == pytest.approx(loss, rel=1e-12)
            np.testing.assert_allclose(moved, vectors - 0.5 * grad, rtol=1e-12, atol=1e-12 * scale)
            assert random.getstate() == block.state
        vectors = moved


@pytest.mark.parametrize(
    ("name", "value"),
    [("STEPS", 500), ("STEPS", 7), ("NUMBERS", 120_000), ("TRIES", 8_000), ("TRIES", 0)],
)
def test_the_size_of_blocks_changes_no_result(monkeypatch, name, value):
    corpus = StanfordSentiment(SAMPLE)
    random.seed(5)
    arrays, state = arrays_of(corpus), random.getstate()
    start = np.random.RandomState(1).normal(size=(2 * len(corpus.tokens()), 10))

    def train(single):
        vectors, losses, iteration, sizes = start.copy(), [], 0, []
        for block in loops.draw_blocks(arrays, Settings(60), 0, state, single=single):
            losses += block.make_steps(vectors, 0.3, iteration, every=2).tolist()[
                iteration % 2 ^ 1 :: 2
            ]
            iteration += block.steps
            sizes.append(block.steps)
        return sizes, vectors.tobytes(), losses, block.state

    one_by_one, *expected = train(single=60)
    monkeypatch.setattr(loops, name, value)
    sizes, *found = train(single=2)
    assert one_by_one == [1] * 60
    assert (sizes == [1, 1, 56, 1, 1]) if value == 500 else len(sizes) > 8
    assert found == expected


# Compiled code is kept between runs


PROGRAM = """
import numpy as np
from training.loops import Loop, temper

@Loop
def total(numbers):
    found = 0
    for number in numbers:
        found += temper(number)
    return found

print(total(np.arange(5)))
"""
COMPILING = "Compiling the loops that train, which takes some seconds.\n"


def start_run(program, cache, preexec_fn=None, **environment):
    paths = {"PYTHONPATH": str(SOURCE), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", program], env=os.environ | paths | environment,
        preexec_fn=preexec_fn, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process):
    """Give what a run printed; it must have gone well."""
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    return output


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Give a program with a loop."""
    file = tmp_path_factory.mktemp("program") / "program.py"
    file.write_text(PROGRAM)
    return file


@pytest.fixture(scope="module")
def warm(program, tmp_path_factory):
    """Give a folder where a run left its compiled code, and what that run printed."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, finish(start_run(program, folder))


def test_compiling_is_announced_and_what_was_compiled_is_kept(program, warm):
    folder, printed = warm
    assert printed.startswith(COMPILING)
    assert printed.count("Compiling") == 1
    assert finish(start_run(program, folder)) == printed.removeprefix(COMPILING)


def test_the_loops_that_train_are_kept():
    code = (
        "import submission\nfrom training import Settings, train\n"
        "train(submission, ['a b c'], Settings(8, 1, 1, 1, thinning=1), lambda *seen: None)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True)
    assert done.stdout.startswith("Trained by plain loops"), done  # once before, by conftest.py


@pytest.mark.parametrize(
    ("files", "change"),
    [
        ("*.nbi", lambda content: b""),
        ("*.nbi", lambda content: content[:-20]),
        ("*.nbc", lambda content: b"damaged"),
        ("*.nbi", lambda content: pickle.dumps("0.1") + content[len(pickle.dumps("0.1")) :]),
    ],
    ids=["no index", "index cut off", "other code", "of another version"],
)
def test_a_cache_that_cannot_be_used_is_no_trouble(program, warm, tmp_path, files, change):
    cache = shutil.copytree(warm[0], tmp_path / "cache")
    found = list(cache.rglob(files))
    assert found
    for file in found:
        file.write_bytes(change(file.read_bytes()))
    assert finish(start_run(program, cache)) == warm[1]


def test_without_a_folder_to_keep_it_in_it_is_compiled_each_time(program, warm, tmp_path):
    file, copy = tmp_path / "file", shutil.copy(program, tmp_path)
    for no_folder in (file, tmp_path / "__pycache__"):
        no_folder.write_text("")
    for _ in range(2):
        process = start_run(copy, file / "cache", XDG_CACHE_HOME=str(file), HOME=str(file))
        assert finish(process) == warm[1]


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
def test_on_a_full_disk_it_is_compiled_for_this_run(program, warm, tmp_path):
    import resource

    def at_most_200_bytes_a_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))

    process = start_run(program, tmp_path, preexec_fn=at_most_200_bytes_a_file)
    assert finish(process) == warm[1]


def test_two_first_runs_at_once_are_no_trouble(program, warm, tmp_path):
    processes = [start_run(program, tmp_path) for _ in range(2)]
    told = [finish(process) for process in processes]
    assert warm[1] in told  # the other may find what this one kept, or compile it, too
    assert {text.removeprefix(COMPILING) for text in told} == {warm[1].removeprefix(COMPILING)}
    assert finish(start_run(program, tmp_path)) == warm[1].removeprefix(COMPILING)
