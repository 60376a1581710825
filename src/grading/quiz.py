"""3: the answers to the quiz, read and checked."""

import string
import unittest

from sandbox.session import MissingError

from .compare import kind_of

OPTIONS = {1: "abcd", 2: "abcd", 3: "abc", 4: "abc", 5: "abcd", 6: "abc"}
QUESTIONS = {number: f"3{string.ascii_lowercase[number - 1]}" for number in OPTIONS}
DO_THIS = "return the letters alone, such as ['b', 'd']"
FILE = "quiz.py"
SHOWN = 30  # longest quotation from an answer, in characters


class AnswerError(AssertionError):
    """What was returned is no answer; the message says why in one line."""


class QuizChecks:
    """Checks for a `graderUtil.GradedTestCase` on a question of quiz.py."""

    module, question = "quiz", 0

    @property
    def function(self):
        """Name the function that answers the question."""
        return f"question_{self.question}"

    def answer(self):
        """Read the answer; without quiz.py there is none, as the course may ask online."""
        try:
            return read_answer(getattr(self.submission, self.function)(), self.question)
        except MissingError:
            if FILE in self.course.submission.package:
                raise
        missing = "not answered here (the course asks it online)"
        if self.course.has_quiz:
            missing = f"{FILE} is not handed in (points of this question: {self.at_stake})"
            if self.about.is_hidden:
                self.fail(missing)
        raise unittest.SkipTest(missing)

    def shortDescription(self):  # noqa: N802
        """Give the description with the question's number."""
        return super().shortDescription().format(self.question)


def read_answer(value, question):
    """Read an answer, such as "A, C" or ["c", "a"], as sorted letters; or raise `AnswerError`."""
    letters, options = set(), OPTIONS[question]
    value = "" if value is None else value
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, str):
            found = "".join(item.lower().replace(",", " ").split())
            place = f" in {item[:SHOWN]!a}" * (len(found) > 1)
            wrong = [f"{letter!a}{place}" for letter in found if letter not in options]
            letters.update(found)
        else:
            wrong = [kind_of(item)]
        if wrong:
            has = f"question {question}, which has {', '.join(options)}"
            raise AnswerError(f"{wrong[0]} is not an option in {has}: {DO_THIS}")
    if not letters:
        raise AnswerError(f"no answer is returned, and printing one is not enough: {DO_THIS}")
    return sorted(letters)


def check_answer(answer, key, reveal=False):
    """Say if an answer is wrong; give away neither letters nor their number."""
    right = f": it is {', '.join(key)}" if reveal else ""
    return "" if answer == key else f"the answer is not right{right}"
