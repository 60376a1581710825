"""2c: each damage of the vectors file has a line of its own; whatever the file, it is one line."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import run
from grading.vectors import DIM, FILE, MAX_BYTES, OF_SAMPLE, PUBLISHED, REMEDY, check_vectors
from utils.plotting import PLOTTED_WORDS
from utils.treebank_files import SAMPLE

ALL = {word: [i + j / 10 for j in range(DIM)] for i, word in enumerate(PLOTTED_WORDS)}


def check(found, expected=PUBLISHED, **options):
    """Check a file that holds this."""
    data = found if found is None or isinstance(found, bytes) else json.dumps(found).encode()
    message = check_vectors(data, expected, **{"rtol": 1e-3, "atol": 0, **options})
    assert message.isprintable()  # so it is one line
    assert len(message) < 600
    return message


def with_entry(text):
    """Write a file in which one entry is this text."""
    return json.dumps(PUBLISHED).replace(str(PUBLISHED["cool"][3]), text).encode()


# Right vectors


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(PUBLISHED, indent=1).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + json.dumps(PUBLISHED).encode(),
        json.dumps({"caf\ud800": 1, **PUBLISHED}).encode(),
        json.dumps(PUBLISHED).replace("{", '{"cool": 3, ', 1).encode(),
        ALL | PUBLISHED,
    ],
)
def test_how_the_file_is_written_does_not_matter(data):
    assert check(data) == ""
    assert FILE == run.SAMPLE_VECTORS


@pytest.mark.parametrize(
    ("rtol", "atol", "allowed"), [(1e-3, 0, 9.1e-4), (0, 1e-3, 1e-3), (1e-3, 1e-3, 1.91e-3)]
)
def test_an_entry_may_differ_by_the_tolerances_and_no_more(rtol, atol, allowed):
    for share, is_right in ((0.99, True), (-0.99, True), (1.02, False), (-1.02, False)):
        vector = [*PUBLISHED["female"]]
        vector[4] += share * allowed  # from -0.91
        message = check(PUBLISHED | {"female": vector}, rtol=rtol, atol=atol)
        assert ("the vector of 'female' differs most at [4]: yours" in message) != is_right
        assert bool(message) != is_right


# Damaged files: what the table of mistakes does not have

NOT_JSON = " is not the JSON that run.py writes: "
OF_COOL = ": the vector of 'cool' "
FIRST_AT_3 = "in 1 of 10 places, first at [3]."


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b" " * MAX_BYTES + b"{}", f"{NOT_JSON}too large, 1,048,578 bytes, expected at most 1,048,576."),
        (b'{"female": [1,\n 2, "x', f"{NOT_JSON}Unterminated string starting at: line 2 column 5 (char 19)."),
        (b"[" * 500_000, f"{NOT_JSON}maximum recursion depth exceeded while decoding a JSON array from a unicode string."),
        (PUBLISHED | {"cool": {"x": 1}}, f"{OF_COOL}is a value of type dict, expected numbers of shape (10,)."),
        (PUBLISHED | {"cool": [PUBLISHED["cool"]] * 2}, f"{OF_COOL}has shape (2, 10), expected shape (10,)."),
        (with_entry("NaN"), f"{OF_COOL}is nan {FIRST_AT_3}"),
        (with_entry("-1e999"), f"{OF_COOL}is -inf {FIRST_AT_3}"),
        (with_entry("1" * 500_000), f"{OF_COOL}is inf {FIRST_AT_3}"),
        (with_entry("[1]"), f"{OF_COOL}is a list whose parts differ in shape, expected numbers of shape (10,)."),
        (with_entry('"0.1\N{DEGREE SIGN}"'), f"{OF_COOL}holds something that is not a number, expected numbers of shape (10,)."),
    ],
    ids=["too large", "cut off", "deep", "object", "twice", "nan", "infinite", "long", "list", "text"],
)  # fmt: skip
def test_each_damage_has_its_line(found, problem):
    assert check(found) == f"{FILE}{problem} {REMEDY}"


def test_words_without_an_expected_vector_must_be_there_with_ten_numbers():
    assert check(ALL | PUBLISHED, words=PLOTTED_WORDS) == ""
    assert "no vector of 'great': 22 of 24" in check(PUBLISHED, words=PLOTTED_WORDS)
    short = ALL | PUBLISHED | {"tea": [1.0]}
    assert "the vector of 'tea' has shape (1,)" in check(short, words=PLOTTED_WORDS)
    assert check({"cool": PUBLISHED["cool"]}, words=["cool"]) == ""


# Other vectors

SAMPLE_VECTORS = {word: begin + [0.5] * 7 for word, begin in OF_SAMPLE.items()}
OF_OTHERS = dict(zip(PUBLISHED, reversed(PUBLISHED.values()), strict=True))
BARELY = {word: [0.05, -0.05] * 5 for word in PUBLISHED}
FEW_MOVED = {word: [0.05 + (i < 9) / 2] * DIM for i, word in enumerate(ALL)}
HALF_MOVED = FEW_MOVED | dict(list(ALL.items())[:14])
NOT_SAMPLES = {word: vector for word, vector in ALL.items() if word not in OF_SAMPLE}


@pytest.mark.parametrize(
    ("found", "expected", "words", "is_so"),
    [
        (ALL | SAMPLE_VECTORS, ALL, f"They are those of the sample treebank. {REMEDY}", True),
        ({word: [1.0] * DIM for word in ALL}, NOT_SAMPLES, "sample treebank", False),
        ({word: [1.0] * DIM for word in ALL}, ALL, "24 of 24 words differ", True),
        (BARELY, PUBLISHED, "They are barely trained. Likely causes: fewer iterations than 40,000", True),
        (BARELY | {"cool": [0.05] * 9 + [-0.7]}, PUBLISHED, "barely", False),
        (FEW_MOVED, ALL, "barely", True),
        (HALF_MOVED, ALL, "barely", False),
        ({word: [3 * x for x in v] for word, v in PUBLISHED.items()}, PUBLISHED, "same vector", False),
        (OF_OTHERS, PUBLISHED, f"2 of 2 words differ from those published. The vectors are those of other words. {REMEDY}", True),
        (OF_OTHERS | {"cool": [0.5] * DIM}, PUBLISHED, "other words", False),
    ],
)  # fmt: skip
def test_other_vectors_are_told_likely_causes(found, expected, words, is_so):
    assert (words in check(found, expected)) == is_so


def test_vectors_near_those_of_the_sample_treebank_are_not_taken_for_them():
    for word, begin in OF_SAMPLE.items():
        for i, change in itertools.product(range(3), (0.01, -0.01)):
            other = [*begin[:i], begin[i] + change, *begin[i + 1 :], *[0.5] * 7]
            assert "sample treebank" not in check(SAMPLE_VECTORS | {word: other})


def test_only_on_request_the_worst_entry_is_shown_with_what_was_expected():
    moved = [x + (0.2 if i == 4 else 0.1) for i, x in enumerate(PUBLISHED["cool"])]
    for reveal in (True, False):
        shown = f", expected {PUBLISHED['cool'][4]:.6g}" * reveal
        assert check(PUBLISHED | {"cool": moved}, reveal=reveal) == (
            f"{FILE}: the vector of 'cool' differs most at [4]: yours is {moved[4]:.6g}{shown}. "
            "1 of 2 words differ from those published. Likely causes: another treebank, fewer "
            "iterations (--iterations), other options, a changed random seed, or functions that "
            "differ."
        )


def trained(folder, *options):
    """Train by run.py; give the file of vectors."""
    assert run.main(["--output", str(folder), *map(str, options)]) == 0
    return (folder / FILE).read_bytes()


@pytest.mark.slow
def test_vectors_of_runs_are_told_apart(tmp_path, capsys, real_treebank):
    real = trained(tmp_path / "real", "--data", real_treebank)
    assert check(real, words=PLOTTED_WORDS) == ""
    assert "sample treebank" in check(trained(tmp_path / "sample", "--data", SAMPLE))
    few = trained(tmp_path / "few", "--data", real_treebank, "--iterations", 1_000)
    expected = json.loads(real)
    assert "barely trained" in check(few, expected)
    fewer = trained(tmp_path / "fewer", "--data", real_treebank, "--iterations", 20_000)
    assert "24 of 24 words differ from those published. Likely causes" in check(fewer, expected)
    capsys.readouterr()


# Whatever the file holds

texts = st.text() | st.sampled_from(["female", "cool", "\ud800", "\u2028"])
numbers = st.floats() | st.integers() | st.integers(10**400, 10**401)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=5,
)
files = st.fixed_dictionaries(
    {word: values | st.lists(numbers | values, min_size=DIM, max_size=DIM) for word in PUBLISHED}
)


@settings(max_examples=50)
@given(values | files | st.binary())
def test_anything_gets_one_line(found):
    assert check(found) != ""
    assert check(found, reveal=True) != ""


@given(st.data())
def test_damage_anywhere_gets_one_line_or_does_no_harm(data):
    content = bytearray(json.dumps(PUBLISHED).encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(content))
    check(bytes(content[: data.draw(st.integers(0, len(content)))]))
