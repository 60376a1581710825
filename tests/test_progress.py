"""What is shown during training: a bar on a terminal, sparse lines elsewhere."""

import io
import sys

import pytest

from utils import progress
from utils.progress import Progress, WithoutIterationLines, clock


@pytest.fixture
def time(monkeypatch):
    """Give a clock that stands until it is set."""

    class Time:
        now = 100.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Time.now)
    return Time


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        return True


def test_off_a_terminal_there_is_a_plain_line_every_ten_seconds(time, capsys):
    show = Progress(40_000)
    for iteration in range(10, 2010, 10):  # 10 iterations a tenth of a second
        show(iteration, 12.3456)
        time.now += 0.1
    show.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(" of 40,000, loss 12.346, 6:29 left")
    assert lines[0].startswith("iteration 1,0")


def test_time_left_counts_from_where_a_run_resumed(time, capsys):
    show = Progress(10_000)
    show(5_000, 12.0)
    time.now += 20
    show(7_500, 11.0)
    assert capsys.readouterr().err == "iteration 7,500 of 10,000, loss 11.000, 0:20 left\n"


def test_a_quick_run_off_a_terminal_says_nothing(capsys):
    show = Progress(100)
    show(100, None)
    show.close()
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar_with_the_loss(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    show = Progress(400)
    for iteration in range(10, 410, 10):
        show(iteration, iteration / 100)
    show.close()
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("100%|")
    assert "400/400" in last
    assert "loss 4.000" in last


def test_nothing_to_close_before_the_first_call():
    Progress(10).close()


def test_lines_of_sgd_are_dropped_and_others_passed_on():
    below = io.StringIO()
    stream = WithoutIterationLines(below)
    print("iter 10: 23.500000", file=stream)
    print("here", "and", "there", file=stream)
    print("iter 20: nan\nmy iter 3: 4", file=stream)
    print("half", end="", file=stream)
    print(" a line", file=stream)
    print("iter 30: 1.0", "mine", file=stream)
    assert below.getvalue() == "here and there\nmy iter 3: 4\nhalf a line\niter 30: 1.0 mine\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3661, "61:01")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text
