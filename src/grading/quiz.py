"""Reading and judging the answers to the quiz."""

from sandbox.wire import Opaque

OPTIONS = {1: "abcd", 2: "abcd", 3: "abc", 4: "abc", 5: "abcd", 6: "abc"}
WHAT_TO_DO = "return the letters of your answer, such as ['a', 'c']"
SHOWN = 30  # longest quotation from an answer, in characters


class AnswerError(ValueError):
    """What was returned is no answer; the message says why in one line."""


def options(question):
    """Give the letters of a question's options.

    Parameters
    ----------
    question : int
        1 .. 6.

    Returns
    -------
    str
        Such as ``abcd``.
    """
    return OPTIONS[question]


def read_answer(value, question):
    """Read the answer to a question.

    Parameters
    ----------
    value : object
        What the submission returned: a list or tuple of letters, or a string of letters with
        blanks and commas or without, such as ``"A, C"``.
    question : int
        1 .. 6.

    Returns
    -------
    list of str
        The letters, small, sorted, each once.

    Raises
    ------
    AnswerError
        If there is no answer, or something in it is no option of the question.
    """
    if value is None:
        raise AnswerError(f"no answer is given: {WHAT_TO_DO}")
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    for item in items:
        if not isinstance(item, str):
            raise AnswerError(f"found {_type_of(item)} in place of letters: {WHAT_TO_DO}")
    letters = {letter for item in items for letter in item.lower()}
    letters = {letter for letter in letters if letter != "," and not letter.isspace()}
    if not letters:
        raise AnswerError(f"no answer is given: {WHAT_TO_DO}")
    for letter in sorted(letters):
        if not letter.isalpha():
            raise AnswerError(f"{_quoted(letter)} is no letter: {WHAT_TO_DO}")
        if letter not in options(question):
            has = ", ".join(options(question))
            what = f"{_quoted(letter)} is no option of question {question}"
            raise AnswerError(f"{what}: it has {has}")
    return sorted(letters)


def judge(answer, key):
    """Compare an answer with the key; give away neither letters nor their number.

    Parameters
    ----------
    answer, key : list of str
        From `read_answer`.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    return "" if answer == key else "the answer is not right"


def _type_of(value):
    name = value.type_name if isinstance(value, Opaque) else type(value).__name__
    return f"a value of type {_quoted(name)}"


def _quoted(text):
    return ascii(text if len(text) <= SHOWN else text[:SHOWN] + "...")
