"""What is shown during training: a bar on a terminal, sparse lines elsewhere."""

import io
import sys

import pytest

from training import progress
from training.progress import Progress, clock


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


def test_a_notebook_has_a_bar_too(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with Progress(40) as show:
        show(40, 2.5)
    assert "100%|" in capsys.readouterr().err


def test_when_training_begins_anew_time_left_counts_from_there(time, capsys):
    show = Progress(1_000)
    for iteration, seconds in ((10, 0), (990, 5), (10, 0), (110, 20)):
        time.now += seconds
        show(iteration, 11.0)
    assert capsys.readouterr().err == "iteration 110 of 1,000, loss 11.000, 2:58 left\n"


def test_nothing_to_close_before_the_first_call():
    with Progress(10):
        pass


def test_lines_of_sgd_are_dropped_and_others_passed_on(capsys):
    stdout = sys.stdout
    with Progress(10):
        print("iter 10: 23.500000")
        print("here", "and", "there")
        print("iter 20: nan\nmy iter 3: 4")
        print("half", end="")
        print(" a line")
        print("iter 30: 1.0", "mine")
        print("no end of line", end="")
    assert sys.stdout is stdout
    printed = "here and there\nmy iter 3: 4\nhalf a line\niter 30: 1.0 mine\nno end of line"
    assert capsys.readouterr().out == printed


def test_a_line_printed_meanwhile_does_not_run_into_the_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    with Progress(40) as show:
        show(10, 2.5)
        print("a line")
        show(40, 2.5)
    before, _, after = terminal.getvalue().partition("a line\n")
    assert before.endswith("\r")
    assert after.lstrip("\r").startswith(" 25%|")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (60, "1:00"), (3661, "61:01")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text
