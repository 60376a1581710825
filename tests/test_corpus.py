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


def files(folder):
    """Write the lines as the files that people have."""
    text = "\n".join(LINES).encode()
    contents = {
        "plain.txt": text,
        "ends with a line.txt": text + b"\n",
        "of Windows.txt": b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
        "packed.gz": gzip.compress(text),
        "packed, named otherwise.txt": gzip.compress(b"\xef\xbb\xbf" + text),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        yield folder / name


def test_a_file_of_text_is_a_corpus(tmp_path):
    for file in files(tmp_path):
        for name in (file, str(file)):
            corpus = Corpus(name)
            assert corpus.sentences() == SENTENCES, file
            assert corpus.name == str(file)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        tuple(LINES),
        iter(LINES),
        "\n".join(LINES),
        (line for line in LINES),
        [line.lower().split() for line in LINES],
        [tuple(words) for words in SENTENCES],
        ["the cat sat on the mat", ["a", "dog,", "the", "log"]],
    ],
    ids=lambda text: type(text).__name__,
)
def test_lines_and_lists_of_words_are_a_corpus(text):
    corpus = Corpus(text)
    assert corpus.sentences() == SENTENCES
    assert corpus.num_sentences() == 2
    assert list(corpus.tokens()) == "the cat sat on mat a dog, log UNK".split()
    assert corpus.frequency().tolist() == [3, 1, 1, 1, 1, 1, 1, 1, 1]


def test_words_of_lists_stay_as_they_are():
    assert list(Corpus([["New", "york"], ["NEW"]]).tokens()) == ["New", "york", "NEW", "UNK"]


def test_the_word_unk_of_a_text_is_the_last_one():
    corpus = Corpus([["UNK", "tea", "UNK"]])
    assert corpus.tokens() == {"tea": 0, "UNK": 1}
    assert corpus.frequency().tolist() == [1, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ([], "the text has no words"),
        (["", " ", []], "the text has no words"),
        (None, "the text is not text: 'NoneType' object is not iterable"),
        (7, "the text is not text: 'int' object is not iterable"),
        ([7], "the text is not text: 'int' object is not iterable"),
        (b"the cat", "the text is not text: 'int' object is not iterable"),
        ([["the", 7]], "the text has 7 where a word is expected"),
        ([["the", None]], "the text has None where a word is expected"),
        ([["the cat"]], "the text has 'the cat' where a word is expected"),
        ([["the\n"]], "the text has 'the\\n' where a word is expected"),
        ([["the", ""]], "the text has '' where a word is expected"),
        ([[["the"]]], "the text is not text: unhashable type: 'list'"),
        ("no\0where", "no\0where cannot be read: embedded null byte"),
        ("nowhere.txt", "nowhere.txt cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_text_is_refused_with_what_is_expected(text, words):
    with pytest.raises(InputError) as caught:
        Corpus(text)
    assert str(caught.value).startswith(
        f"{words}. Pass a file of text in UTF-8 or, in Python, sentences: "
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"tea\ncaf\xe9\n",
            r", line 2: expected text in UTF-8, found the byte 0xe9\. Pass a file of text in UTF-8",
        ),
        (
            gzip.compress(b"tea\n" * 9, mtime=0)[:-9],
            r" is damaged after line \d: .* Get a new copy",
        ),
        (
            gzip.compress(b"tea\n", mtime=0)[:10] + b"\xff" * 20,
            " is damaged after line 0: .* Get a new copy",
        ),
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
    """Draw the corpus anew; give it, and what is drawn next."""
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
    assert (corpus.reject_prob() == 0).all()


def test_a_copy_of_a_corpus_is_drawn_by_its_own_thinning():
    corpus = Corpus(["the cat sat on the mat"] * 9)
    for other in (copy.deepcopy(corpus), pickle.loads(pickle.dumps(corpus))):
        corpus.thinning, other.thinning = 1e-3, 1
        assert len(corpus.corpus_arrays()[0]) < len(other.corpus_arrays()[0]) == 30 * 9 * 6
        corpus.drop_corpus()
