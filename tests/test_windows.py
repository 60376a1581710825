"""Windows by the block are those that the per-word functions draw, one after the other."""

import random

import hypothesis
import numpy as np
import pytest
from conftest import write_treebank
from hypothesis import given
from hypothesis import strategies as st

from submission import get_negative_samples
from utils import windows
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE


def draw_one_by_one(treebank, window, negatives, n, first_size):
    """Draw windows by the functions for one; give them as a Windows' arrays hold them."""
    index, centers, counts, rows = treebank.tokens(), [], [], []
    for _ in range(n):
        center, outside = treebank.get_random_context(first_size or random.randint(1, window))
        first_size = 0
        centers.append(index[center])
        counts.append(len(outside))
        for o in (index[word] for word in outside):
            rows.append([o, *get_negative_samples(o, treebank, negatives)])
    return centers, counts, rows


def assert_same(treebank, window, negatives, blocks, first_size=0):
    sampler, state = treebank.window_sampler(window, negatives), random.getstate()
    drawn = [sampler.draw(n, 0 if i else first_size) for i, n in enumerate(blocks)]
    end = random.getstate()
    random.setstate(state)
    expected = draw_one_by_one(treebank, window, negatives, sum(blocks), first_size)
    for name, values in zip(("centers", "counts", "words"), expected, strict=True):
        assert np.concatenate([getattr(block, name) for block in drawn]).tolist() == values
    assert random.getstate() == end


@pytest.fixture(scope="module")
def treebank():
    treebank = StanfordSentiment(SAMPLE)
    random.seed(1)
    treebank.all_sentences()
    return treebank


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("window", "negatives"), [(1, 1), (5, 10), (10, 20)])
def test_blocks_are_as_one_by_one(treebank, window, negatives, seed):
    random.seed(seed)
    assert_same(treebank, window, negatives, [1, 2, 3000, 50, 700])


def test_large_windows_with_many_negatives_are_as_one_by_one(treebank):
    random.seed(3)
    assert_same(treebank, 100, 1000, [1, 20])


def test_the_first_size_may_have_been_drawn_already(treebank):
    for size in (1, 5):
        random.seed(4)
        assert_same(treebank, 5, 10, [300, 20], first_size=size)


words = st.sampled_from(["a", "b", "c", "d"])
texts = st.lists(st.lists(words, min_size=2, max_size=7).map(" ".join), min_size=1, max_size=20)


@hypothesis.settings(max_examples=60)
@given(
    texts,
    st.integers(1, 10),
    st.integers(1, 20),
    st.integers(0, 2**32),
    st.sampled_from([10, 33, 1000]),
    st.sampled_from([100, 1500]),
)
def test_on_few_words_where_most_draws_hit_their_own_outside_word(
    tmp_path_factory, texts, window, negatives, seed, tablesize, per_chain
):
    hypothesis.assume(any(len(set(text.split())) > 1 for text in texts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.corpus.THRESHOLD", 1.0)  # nothing is dropped
        patch.setattr(windows, "WORDS_PER_CHAIN", per_chain)
        folder = write_treebank(tmp_path_factory.mktemp("tree"), texts)
        treebank = StanfordSentiment(folder, tablesize)
        hypothesis.assume(len(set(treebank.sample_table().tolist())) > 1)
        random.seed(seed)
        treebank.all_sentences()
        assert_same(treebank, window, negatives, [1, 150, 49])


def test_batches_are_the_windows_in_order(treebank):
    random.seed(6)
    drawn = treebank.window_sampler(5, 10).draw(150)
    batches = list(drawn.batches(50))
    assert [len(batch) for batch in batches] == [50, 50, 50]
    for name in ("centers", "counts", "words"):
        parts = [getattr(batch, name) for batch in batches]
        assert np.array_equal(np.concatenate(parts), getattr(drawn, name))
    assert [len(batch.words) for batch in batches] == [batch.counts.sum() for batch in batches]
