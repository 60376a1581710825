"""The treebank: its vocabulary, its windows from the random stream, its labelled sentences."""

import random
from itertools import permutations

import numpy as np
import plain_training as plain
import pytest
from conftest import write_treebank
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.utils import InputError

words = st.sampled_from(["rain", "snow", "tea", "Tea", "a", "b", ",", "é"])
texts = st.lists(st.lists(words, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


def test_words_have_indices_in_order_of_first_appearance_and_unk_comes_last(make_treebank):
    treebank = StanfordSentiment(
        make_treebank(["Snow and rain", "clichÃ©s\u00a0and\u2003tea\x85pots"])
    )
    assert treebank.sentences() == [["snow", "and", "rain"], ["clichã©s", "and", "tea", "pots"]]
    assert treebank.num_sentences() == 2
    index = {"snow": 0, "and": 1, "rain": 2, "clichã©s": 3, "tea": 4, "pots": 5, "UNK": 6}
    assert list(treebank.tokens().items()) == list(index.items())


def test_corpus_is_that_of_plain_loops_and_so_is_the_random_state():
    treebank = StanfordSentiment(SAMPLE)
    index, frequency = plain.vocabulary(treebank.sentences())
    frequency_of = dict(zip(index, frequency, strict=True))
    random.seed(31415)
    random.gauss(0, 1)  # leaves a second number behind in the state, which must survive
    expected = plain.draw_corpus(treebank.sentences(), frequency_of, sum(frequency))
    state = random.getstate()
    random.seed(31415)
    random.gauss(0, 1)
    for _ in range(2):
        assert treebank.all_sentences() == expected
        assert random.getstate() == state


@settings(max_examples=50)
@given(texts, st.integers(1, 10), st.integers(0, 2**32))
def test_windows_are_those_of_plain_loops(tmp_path_factory, texts, size, seed):
    treebank = StanfordSentiment(write_treebank(tmp_path_factory.mktemp("tree"), texts), 100)
    index, frequency = plain.vocabulary(treebank.sentences())
    frequency_of = dict(zip(index, frequency, strict=True))
    treebank.thinning = 0.1  # at 1e-5 little is left of a small text
    random.seed(seed)
    corpus = plain.draw_corpus(treebank.sentences(), frequency_of, sum(frequency), 0.1)
    assume(any(len(set(sentence)) > 1 for sentence in corpus))
    expected = [plain.draw_window(corpus, size) for _ in range(20)]
    state = random.getstate()
    random.seed(seed)
    assert [treebank.get_random_context(size) for _ in range(20)] == expected
    assert random.getstate() == state


def test_a_window_reaches_at_least_one_word(treebank):
    with pytest.raises(ValueError, match="at least 1 word"):
        treebank.get_random_context(0)


@pytest.mark.parametrize("texts", [["a a a", "b"] * 50, ["a b"]])
def test_a_text_without_windows_is_refused(make_treebank, texts):
    treebank = StanfordSentiment(make_treebank(texts))
    random.seed(0)
    with pytest.raises(InputError, match="gives no window to train on"):
        treebank.get_random_context(3)


@pytest.mark.parametrize("size", [7, 20_011])
def test_negative_samples_are_entries_of_the_table_which_is_that_of_plain_loops(size):
    treebank = StanfordSentiment(SAMPLE, tablesize=size)
    table = treebank.sample_table()
    assert table.dtype == np.int32
    assert table.tolist() == plain.negative_table(plain.vocabulary(treebank.sentences())[1], size)
    random.seed(5)
    drawn = [treebank.sample_token_idx() for _ in range(100)]
    random.seed(5)
    assert drawn == [table[random.randint(0, size - 1)] for _ in range(100)]
    assert {type(word) for word in drawn} == {int}


def test_the_table_has_a_million_entries_unless_told_otherwise(treebank):
    assert len(treebank.sample_table()) == 1_000_000


@pytest.mark.parametrize(
    ("label", "category"),
    [(0, 0), (0.2, 0), (0.20001, 1), (0.4, 1), (0.41, 2), (0.6, 2), (0.61, 3), (0.8, 3), (1, 4)],
)
def test_classes_take_their_upper_bound_in(treebank, label, category):
    assert treebank.categorify(np.float64(label)) == category
    assert type(treebank.categorify(np.float64(label))) is int


@pytest.mark.parametrize("label", [-0.1, 1.1, float("nan")])
def test_a_sentiment_beyond_0_and_1_is_refused(treebank, label):
    with pytest.raises(ValueError, match=r"lies in 0\.\.1"):
        treebank.categorify(label)


def test_labels_are_those_of_the_phrase_equal_to_the_sentence(make_treebank):
    texts = ["Great -LRB- really -RRB- clichÃ©s", "A  bad\u00a0ONE", "voilÃ\u00a0 !", "A | B"]
    folder = make_treebank(texts, [0.9, 0.1, 0.7, 0.3])
    phrases = "Great ( really ) clichés|0\nGreat (really) x|3\na | b|3\nvoilà !|2\na bad one|1\n"
    (folder / "dictionary.txt").write_text(phrases, encoding="utf-8")
    assert StanfordSentiment(folder).sent_labels().tolist() == [0.9, 0.1, 0.7, 0.3]


def test_split_and_labelled_sentences_belong_together(make_treebank):
    texts, labels = ["a b", "c d", "e f", "g h"], [0.1, 0.3, 0.5, 0.9]
    treebank = StanfordSentiment(make_treebank(texts, labels))
    assert treebank.dataset_split() == [[0, 3], [1], [2]]
    assert treebank.get_train_sentences() == [(["a", "b"], 0), (["g", "h"], 4)]
    assert treebank.get_test_sentences() == [(["c", "d"], 1)] == treebank.get_split_sentences(1)
    assert treebank.get_dev_sentences() == [(["e", "f"], 2)]
    random.seed(3)
    drawn = [treebank.get_random_train_sentence() for _ in range(50)]
    random.seed(3)
    train = treebank.get_train_sentences()
    assert drawn == [train[random.randint(0, 1)] for _ in range(50)]


def test_methods_work_in_any_order_and_read_each_file_once(make_treebank):
    folder = make_treebank(["rain snow tea coffee queen king"] * 60)
    calls = {
        "all_sentences": lambda t: t.all_sentences(),
        "labels": lambda t: t.sent_labels().tolist(),
        "table": lambda t: t.sample_table().tolist(),
        "train": lambda t: t.get_train_sentences(),
    }
    expected = None
    for order in permutations(calls):
        treebank = StanfordSentiment(folder, tablesize=50)
        random.seed(1)
        results = {name: calls[name](treebank) for name in order}
        expected = expected or results
        assert results == expected
    for file in folder.iterdir():
        file.unlink()
    assert {name: call(treebank) for name, call in calls.items()} == expected


def test_pinned_figures_of_the_real_treebank(real_treebank):
    treebank = StanfordSentiment(real_treebank)
    assert treebank.num_sentences() == 11_855
    assert len(treebank.tokens()) == 19_539
    assert sum(map(len, treebank.sentences())) + 1 == 227_246
    assert [len(part) for part in treebank.dataset_split()] == [8_544, 2_210, 1_101]
    random.seed(31415)
    random.randint(1, 5)
    corpus = treebank.all_sentences()
    assert (len(corpus), sum(map(len, corpus))) == (299_303, 1_523_942)
    assert random.random() == 0.345113990875067
