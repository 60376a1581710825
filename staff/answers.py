"""The answers to the written questions, emptied for the student release."""

import re

from regions import END, START, MarkError

ROOM = "% Write your answer here.\n\\vspace{8cm}\n"  # in place of an answer
BEGIN = r"(?m)^(?=\\begin\{answer\})"
ANSWER = re.compile(
    rf"(\\begin\{{answer\}}\{{(\w+)\}}.*\n% {START}\n)(?:.*\n)*?(% {END}\n\\end\{{answer\}}\n)"
)


def emptied_answers(source, name, questions):
    """Empty the answers in a LaTeX file: each becomes room to write.

    Raises `MarkError` if a mark is missing or misspelt, or other questions are answered than these.
    """
    before, *answers = re.split(BEGIN, source)
    found, line = [], before.count("\n") + 1
    for answer in answers:
        match = ANSWER.match(answer)
        if not match:
            expected = f"expected % {START} and % {END} inside of the answer"
            raise MarkError(f"{name}, line {line}: {expected}")
        found.append(match[2])
        line += answer.count("\n")
    if found != questions:
        raise MarkError(f"{name}: expected answers to {questions}, found {found}")
    return ANSWER.sub(lambda match: match[1] + ROOM + match[3], source)
