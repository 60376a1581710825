"""What is wrong, in a sentence, and what a class has in common."""

import json
import re

import pytest
from classes import hand_in
from hostile.fixture import vectors
from mistakes import MISTAKES, QUIZ_MISTAKES, VECTORS_MISTAKES, Style, WrongVectors, apply

from diagnoses import mistakes, sentence_of
from gradebook import Graded, read_results

AT = "differs most at [1, 2]: yours is -0.16, expected 0.64."
HIDDEN = "differs most at [0]: yours is 1e-05."
OF_V, OF_U = (
    f"naive softmax: the gradient of the {part}" for part in ("center vector", "outside vectors")
)


@pytest.mark.parametrize(
    ("kind", "message", "sentence"),
    [
        ("AssertionError", f"sigmoid {AT} It is sigma(-x).", "sigmoid: It is sigma(-x)."),
        ("AssertionError", f"{OF_V} {AT} It is negated.", f"{OF_V}: It is negated."),
        ("AssertionError", f"{OF_V} {HIDDEN}\n{OF_U} {HIDDEN}\nIt is the gradient of y.",
         "naive softmax: It is the gradient of y."),
        ("AssertionError", f"{OF_V} {AT}\n{OF_U} {AT} It is negated.", f"{OF_U}: It is negated."),
        ("AssertionError", f"{OF_V} {AT}\n{OF_U} {AT}", f"{OF_V} {AT}"),
        ("AssertionError", f"{OF_V} has shape (3, 5), expected shape (5, 3). It is transposed.",
         f"{OF_V}: It is transposed."),
        ("AssertionError", "sigmoid is nan. It is nan where x is large.", "sigmoid: It is nan where x is large."),
        ("AssertionError", "sgd: x after iteration 20,001 differs: yours is 1. The step is 2 times the right one.",
         "sgd: x after iteration 20,001: The step is 2 times the right one."),
        ("AssertionError", "skipgram hands the loss other words: [0, 1], expected [1, 0].\n"
         f"skipgram with a linear loss: the loss {HIDDEN}\nIt is the sum of the first.",
         "skipgram: It is the sum of the first."),
        ("AssertionError", f"skipgram hands the loss other words: [0, 1], expected [1, 0].\nskipgram: the loss {AT}",
         "skipgram hands the loss other words."),
        ("AssertionError", f"sampling {AT}\nsampling is given: put its original lines back.",
         "sampling is given: put its original lines back."),
        ("AssertionError", f"sigmoid {AT}\nThe smallest case that fails: sigmoid(1).\nsigmoid {AT} It is 2.", f"sigmoid {AT}"),
        ("AssertionError", f"sample.json: the vector of 'cool' {HIDDEN} 2 of 24 words differ.",
         "sample.json: the vector of 'cool': 2 of 24 words differ."),
        ("AssertionError", "sample.json: the vector of 'cool' has shape (9,), expected shape (10,). Run data/fetch.py.",
         "sample.json: the vector of 'cool' has shape (9,), expected shape (10,). Run data/fetch.py."),
        ("NameError", "name 'g' is not defined", "sgd.py: NameError: name 'g' is not defined"),
        ("ValueError", "operands (5,3) (3,5) (here x has shape (5, 3), y has shape (3, 5)). Where?",
         "sgd.py: ValueError: operands (5,3) (3,5). Where?"),
        ("", "sgd is not written yet: ../../tmp/x y/sgd.py:32", "sgd is not written yet"),
        ("AttributeError", "the submission has no function sgd", "the submission has no function sgd"),
        ("MissingError", "the submission has no function sgd", "the submission has no function sgd"),
        ("AssertionError", "sgd \x1b[1m\n", "sgd \\x1b[1m"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_the_sentence_that_says_most_is_told(kind, message, sentence):
    assert sentence_of({"kind": kind, "message": message, "file": "sgd.py"}) == sentence


def a_class(*sentences):
    """Make a class: for each submission its sentences by test, or one of test 2a-0-basic."""
    for number, said in enumerate(sentences):
        said = said if isinstance(said, dict) else {"2a-0-basic": said}
        yield hand_in(f"s{number}"), Graded("graded", {}, {}, sentences=said)


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("x.py: NameError: name 'g' is not defined. Did you mean: f?", "x.py: NameError: name 'h' is not defined.",
         "x.py: NameError: name … is not defined."),
        ("x.py: SyntaxError: ends on line 28", "x.py: SyntaxError: ends on line 7", "x.py: SyntaxError: ends on line …"),
        (f"sgd: x {AT}", "sgd: x differs: yours is 3.", "2a: sgd: x differs."),
        ("sgd: It is 1/50 times the right value.", "sgd: It is -2 times the right value.", "2a: sgd: It is … times the right value."),
        ("no function sgd. x.py has Sgd: rename it to sgd.", "no function sgd. x.py has sdg: rename it to sgd.",
         "2a: no function sgd. x.py has …: rename it to sgd."),
        ("UploadError: /in/ada has no sgd.py, but x.py. Hand in", "UploadError: bob.zip has no sgd.py, but 2 more. Hand in",
         "unreadable: it has no sgd.py"),
        ("sgd: 3 calls in 1,000 iterations, of word2vec.", "sgd: 3 calls in 30 iterations, of word2vec.", "2a: sgd: 3 calls in … iterations, of word2vec."),
    ],
)  # fmt: skip
def test_what_differs_in_numbers_and_names_only_is_one_mistake(one, other, shown):
    found = mistakes(a_class("x.py: E: another one", one, other))
    assert [(sentence, len(who)) for sentence, _, who in found][:1] == [(shown, 2)]
    assert len(found) == 2


def test_mistakes_that_differ_in_words_are_two_and_the_most_common_is_first():
    said = "sgd: It is negated.", "sigmoid: It is negated.", "sgd: It is zero.", "sgd: It is zero."
    found = [
        (sentence, tests, [one.name for one in who])
        for sentence, tests, who in mistakes(a_class(*said))
    ]
    assert found == [
        ("2a: sgd: It is zero.", ("2a-0-basic",), ["s2", "s3"]),
        ("2a: sgd: It is negated.", ("2a-0-basic",), ["s0"]),
        ("2a: sigmoid: It is negated.", ("2a-0-basic",), ["s1"]),
    ]


def test_a_consequence_is_no_mistake_of_its_own():
    said = {
        "2a-0": "skipgram: It is the sum of what naive_softmax_loss gives: the mistake is there.",
        "2a-1": f"naive softmax: the loss {AT}",
        "2a-2": "naive softmax: the loss: It is zero.",
        "2a-3": "sigmoid: It is right but for a constant factor.",
        "2a-4": "sigmoid: It is 2 times the right value.",
        "2a-5": f"skipgram: the loss {AT}",
        "3a-1": "the answer is not right",
        "3b-1": "the answer is not right",
        "3c-0": "quiz.py: NameError: name 'b' is not defined",
        "3d-0": "quiz.py: NameError: name 'b' is not defined",
    }
    found = {sentence: " ".join(tests) for sentence, tests, _ in mistakes(a_class(said))}
    assert found == {
        "2a: naive softmax: the loss: It is zero.": "2a-0 2a-1 2a-2",
        "2a: sigmoid: It is 2 times the right value.": "2a-3 2a-4",
        "2a: skipgram: the loss differs.": "2a-5",
        "3a: the answer is not right": "3a-1",
        "3b: the answer is not right": "3b-1",
        "quiz.py: NameError: name 'b' is not defined": "3c-0 3d-0",
    }


# A made class: how many hand in which mistake, and what its row says

MADE = {
    "sigmoid: of -x": (3, "2a: sigmoid: It is sigma(-x)."),
    "sigmoid: of numbers only": (1, "word2vec.py: TypeError: only"),
    "softmax: no one-hot subtracted": (2, "2a: naive softmax: It is the gradient with no one-hot vector y subtracted."),
    "softmax: center gradient halved": (1, "2a: naive softmax: the gradient of the center vector: It is 1/2 times the right value."),
    "sampling: loss without negatives": (2, "2a: neg_sampling_loss_and_gradient is given"),
    "skip-gram: last word only": (2, "2a: skipgram: It is that of the last outside word only."),
    "sgd: uphill": (1, "2b: sgd: x after iteration 1: It is x + step * gradient, which goes uphill."),
    "annealing: never": (2, "2b: sgd: x after iteration 20,001: The step is 2 times the right one"),
    "question 1: a letter missing": (1, "3a: the answer is not right"),
    "question 2: a letter too many": (2, "3b: the answer is not right"),
    "no file": (1, "sample_vectors_(soln).json is missing."),
}  # fmt: skip


@pytest.mark.slow
def test_a_made_class_comes_back_exactly(tmp_path, grade):
    table = {row.name: row for row in (*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES)}
    rows, expected, results = [], {}, tmp_path / "results.json"
    for name, (count, sentence) in MADE.items():
        row = table[name]
        for number in range(count):
            path, content = tmp_path / f"{name} {number}".replace(":", ""), vectors().encode()
            if isinstance(row, WrongVectors):
                row, content = Style("", ()), row.content(json.loads(content))
            told = grade(apply(row, path), vectors=content).results
            for entry in told["tests"]:
                shown = re.search(r"yours is \S+, expected", json.dumps(entry))
                assert not (shown and entry["number"].endswith("hidden")), entry
            results.write_text(json.dumps(told))
            rows.append((hand_in(path.name), read_results(results)))
            expected.setdefault(sentence, []).append(path.name)
    counted = mistakes(rows)
    assert len(counted) == len(expected)
    for sentence, names in expected.items():
        (row,) = (row for row in counted if row.sentence.startswith(sentence))
        assert [one.name for one in row.hand_ins] == names
