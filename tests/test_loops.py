"""The loops that train draw and compute what the plain methods do, compiled and uncompiled."""

import importlib.util
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import submission
from training import Settings, loops
from utils.corpus import Corpus
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.utils import InputError

SRC = Path(loops.__file__).resolve().parents[1]


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


def make_corpus(text, tablesize=1000, thinning=1):
    corpus = Corpus(text, tablesize)
    corpus.thinning = thinning
    return corpus


def arrays_of(corpus):
    return *corpus.corpus_arrays(), corpus.sample_table()


def windows_of(blocks, K):
    """Give center, outside words and negative samples of all windows, step after step."""
    for block in blocks:
        centers, ends, drawn, _ = block.drawn
        start = 0
        for center, end in zip(centers[: block.steps].flat, ends[: block.steps].flat, strict=True):
            yield int(center), drawn[start:end].reshape(-1, 1 + K).tolist()
            start = end


def plain_windows(corpus, window, K, steps, first_size=0):
    """Draw the windows of steps by the methods of the corpus and the submission."""
    word2ind = corpus.tokens()
    for _ in range(50 * steps):
        center, outside = corpus.get_random_context(first_size or random.randint(1, window))
        first_size, rows = 0, []
        for o in (word2ind[word] for word in outside):
            rows.append([o, *submission.get_negative_samples(o, corpus, K)])
        yield word2ind[center], rows


@either
@settings(max_examples=60)
@given(
    text=texts,
    window=st.integers(1, 10),
    K=st.integers(1, 20),
    seed=st.integers(0, 2**32),
    size=st.sampled_from([20, 1000]),
    thinning=st.sampled_from([0.1, 1]),
    first=st.booleans(),
)
def test_draws_are_those_of_the_corpus_and_get_negative_samples(
    module, text, window, K, seed, size, thinning, first
):
    corpus = make_corpus(text, size, thinning)
    random.seed(seed)
    try:
        arrays, state = arrays_of(corpus), random.getstate()
    except InputError:
        assume(False)
    first_size = window if first else 0
    expected = list(plain_windows(corpus, window, K, 3, first_size))
    after = random.getstate()
    run = Settings(3, 1, window, K)
    blocks = list(module.draw_blocks(arrays, run, 0, state, first_size))
    assert list(windows_of(blocks, K)) == expected
    assert blocks[-1].state == after


@either
@settings(max_examples=40)
@given(
    text=texts,
    run=st.builds(Settings, st.just(3), st.integers(1, 8), st.integers(1, 6), st.integers(1, 12)),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.1, 1, 30]),
)
def test_steps_are_those_of_the_submission(module, text, run, seed, scale):
    corpus = make_corpus(text)
    random.seed(seed)
    try:
        arrays, state = arrays_of(corpus), random.getstate()
    except InputError:
        assume(False)
    V = len(corpus.tokens())
    vectors = np.random.RandomState(seed).normal(size=(2 * V, run.dim)) * scale
    for block in module.draw_blocks(arrays, run, 0, state, single=3):
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


@either
def test_several_steps_at_once_are_the_steps_one_by_one(module):
    corpus = StanfordSentiment(SAMPLE)
    random.seed(1)
    arrays, state = arrays_of(corpus), random.getstate()
    one = np.random.RandomState(1).normal(size=(2 * len(corpus.tokens()), 10))
    other = one.copy()
    blocks = module.draw_blocks(arrays, Settings(4), 0, state, single=4)
    losses = [loss for block in blocks for loss in block.make_steps(one, 0.3)]
    (block,) = module.draw_blocks(arrays, Settings(4), 0, state, single=0)
    found = block.make_steps(other, 0.3, iteration=7, every=2)  # iterations 8 .. 11
    assert found[::2].tolist() == losses[::2]
    assert one.tobytes() == other.tobytes()


def test_a_large_score_does_not_overflow():
    corpus = make_corpus(["a b"])
    random.seed(1)
    (block,) = loops.draw_blocks(arrays_of(corpus), Settings(1, 1, 1, 1), 0, random.getstate())
    for size in (1e3, 1e6):
        vectors = np.array([[size], [-size]] * 3)
        assert np.isfinite(block.make_steps(vectors, 0.1)).all()
        assert np.isfinite(vectors).all()


