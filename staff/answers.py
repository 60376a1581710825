"""The answers to the written questions, emptied for the student release."""

import re

from regions import END, START, MarkError

ROOM = "% Write your answer here.\n\\vspace{8cm}\n"  # in place of an answer
BEGIN = r"\begin{answer}"
ANSWER = re.compile(
    rf"({re.escape(BEGIN)}\{{(\w+)\}}[^\n]*\n% {START}\n).*?(?=% {END}\n\\end\{{answer\}}\n)",
    re.DOTALL,
)


def emptied_answers(source, name, questions):
    """Empty the answers: each becomes room to write.

    Parameters
    ----------
    source : str
        Text of a LaTeX file; the marks of its regions are comments, right inside of an ``answer``.
    name : str
        What messages call it.
    questions : list of str
        The questions that have an answer, such as ``1a``.

    Returns
    -------
    str
        The text without the answers.

    Raises
    ------
    MarkError
        If a mark is missing or misspelt, or the answers are not those of the questions.
    """
    place, found = 0, []
    for answer in re.split(rf"(?m)^(?={re.escape(BEGIN)})", source)[1:]:
        match = ANSWER.match(answer)
        place = source.index(answer, place)
        if not match:
            line = source[:place].count("\n") + 1
            raise MarkError(
                f"{name}, line {line}: expected % {START} and % {END} inside of the answer"
            )
        found.append(match[2])
    if found != questions:
        raise MarkError(f"{name}: expected answers to {questions}, found {found}")
    return ANSWER.sub(lambda match: match[1] + ROOM, source)
