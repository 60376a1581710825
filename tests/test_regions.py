"""Regions emptied, parts of the staff left out; a mark that is missing or misspelt is named."""

import pytest

from regions import MarkError, emptied, without_part

SOURCE = '''"""A file."""


def double(x):
    """Double x."""
    ### START_CODE_HERE ###
    twice = 2 * x
    return twice
    ### END_CODE_HERE ###


def run():
    for k in range(3):
        ### START_CODE_HERE ###
        print(k)
        ### END_CODE_HERE ###
        print("given")
'''

EMPTY = SOURCE.replace("twice = 2 * x\n    return twice", 'raise NotImplementedError("1z: double")')
EMPTY = EMPTY.replace("print(k)", 'raise NotImplementedError("1z: run")')


def empty(source):
    return emptied(source, "file.py", {"double": "1z", "run": "1z"})


def test_regions_are_emptied_and_all_else_stays():
    assert empty(SOURCE) == empty(EMPTY) == EMPTY
    assert emptied("x = 1  # no region\n", "file.py", {}) == "x = 1  # no region\n"


START, END = "    ### START_CODE_HERE ###\n", "    ### END_CODE_HERE ###\n"
ELSEWHERE = r"expected regions in \['double', 'run'\], found them in \["


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (SOURCE.replace(END, "", 1), "line 13: ### START_CODE_HERE ### without the other mark"),
        (SOURCE.replace(START, "", 1), "line 8: ### END_CODE_HERE ### without the other mark"),
        (SOURCE.rpartition("        ### END")[0], "line 14: .* is never followed by ### END_CODE"),
        (SOURCE.replace(START, START * 2, 1), "line 7: ### START_CODE_HERE ### without the other"),
        (SOURCE.replace("START_", "STRAT_", 1), "line 6: expected ### START_CODE_HERE ###, found"),
        (SOURCE.replace("END_CODE_", "END_CODE", 1), "line 9: expected ### END_CODE_HERE ###"),
        (SOURCE.replace("### END_CODE_HERE ###", "###END_CODE_HERE###", 1), "line 9: expected"),
        (SOURCE.replace(START, "    twice = 0  ### START_CODE_HERE ###\n", 1), "line 6: expected"),
        (SOURCE.replace("### START_", "# BEGIN ", 1), "line 6: expected"),
        (SOURCE.replace(START, "", 1).replace(END, "", 1), ELSEWHERE),
        (SOURCE.replace("def run", "def go"), ELSEWHERE),
    ],
)
def test_a_wrong_mark_is_named_with_file_and_line(source, message):
    with pytest.raises(MarkError, match=f"^file.py(, |: ){message}"):
        empty(source)


@pytest.mark.parametrize("line", ["two # {}", "two % {}", "two <!-- {} -->", "| two <!-- {} --> |"])
def test_a_part_is_left_out_or_its_marks_are(line):
    text = f"one\n% [quiz]\n1 [0]\n# [/quiz]\n{line.format('[quiz] [/quiz]')}\nthree\n"
    assert without_part(text, "a", "quiz") == "one\nthree\n"
    left = line.replace(" <!-- {} -->", "").partition(" # ")[0].partition(" % ")[0]
    assert without_part(text, "a", "quiz", is_kept=True) == f"one\n1 [0]\n{left}\nthree\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\n# [staff]\ntwo\n", 2),
        ("one\n# [/staff]\n", 2),
        ("# [staff]\none\n# [staff]\n# [/staff]\n", 3),
        ("# [staff]\none # [staff] [/staff]\n# [/staff]\n", 2),
    ],
)
def test_a_part_without_end_or_beginning_is_named(text, line):
    with pytest.raises(MarkError, match=rf"^a, line {line}: "):
        without_part(text, "a", "staff")


# Written answers

ANSWERS = r"""\begin{document}
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
ROOM = "% Write your answer here.\n\\vspace{8cm}\n"


def empty_answers(source):
    return emptied(source, "file.tex", {"1a": "1a", "1b": "1b"})


def test_answers_are_emptied_and_all_else_stays():
    expected = ANSWERS.replace("Because $1 + 1 = 2$.\n", "")
    expected = expected.replace("HERE ###\n% ### END", f"HERE ###\n{ROOM}% ### END")
    assert empty_answers(ANSWERS) == empty_answers(expected) == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("% ### START_CODE_HERE ###\nB", "% ## START_CODE_HERE ###\nB", "line 3: expected ### S"),
        ("{1b}", "{1c}", r"expected regions in \['1a', '1b'\], found them in \['1a', '1c'\]"),
        ("{A title}\n", "{A title}\nBecause\n", r"line 4: expected \\begin{answer} just before it"),
        ("###\n\\end{answer}\n\n", "###\nx\n\\end{answer}\n\n", r"line 6: expected \\end{answer}"),
    ],
)
def test_wrong_marks_of_answers_are_named(old, new, message):
    assert ANSWERS.count(old) == 1
    with pytest.raises(MarkError, match=message):
        empty_answers(ANSWERS.replace(old, new))
