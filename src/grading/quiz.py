"""3: the answers to the quiz, read and judged."""

import unittest

from sandbox.session import MissingError
from sandbox.wire import Opaque

OPTIONS = {1: "abcd", 2: "abcd", 3: "abc", 4: "abc", 5: "abcd", 6: "abc"}
WHAT_TO_DO = "return the letters of your answer, such as ['b', 'd']"
LETTERS_ALONE = "return the letters alone, such as ['b', 'd']"
UNANSWERED = "not answered here (the course asks it online)"
FILE = "quiz.py"
SHOWN = 30  # longest quotation from an answer, in characters


class AnswerError(ValueError):
    """What was returned is no answer; the message says why in one line."""


class QuizChecks:
    """Checks for a `graderUtil.GradedTestCase` on a question of quiz.py."""

    module, question = "quiz", 0

    def answer(self, package):
        """Read an answer; without quiz.py there is none, as the course may ask online."""
        try:
            return read_answer(getattr(package, f"question_{self.question}")(), self.question)
        except MissingError:
            solution = self.course.solution
            if FILE in self.course.submission.package:
                raise
            if not solution or FILE not in solution.package:
                raise unittest.SkipTest(UNANSWERED) from None
        points = f"{self.at_stake} point{'s' * (self.at_stake != 1)}"
        missing = f"{FILE} is not handed in: this question is worth {points}"
        if self.about.is_hidden:
            self.fail(missing)
        raise unittest.SkipTest(missing)

    def shortDescription(self):  # noqa: N802
        """Give the description with the question's number."""
        return super().shortDescription().format(self.question)


def read_answer(value, question):
    """Read what may be anything as letters, small, sorted, each once; raise `AnswerError`.

    They come as a list or tuple of letters, or as a string of letters with blanks and commas or
    without, such as ``"A, C"``.
    """
    if value is None:
        raise AnswerError(f"no answer is returned, and printing one is not enough: {WHAT_TO_DO}")
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    letters = set()
    for item in items:
        if not isinstance(item, str):
            raise AnswerError(f"found {_type_of(item)} in place of letters: {WHAT_TO_DO}")
        letters.update(_letters_of(item, question))
    if not letters:
        raise AnswerError(f"no answer is given: {WHAT_TO_DO}")
    return sorted(letters)


def judge(answer, key, reveal=False):
    """Say if an answer is wrong; give away neither letters nor their number."""
    right = f": it is {', '.join(key)}" if reveal else ""
    return "" if answer == key else f"the answer is not right{right}"


def _letters_of(text, question):
    """Give the letters of a text; raise `AnswerError` if it holds anything else."""
    letters = [letter for letter in text.lower() if letter != "," and not letter.isspace()]
    place = f" in {_quoted(text)}" if len(letters) > 1 else ""
    for letter in letters:
        if not letter.isalpha():
            raise AnswerError(f"{_quoted(letter)}{place} is no letter: {LETTERS_ALONE}")
        if letter not in OPTIONS[question]:
            has = f"is no option of question {question}, which has {', '.join(OPTIONS[question])}"
            raise AnswerError(f"{_quoted(letter)}{place} {has}: {LETTERS_ALONE}")
    return letters


def _type_of(value):
    name = value.type_name if isinstance(value, Opaque) else type(value).__name__
    return f"a value of type {_quoted(name)}"


def _quoted(text):
    return ascii(text if len(text) <= SHOWN else text[:SHOWN] + "...")