@pytest.fixture
def sampled():
    """Give arrays of the sample treebank and a random state."""
    corpus = StanfordSentiment(SAMPLE)
    random.seed(5)
    return arrays_of(corpus), random.getstate()


@pytest.mark.parametrize(
    ("name", "value"), [("STEPS", 7), ("NUMBERS", 120_000), ("TRIES", 8_000), ("TRIES", 0)]
)
def test_the_size_of_blocks_changes_no_draw(sampled, monkeypatch, name, value):
    def draw():
        return list(loops.draw_blocks(sampled[0], Settings(60), 0, sampled[1], single=2))

    usual = draw()
    monkeypatch.setattr(loops, name, value)
    smaller = draw()
    assert [block.steps for block in usual] == [1, 1, 56, 1, 1]
    assert len(smaller) > 8
    assert sum(block.steps for block in smaller) == 60
    assert list(windows_of(smaller, 10)) == list(windows_of(usual, 10))
    assert smaller[-1].state == usual[-1].state


def test_no_block_goes_beyond_a_save_or_a_halving(sampled, monkeypatch):
    monkeypatch.setattr(loops, "SAVE_EVERY", 20)
    monkeypatch.setattr(loops, "ANNEAL_EVERY", 30)
    blocks = loops.draw_blocks(sampled[0], Settings(100), 15, sampled[1], single=1)
    assert [block.steps for block in blocks] == [1, 4, 10, 10, 20, 20, 10, 9, 1]


def test_a_text_in_which_most_draws_hit_the_outside_word_gives_short_blocks(monkeypatch):
    corpus = make_corpus([["a"] * 2000, *[["a", "b"]] * 3], tablesize=100_000)
    random.seed(1)
    monkeypatch.setattr(loops, "TRIES", 100_000)
    blocks = loops.draw_blocks(arrays_of(corpus), Settings(300, 1, 1, 5), 0, random.getstate())
    next(blocks)
    assert [next(blocks).steps for _ in range(3)] < [60] * 3


# Beside


def test_ahead_gives_what_a_generator_gives_and_makes_the_next_one_meanwhile():
    made = []

    def numbers():
        for i in range(5):
            made.append(i)
            yield i

    items = loops.ahead(numbers())
    assert next(items) == 0
    until = time.monotonic() + 60
    while made != [0, 1] and time.monotonic() < until:
        time.sleep(0.001)
    assert made == [0, 1]
    assert list(items) == [1, 2, 3, 4]


def test_an_error_in_what_is_made_ahead_arrives():
    def items():
        yield 1
        raise InputError("no more")

    ahead = loops.ahead(items())
    assert next(ahead) == 1
    with pytest.raises(InputError, match="no more"):
        next(ahead)


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


def start_run(cache, source=SRC, preexec_fn=None, **environment):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), **environment}
    command = [sys.executable, "-W", "error", "-c", RUN]
    return subprocess.Popen(
        command,
        cwd=source,
        env=environment,
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


def copied(folder, target):
    """Copy a cache."""
    for file in folder.rglob("*.nb?"):
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return target


def test_compiling_is_announced_and_what_was_compiled_is_kept(warm):
    folder, printed = warm
    assert printed.startswith(COMPILING)
    assert printed.count("Compiling") == 1
    assert finish(start_run(folder)) == printed.removeprefix(COMPILING)


@pytest.mark.parametrize("files", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("damage", [b"", b"damaged", None])
def test_a_damaged_cache_is_no_trouble(warm, tmp_path, files, damage):
    cache = copied(warm[0], tmp_path)
    found = list(cache.rglob(files))
    assert found
    for file in found:
        file.write_bytes(file.read_bytes()[:-20] if damage is None else damage)
    assert finish(start_run(cache)) == warm[1]


def test_a_cache_of_another_version_is_not_used(warm, tmp_path):
    cache = copied(warm[0], tmp_path)
    for file in cache.rglob("*.nbi"):
        content = pickle.dumps("0.1") + file.read_bytes()[len(pickle.dumps("0.1")) :]
        file.write_bytes(content)
    assert finish(start_run(cache)) == warm[1]
    assert finish(start_run(cache)) == warm[1].removeprefix(COMPILING)


def test_without_a_folder_to_keep_it_in_it_is_compiled_each_time(warm, tmp_path):
    source, file = tmp_path / "src", tmp_path / "file"
    for part in ("training", "utils"):
        shutil.copytree(SRC / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
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
