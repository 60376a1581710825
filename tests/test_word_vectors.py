"""Word vectors, and files of them: written, read back, refused with the line that is wrong."""

import bz2
import gzip
import lzma
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.utils import InputError
from utils.word_vectors import WordVectors, read_word_vectors, to_word2vec_text

words = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "some vectors.txt"


def table():
    numbers = st.floats(-1e100, 1e100)
    rows = st.integers(1, 4).map(lambda dim: st.lists(numbers, min_size=dim, max_size=dim))
    return rows.flatmap(lambda row: st.dictionaries(words, row, min_size=1, max_size=5))


@given(table())
def test_word2vec_text_is_read_back_bit_for_bit(tmp_path_factory, vectors):
    file = tmp_path_factory.mktemp("vectors") / "v.txt"
    file.write_text(to_word2vec_text(vectors), encoding="utf-8", newline="")
    found = read_word_vectors(file, set(vectors))
    assert list(found) == list(vectors)
    for word, vector in vectors.items():
        assert found[word].tobytes() == np.array(vector, float).tobytes()


def test_only_the_words_asked_for_are_kept(file):
    file.write_text("3 1\ntea 1\ncoffee 2\nrain 3\n")
    assert read_word_vectors(file, {"rain": 0, "tea": 1, "snow": 2}) == {"tea": [1], "rain": [3]}
    assert read_word_vectors(file, {"snow"}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1 2 \ntea 1 2 \n",  # as the first word2vec wrote it
        "1 2\ntea 1 2",
        "2 2\ntea 1 2\ntea 3 4\n",
        "\ufeff1 2\ntea 1 2\n",
        "2 2\ntea 1e0 +2.\nnew\u00a0york 3 4\n",
        "tea 1 2\ncoffee 3 4\n",  # GloVe's
        "3 2\n. . . 3 4\ntea 1 2\nat name@domain.com 5 6\n",
        "\ufefftea 1 2\n\n\n",
        "1 2\ntea\t1\t2\n",
        "tea  1  2\r\n",
        "caf\udce9 3 4\ntea 1 2\n",  # in Latin-1
        "7 3 4\ntea 1 2\n",
        "2 2\nTea 3 4\ntea 1 2\n",
        "Tea 1 2\nTEA 3 4\n",  # capitals only
        "# 3 4\ntea 1 2\n",
    ],
)
def test_what_others_write_is_read(file, text):
    content = text.encode("utf-8", "surrogateescape")
    file.write_bytes(content)
    found = read_word_vectors(file, {"tea"})
    assert {word: vector.tolist() for word, vector in found.items()} == {"tea": [1, 2]}
    file.write_bytes(gzip.compress(content))
    assert read_word_vectors(file, {"tea"})["tea"].tolist() == [1, 2]


def test_a_large_file_takes_little_memory(file):
    file.write_text("".join(f"word{i} {'0.5 ' * 50}\n" for i in range(3000)))
    tracemalloc.start()
    read_word_vectors(file, {"word2999": 0})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < file.stat().st_size / 4


BAD = {
    "empty": (b"", 1, "a word and its vector"),
    "words alone": (b"two three\n", 1, "a word and its vector"),
    "rows that differ": (b"tea 1 2\nrain 1\n", 2, "a word and 2 numbers"),
    "NaN in the first row": (b"tea nan 1\nrain 1 2\n", 1, "finite numbers up to 1e100"),
    "no vectors": (b"0 2\n", 1, "at least one"),
    "no numbers": (b"1 0\ntea\n", 1, "at least one"),
    "too few numbers": (b"2 2\ntea 1 2\nrain 1\n", 3, "a word and 2 numbers"),
    "too many numbers": (b"2 2\ntea 1 2\nrain 1 2 3\n", 3, "a word and 2 numbers"),
    "no number": (b"1 2\ntea 1 x\n", 2, "finite numbers up to 1e100, found 'x'"),
    "infinite": (b"1 2\ntea 1e999 1\n", 2, "finite numbers up to 1e100, found '1e999'"),
    "a huge number": (b"1 2\ntea 1e200 1\n", 2, "finite numbers up to 1e100"),
    "an underscore": (b"1 2\ntea 1_0 1\n", 2, "finite numbers"),
    "digits of others": ("1 2\ntea \u0661 1\n".encode(), 2, "finite numbers"),
    "a header of many digits": (b"1" * 5000 + b" 2\ntea 1 2\n", 2, "a word and 1 numbers"),
    "an empty line amid": (b"2 2\ntea 1 2\n\nrain 1 2\n", 3, "a word and 2 numbers"),
    "cut off": (b"3 2\ntea 1 2\nrain 3 4\n", 3, "ends after 2 vectors, but line 1 promises 3"),
    "joined": (b"1 2\ntea 1 2\nrain 3 4\n", 3, "2 vectors, but line 1 promises 1"),
    "a long line": (b"1 2\n" + b"x" * 10_000, 2, f"found '{'x' * 45}...'."),
}


