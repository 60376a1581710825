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
EMPTY = r"""\begin{document}
\begin{answer}{1a}{A title}
% ### START_CODE_HERE ###
% Write your answer here.
\vspace{8cm}
% ### END_CODE_HERE ###
\end{answer}

\begin{answer}{1b}{Another}
% ### START_CODE_HERE ###
% Write your answer here.
\vspace{8cm}
% ### END_CODE_HERE ###
\end{answer}
\end{document}
"""


def empty(source):
    return emptied_answers(source, "file.tex", ["1a", "1b"])


def test_answers_are_emptied_and_all_else_stays():
    assert empty(SOURCE) == EMPTY
    assert empty(EMPTY) == EMPTY


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("% ### START_CODE_HERE ###\nB", "% ## START_CODE_HERE ###\nB", "line 2: expected % ### S"),
        ("% ### START_CODE_HERE ###\n%", "%", "line 8: expected % ### START_CODE_HERE ###"),
        ("2$.\n% ### END_CODE_HERE ###", "2$.\n", "line 2: expected % ### S"),
        ("{1b}", "{1c}", r"expected answers to \['1a', '1b'\], found \['1a', '1c'\]"),
        ("% ### START_CODE_HERE ###\nB", "B", "line 2: expected"),
    ],
)
def test_wrong_marks_are_named(old, new, message):
    assert SOURCE.count(old) == 1
    with pytest.raises(MarkError, match=message):
        empty(SOURCE.replace(old, new))
