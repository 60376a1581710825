"""What is shown during training: a bar on a terminal, sparse lines elsewhere."""

import io
import os
import sys

import pytest

from training import progress
from training.progress import Progress, as_minutes


@pytest.fixture
def time(monkeypatch):
    """Give a clock that stands until it is set."""

    class Time:
        now = 100.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Time.now)
    return Time


def open_terminal(monkeypatch):
    """Make stderr a text stream that says it is a wide terminal."""
    monkeypatch.setattr(sys, "stderr", terminal := io.StringIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(terminal, "fileno", lambda: 2)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((200, 24)))
    monkeypatch.setenv("TERM", "xterm")
    return terminal


@pytest.mark.parametrize(
    ("total", "calls", "lines"),
    [
        (40_000, [(10, 0), (900, 9), (1_010, 2), (1_500, 9), (2_010, 9)],
         "iteration 1,010 of 40,000, loss 11.000, 7:08 left\niteration 2,010 of 40,000, loss 11.000, 9:10 left\n"),
        (10_000, [(5_000, 0), (7_500, 20)], "iteration 7,500 of 10,000, loss 11.000, 0:20 left\n"),
        (60, [(10, 0), (1_020, 20)], "iteration 1,020 of 60, loss 11.000, 0:00 left\n"),
        (1_000, [(10, 0), (990, 5), (10, 0), (110, 20)], "iteration 110 of 1,000, loss 11.000, 2:58 left\n"),
        (100, [(100, 0)], ""),
    ],
    ids=["in ten seconds", "resumed", "longer than asked for", "begun anew", "quick"],
)  # fmt: skip
def test_off_a_terminal_there_is_a_plain_line_every_ten_seconds(time, capsys, total, calls, lines):
    show = Progress(total)
    for iteration, seconds in calls:
        time.now += seconds
        show(iteration, 11.0)
    assert capsys.readouterr().err == lines


def test_on_a_terminal_there_is_a_bar_with_the_loss(monkeypatch):
    terminal = open_terminal(monkeypatch)
    with Progress(400) as show:
        for iteration in range(10, 410, 10):
            show(iteration, iteration / 100)
        print("a line, after which it is drawn anew")
    *_, last, blanks, end = terminal.getvalue().split("\r")
    assert last.startswith("100%|")
    assert "400/400" in last
    assert "loss 4.000" in last
    assert len(last) < 80
    assert blanks == " " * len(last)  # it is taken away
    assert end == ""


@pytest.mark.parametrize("kind", ["dumb", "IDLE"])
def test_a_terminal_that_can_show_no_bar_has_lines(time, monkeypatch, kind):
    terminal = open_terminal(monkeypatch)
    if kind == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    else:
        monkeypatch.setitem(sys.modules, "idlelib", sys)
    show = Progress(400)
    show(10, 2.5)
    time.now += 20
    show(20, 2.5)
    assert terminal.getvalue() == "iteration 20 of 400, loss 2.500, 12:40 left\n"


@pytest.mark.parametrize("stderr", [None, io.TextIOWrapper(io.BufferedReader(io.BytesIO()))])
def test_training_goes_on_where_nothing_can_be_shown(time, monkeypatch, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    with Progress(400) as show:
        show(10, None)
        time.now += 20
        show(20, 2.5)


def test_a_notebook_has_a_bar_too(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with Progress(40) as show:
        show(40, 2.5)
    assert "100%|" in capsys.readouterr().err


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
    monkeypatch.setattr(sys, "stdout", terminal := open_terminal(monkeypatch))
    with Progress(40) as show:
        show(10, 2.5)
        print("a line")
        show(40, 2.5)
    before, _, after = terminal.getvalue().partition("a line\n")
    assert before.endswith("\r")
    assert after.lstrip("\r").startswith(" 25%|")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (3661, "61:01")])
def test_minutes_and_seconds(seconds, text):
    assert as_minutes(seconds) == text