@pytest.mark.parametrize(("content", "line", "words"), BAD.values(), ids=list(BAD))
def test_a_malformed_file_is_refused_with_its_line(file, content, line, words):
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_word_vectors(file, {"tea"})
    message = str(caught.value)
    assert message.startswith(f"{file}, line {line}: ")
    assert words in message
    assert "\n" not in message
    assert len(message) < len(str(file)) + 200


BINARY = r"is not text in UTF-8\. If it is in word2vec's binary format, let gensim make text of it"
PACKED = gzip.compress(b"tea 1 2\n" * 5000, mtime=0)
FLOATS = np.linspace(0, 1, 5000).tobytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"1 2\ntea " + np.array([1, 0.1], "float32").tobytes() + b"\n", BINARY),
        (FLOATS, BINARY),
        ("tea 1 2\n".encode("utf-16"), BINARY),
        (bz2.compress(b"tea 1 2\n"), r"is an archive\. Unpack it"),
        (lzma.compress(b"tea 1 2\n"), r"is an archive\. Unpack it"),
        (b"PK\x03\x04 tea", r"is an archive\. Unpack it"),
        (b"\x1f\x8b nonsense", r"is damaged after line 0: .* Get a new copy\."),
        (PACKED[:-9], r"is damaged after line \d+: .* Get a new copy\."),
        (None, r"cannot be read: No such file or directory\. Pass another file\."),
    ],
)
def test_what_is_no_text_is_named(file, content, told):
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=f"^{re.escape(str(file))} {told}"):
        read_word_vectors(file, {"tea"})


@pytest.fixture
def trained():
    words = ["rain", "tea", "snow", "coffee", "UNK"]
    vectors = np.array([[1.0, 0], [0, 1], [2, 0.1], [0.1, 3], [0, 0]])
    return WordVectors(words, vectors, -vectors, np.array([2, 9, 9, 1, 1]), 9.8122)


def test_a_word_has_a_vector(trained):
    assert trained["snow"].tolist() == [2, 0.1]
    assert "snow" in trained
    assert list(trained) == trained.words
    assert len(trained) == 5
    trained["snow"][:] = 7  # changes a copy
    assert trained["snow"].tolist() == [2, 0.1]
    assert "hail" not in trained
    assert repr(trained) == "<WordVectors: 5 words, dim 2, loss 9.812>"
    assert repr(replace(trained, loss=None)) == "<WordVectors: 5 words, dim 2>"


def test_a_word_that_is_not_there_is_told_with_those_like_it(trained):
    with pytest.raises(
        KeyError, match=r"'cofee' is not a word of the text\. Did you mean 'coffee'\?"
    ):
        trained["cofee"]
    with pytest.raises(KeyError, match=r"'xyz' is not a word of the text.\"$"):
        trained.neighbors("xyz")


def test_neighbors_are_those_with_the_largest_cosine(trained):
    found = trained.neighbors("rain")
    assert [word for word, _ in found] == ["snow", "coffee", "tea"]  # "UNK" is no word
    for word, cosine in found:
        a, b = trained["rain"], trained[word]
        assert cosine == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)))
    assert [word for word, _ in trained.neighbors("rain", 2)] == ["snow", "coffee"]
    assert [word for word, _ in trained.neighbors("rain", 9, min_frequency=2)] == ["snow", "tea"]
    assert trained.neighbors("rain", 0) == trained.neighbors("rain", -1) == []


def test_a_vector_has_neighbors_too(trained):
    found = trained.neighbors(trained["rain"] - trained["tea"] + trained["coffee"], 9)
    assert [word for word, _ in found] == ["coffee", "tea", "snow", "rain"]
    assert trained.neighbors(trained["rain"])[1:] == trained.neighbors("rain")


@pytest.mark.parametrize("wrong", [7, None, ["rain"], np.ones(3), np.ones((2, 2))])
def test_what_is_neither_a_word_nor_a_vector_has_no_neighbors(trained, wrong):
    with pytest.raises(InputError, match=r"^neighbors takes a word, or a vector of 2 numbers, not"):
        trained.neighbors(wrong)


def test_saved_words_come_by_falling_frequency_and_unk_last(trained, tmp_path):
    file = tmp_path / "v.txt"
    trained.save(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["5", "tea", "snow", "rain", "coffee", "UNK"]
    found = read_word_vectors(file, set(trained.words))
    for word in trained.words:
        assert found[word].tobytes() == trained[word].tobytes()
    with pytest.raises(InputError, match="cannot be written"):
        trained.save(tmp_path / "no folder" / "v.txt")
