"""Any text as a corpus: a file, lines, lists of words; and what is said of what is none."""

import copy
import gzip
import pickle
import random
import re

import pytest

from utils.corpus import Corpus
from utils.utils import InputError

LINES = ["The cat sat on the mat", "", "  ", "A DOG, the log"]
SENTENCES = [["the", "cat", "sat", "on", "the", "mat"], ["a", "dog,", "the", "log"]]
TEXT = "\n".join(LINES).encode()
WINDOWS = b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("content", [TEXT, TEXT + b"\n", WINDOWS, *map(gzip.compress, (TEXT, WINDOWS))])  # fmt: skip
def test_a_file_of_text_is_a_corpus(tmp_path, content):
    file = tmp_path / "my book"
    file.write_bytes(content)
    for name in (file, str(file)):
        assert Corpus(name).sentences() == SENTENCES
        assert Corpus(name).name == str(file)


@pytest.mark.parametrize(
    "text",
    [LINES, "\n".join(LINES), iter(LINES), [tuple(words) for words in SENTENCES], [LINES[0], SENTENCES[1]]],
    ids=lambda text: type(text).__name__,
)  # fmt: skip
def test_lines_and_lists_of_words_are_a_corpus(text):
    corpus = Corpus(text)
    assert corpus.sentences() == SENTENCES
    assert corpus.num_sentences() == 2
    assert list(corpus.tokens()) == "the cat sat on mat a dog, log UNK".split()
    assert corpus.frequency().tolist() == [3, 1, 1, 1, 1, 1, 1, 1, 1]


def test_words_of_lists_stay_as_they_are_and_unk_is_the_last_one():
    corpus = Corpus([["New", "york", "UNK"], ["NEW", "UNK"]])
    assert corpus.tokens() == {"New": 0, "york": 1, "NEW": 2, "UNK": 3}
    assert corpus.frequency().tolist() == [1, 1, 1, 3]


EXPECTED = r"Pass a file of text in UTF-8 or, in Python, sentences: "


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (["", " ", []], "the text has no words"),
        (None, "the text is not text: 'NoneType' object is not iterable"),
        ([7], "the text is not text: 'int' object is not iterable"),
        (b"the cat", "the text is not text: 'int' object is not iterable"),
        ([["the", 7]], "the text has 7 where a word is expected"),
        ([["the cat"]], "the text has 'the cat' where a word is expected"),
        ([["the\n"]], r"the text has 'the\\n' where a word is expected"),
        ([["the", ""]], "the text has '' where a word is expected"),
        ([[["the"]]], "the text is not text: unhashable type: 'list'"),
        ("no\0where", "no\0where cannot be read: embedded null byte"),
        ("nowhere.txt", "nowhere.txt cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_text_is_refused_with_what_is_expected(text, words):
    with pytest.raises(InputError, match=rf"^{words}\. {EXPECTED}"):
        Corpus(text)


PACKED = gzip.compress(b"tea\n" * 9, mtime=0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"tea\ncaf\xe9\n", rf", line 2: expected text in UTF-8, found the byte 0xe9\. {EXPECTED}"),
        (PACKED[:-9], r" is damaged after line \d: .* Get a new copy"),
        (PACKED[:10] + b"\xff" * 20, " is damaged after line 0: .* Get a new copy"),
        (b"\n \n", r" has no words\."),
        (None, r" cannot be read: Is a directory\."),
    ],
    ids=["not UTF-8", "cut off", "damaged", "empty", "a folder"],
)
def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path, content, words):
    file = tmp_path / "my book.txt"
    file.write_bytes(content) if content is not None else file.mkdir()
    with pytest.raises(InputError, match=f"^{re.escape(str(file))}{words}"):
        Corpus(file)


def drawn(corpus, thinning, seed):
    """Draw the corpus anew."""
    corpus.thinning = thinning
    random.seed(seed)
    corpus.drop_corpus()
    return corpus.all_sentences(), random.random()


def test_a_corpus_is_drawn_anew_by_its_thinning_and_the_random_state():
    corpus = Corpus([["a", "b", "c", "d"]] * 20)
    first = drawn(corpus, 0.1, 1)
    assert drawn(corpus, 0.1, 1) == first != drawn(corpus, 0.1, 2)
    assert len(drawn(corpus, 0.05, 1)[0]) < len(first[0])
    assert drawn(corpus, 0.1, 1) == first
    assert drawn(corpus, 1, 1)[0] == corpus.sentences() * 30
    for other in (copy.deepcopy(corpus), pickle.loads(pickle.dumps(corpus))):
        assert drawn(other, 0.1, 1) == first
        assert corpus.all_sentences() == corpus.sentences() * 30
