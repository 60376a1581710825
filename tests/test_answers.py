"""Written answers emptied; a mark that is missing or misspelt is named."""

import pytest

from answers import emptied_answers
from regions import MarkError

SOURCE = r"""\begin{document}
\begin{answer}{1a}{A title}
% ### START_CODE_HERE ###
Because $1 + 1 = 2$.
% ### END_CODE_HERE ###
\end{answer}

\begin{answer}{1b}{Another}
% ### START_CODE_HERE ###
% ### END_CODE_HERE ###
\end{answer}
\end{document}
"""
ROOM = "HERE ###\n% Write your answer here.\n\\vspace{8cm}\n% ### END"
EMPTY = SOURCE.replace("Because $1 + 1 = 2$.\n", "").replace("HERE ###\n% ### END", ROOM)


def empty(source):
    return emptied_answers(source, "file.tex", ["1a", "1b"])


def test_answers_are_emptied_and_all_else_stays():
    assert EMPTY.count(ROOM) == 2
    assert empty(SOURCE) == EMPTY
    assert empty(EMPTY) == EMPTY


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("### START_CODE_HERE ###\nB", "## START_CODE_HERE ###\nB", "line 2: expected % ### START"),
        ("% ### START_CODE_HERE ###\n%", "%", "line 8: expected % ### START_CODE_HERE ### and % #"),
        ("2$.\n% ### END_CODE_HERE ###", "2$.\n", "line 2: expected % ### START_CODE_HERE ### and"),
        ("{1b}", "{1c}", r"expected answers to \['1a', '1b'\], found \['1a', '1c'\]"),
    ],
)
def test_wrong_marks_are_named(old, new, message):
    assert SOURCE.count(old) == 1
    with pytest.raises(MarkError, match=message):
        empty(SOURCE.replace(old, new))
