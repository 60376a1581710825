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


MODULES = {"compiled": loops, "uncompiled": without_numba()}
either = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)

words = st.sampled_from(["a", "b", "c", "d", "e", "f"])
texts = st.lists(st.lists(words, min_size=2, max_size=9), min_size=1, max_size=20)


def arrays_of(corpus):
    return *corpus.corpus_arrays(), corpus.sample_table()


@either
@settings(max_examples=60)
@given(
    text=texts,
    run=st.builds(Settings, st.just(3), st.integers(1, 8), st.integers(1, 10), st.integers(1, 20)),
    seed=st.integers(0, 2**32 - 1),
    tablesize=st.sampled_from([20, 1000]),
    thinning=st.sampled_from([0.1, 1]),
    scale=st.sampled_from([0.1, 1, 30]),
)
def test_draws_and_steps_are_those_of_the_submission(
    module, text, run, seed, tablesize, thinning, scale
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
    for block in module.draw_blocks(arrays, run, 0, state, first_size, single=3):
        loss, grad = submission.word2vec_sgd_wrapper(
            submission.skipgram,
            corpus.tokens(),
            vectors,
            corpus,
            run.window,
            lambda *args: submission.neg_sampling_loss_and_gradient(*args, K=run.negatives),
        )
        moved = vectors.copy()
        (found,) = block.make_steps(moved, 0.5)
        assert found == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(moved, vectors - 0.5 * grad, rtol=1e-12, atol=1e-12 * scale)
        vectors = moved
        assert random.getstate() == block.state


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


def test_a_text_in_which_most_draws_hit_the_outside_word_gives_short_blocks(monkeypatch):
    corpus = Corpus([["a"] * 2000, *[["a", "b"]] * 3], tablesize=100_000)
    corpus.thinning = 1
    monkeypatch.setattr(loops, "TRIES", 100_000)
    blocks = loops.draw_blocks(arrays_of(corpus), Settings(300, 1, 1, 5), 0, random.getstate())
    next(blocks)
    assert [next(blocks).steps for _ in range(3)] < [60] * 3


def test_a_large_score_does_not_overflow():
    corpus = Corpus(["a b"])
    corpus.thinning = 1
    (block,) = loops.draw_blocks(arrays_of(corpus), Settings(1, 1, 1, 1), 0, random.getstate())
    for size in (1e3, 1e6):
        vectors = np.array([[size], [-size]] * 3)
        assert np.isfinite(block.make_steps(vectors, 0.1)).all()
        assert np.isfinite(vectors).all()


# Compiled code is kept between runs


RUN = """
import random
from training import loops, Settings
from utils.corpus import Corpus
corpus = Corpus(["a b c d"] * 9)
corpus.thinning = 1
random.seed(1)
arrays = *corpus.corpus_arrays(), corpus.sample_table()
print(next(loops.draw_blocks(arrays, Settings(1), 0, random.getstate())).drawn[0].sum())
"""
COMPILING = "Compiling the loops that train, which takes some seconds.\n"


def start_run(cache, source=SOURCE, preexec_fn=None, **environment):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUN],
        cwd=source,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache), **environment},
        preexec_fn=preexec_fn,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    """Give what a run printed; it must have gone well."""
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    return output


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """Give a folder where a run left its compiled code, and what that run printed."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, finish(start_run(folder))


def test_compiling_is_announced_and_what_was_compiled_is_kept(warm):
    folder, printed = warm
    assert printed.startswith(COMPILING)
    assert printed.count("Compiling") == 1
    assert finish(start_run(folder)) == printed.removeprefix(COMPILING)


@pytest.mark.parametrize(
    ("files", "change"),
    [
        ("*.nbi", lambda content: b""),
        ("*.nbi", lambda content: content[:-20]),
        ("*.nbc", lambda content: b"damaged"),
        ("*.nbc", lambda content: content[:-20]),
        ("*.nbi", lambda content: pickle.dumps("0.1") + content[len(pickle.dumps("0.1")) :]),
    ],
    ids=["no index", "index cut off", "other code", "code cut off", "of another version"],
)
def test_a_cache_that_cannot_be_used_is_no_trouble(warm, tmp_path, files, change):
    cache = shutil.copytree(warm[0], tmp_path / "cache")
    found = list(cache.rglob(files))
    assert found
    for file in found:
        file.write_bytes(change(file.read_bytes()))
    assert finish(start_run(cache)) == warm[1]


def test_without_a_folder_to_keep_it_in_it_is_compiled_each_time(warm, tmp_path):
    source, file = tmp_path / "src", tmp_path / "file"
    for part in ("training", "utils"):
        no_cache = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SOURCE / part, source / part, ignore=no_cache)
    for no_folder in (file, source / "training" / "__pycache__"):
        no_folder.write_text("")
    for _ in range(2):
        process = start_run(file / "cache", source, XDG_CACHE_HOME=str(file), HOME=str(file))
        assert finish(process) == warm[1]


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
def test_on_a_full_disk_it_is_compiled_for_this_run(warm, tmp_path):
    import resource

    def at_most_2_kb_a_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    assert finish(start_run(tmp_path, preexec_fn=at_most_2_kb_a_file)) == warm[1]


def test_two_first_runs_at_once_are_no_trouble(warm, tmp_path):
    processes = [start_run(tmp_path) for _ in range(2)]
    assert [finish(process) for process in processes] == [warm[1]] * 2
    assert finish(start_run(tmp_path)) == warm[1].removeprefix(COMPILING)
