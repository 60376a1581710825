"""The grades of a class: read from the results, as tables and as a picture."""

import csv
import io
import re
import textwrap
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from diagnoses import mistakes, near_misses, sentence_of
from graders import RESULTS, UNFINISHED
from sandbox.text import one_line
from sandbox.text import rows as text_rows
from utils.plotting import DPI, LAYOUT, plt
from utils.utils import load

ENDED = "ended.json"  # of each submission: how its grading ended
STATUSES = "graded", "unreadable", "starved", "unfinished", "nothing handed in"
GRADED, UNREADABLE, STARVED, UNFINISHED_KIND, NOTHING = STATUSES
BUSY = "the machine was too busy"
MAX_CELL = 32_767  # characters that a spreadsheet takes
FORMULA = tuple("=+-@")  # what a cell begins with that a spreadsheet takes for a formula
MOST_COMMON, LINES, COLUMNS, TITLE = 10, 3, 72, 115  # of the picture: mistakes, their text

AGAIN = re.compile(r"The same error as in (\S+)\.")


@dataclass(frozen=True)
class Graded:
    """What came of grading a submission."""

    status: str  # begins with one of STATUSES, then says why
    scores: dict  # points earned, by id of the test; empty if the grader gave none
    worth: dict  # points to be had
    again: bool = False  # whether to grade it once more: the machine, no submission, was at fault
    sentences: dict = field(default_factory=dict)  # what is wrong, by id of the test, or nothing
    timeouts: int = 0  # tests that were ended by a limit of time
    near_misses: tuple = ()  # what lost points by its name alone
    seconds: float = 0
    processor_seconds: float = 0  # of all processes

    @property
    def total(self):
        """Give the sum of the points."""
        return sum(self.scores.values())

    @property
    def kind(self):
        """Give the word that the status begins with."""
        return self.status.partition(":")[0]


def read_graded(folder):
    """Read what came of a submission from its folder, or from one of its earlier ones."""
    ended = load(folder / ENDED)
    if problem := ended["problem"]:
        is_busy = BUSY in problem
        kind = f"{STARVED if is_busy else UNFINISHED_KIND}: " * (not problem.startswith(STATUSES))
        graded = Graded(kind + problem, {}, {}, again=is_busy or problem == UNFINISHED)
    else:
        graded = read_results(folder / RESULTS)
    times = {key: ended.get(key, 0) for key in ("seconds", "processor_seconds")}
    return replace(graded, **times)


def read_results(path):
    """Read a results.json of the grader."""
    results = load(path)
    tests = {test["number"]: test for test in results["tests"]}
    errors = {test: entry.get("extra_data", {}) for test, entry in tests.items()}
    for test, error in errors.items():
        if again := AGAIN.fullmatch(error.get("message", "")):
            errors[test] = errors.get(again[1], error)
    status, told = GRADED, results.get("extra_data", {})
    if problem := told.get("problem"):
        status = f"{UNREADABLE}: {problem}"
    if starved := told.get("starved", ()):
        status = f"{STARVED}: {BUSY} for {', '.join(starved)}; grade it again with --resume"
    late = [error["message"] for error in errors.values() if error.get("kind") == "TimeoutError"]
    return Graded(
        status,
        {test: entry["score"] for test, entry in tests.items()},
        {test: entry["max_score"] for test, entry in tests.items()},
        again=bool(starved),
        sentences={test: sentence_of(error) for test, error in errors.items()},
        timeouts=sum(not message.startswith(BUSY) for message in late),
        near_misses=near_misses(problem or "", results.get("output", ""), errors.values()),
    )


# Tables


def grades_csv(rows):
    """Write the grades as CSV: one line a student, one column a test."""
    tests = worth_of(rows)
    header = ["name", "student id", "email", "submission", "status", "late", "timeouts"]
    header += ["near misses", "processor seconds", "wall seconds", "total", *tests]
    lines = []
    for hand_in, graded in rows:
        about = [hand_in.name, graded.status, hand_in.late]
        about += [graded.timeouts, "; ".join(graded.near_misses)]
        about += [graded.processor_seconds, graded.seconds]
        about += [graded.total, *(graded.scores.get(test, 0) for test in tests)]
        lines += [[*student, *about] for student in hand_in.students]
    return table(header, lines)


def mistakes_csv(rows):
    """Write the mistakes of a class as CSV, the most common first."""
    lines = [
        [sentence, " ".join(tests), len(hand_ins), "; ".join(each.who for each in hand_ins)]
        for sentence, tests, hand_ins in mistakes(rows)
    ]
    return table(["mistake", "tests", "submissions", "who"], lines)


def table(header, lines):
    """Write CSV that a spreadsheet opens right: texts as they are, in UTF-8 by its first mark."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for line in [header, *lines]:
        writer.writerow(as_text(cell) if isinstance(cell, str) else f"{cell:g}" for cell in line)
    return "\ufeff" + text.getvalue()


def worth_of(rows):
    """Give the points of each test, which are the same for all submissions."""
    return next((graded.worth for _, graded in rows if graded.worth), {})


def as_text(cell):
    """Make a cell of a stranger's text that a spreadsheet shows as it is, and as one line.

    >>> as_text("=1+1"), as_text("Ada")
    ("'=1+1", 'Ada')
    """
    text = one_line(cell, MAX_CELL)
    plain = unicodedata.normalize("NFKC", cell).lstrip()  # a full-width = begins a formula, too
    return f"'{text}" if plain.startswith(FORMULA) else text


# The whole class


def counted(counts):
    """Write counts in words, leaving out what there is none of."""
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def status_line(rows):
    """Say in a line what became of a class."""
    totals = [graded.total for _, graded in rows if graded.kind != NOTHING]
    kinds = Counter(graded.kind for _, graded in rows)
    near = sum(bool(graded.near_misses) for _, graded in rows)
    told = counted(
        {
            GRADED: kinds[GRADED],
            UNREADABLE: kinds[UNREADABLE],
            "with timeouts": sum(graded.timeouts > 0 for _, graded in rows),
            STARVED: kinds[STARVED],
            UNFINISHED_KIND: kinds[UNFINISHED_KIND],
            "late": sum(bool(hand_in.late) for hand_in, _ in rows),
            "near miss" if near == 1 else "near misses": near,
            "handed in nothing": kinds[NOTHING],
        }
    )
    median = f"; median {np.median(totals):g} points" if totals else ""
    return f"{len(totals)} submission{'s' * (len(totals) != 1)}: {told}{median}"


def plot_summary(rows):
    """Draw the totals, how many passed each test, and the most common mistakes."""
    worth = {test: points for test, points in worth_of(rows).items() if points}
    graded = [graded for _, graded in rows if graded.kind != NOTHING]
    common = []
    for sentence, _, hand_ins in mistakes(rows)[:MOST_COMMON]:
        lines = [row.strip() for row in text_rows(sentence, COLUMNS)]
        if len(lines) > LINES:
            lines = [*lines[: LINES - 1], f"{lines[LINES - 1]} …"]
        common.append((lines, len(hand_ins)))
    heights = [0.28 * len(worth) + 1.8, 0.19 * sum(len(text) + 0.7 for text, _ in common) + 0.8]
    heights = heights[: 1 + bool(common)]
    figure = plt.Figure(figsize=(10, sum(heights)), dpi=DPI, layout=LAYOUT)
    top, *below = np.ravel(figure.subfigures(len(heights), height_ratios=heights))
    top.suptitle(textwrap.fill(status_line(rows), TITLE), fontsize=10)
    left, right = top.subplots(1, 2)
    plot_totals(left, [one.total for one in graded], sum(worth.values()))
    plot_tests(right, graded, worth)
    if common:
        plot_mistakes(below[0].subplots(), common)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_totals(axes, totals, most):
    """Draw how often each total occurs."""
    axes.hist(totals, bins=np.arange(0, most + 1.5) - 0.5, color="#0072B2")
    if totals:
        axes.axvline(np.median(totals), color="#D55E00", label=f"median {np.median(totals):g}")
        axes.legend(frameon=False)
    axes.set(title="points", xlabel=f"total, of {most:g}", ylabel="submissions")
    axes.yaxis.get_major_locator().set_params(integer=True)


def plot_tests(axes, graded, worth):
    """Draw how many passed each test."""
    shares = [
        sum(one.scores.get(test, 0) >= points for one in graded) / max(len(graded), 1)
        for test, points in worth.items()
    ]
    bars = axes.barh(list(worth), shares, color="#009E73")
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3)
    axes.set(title="full marks, by test", xlim=(0, 1.15))
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}" if share <= 1 else "")
    axes.invert_yaxis()


def plot_mistakes(axes, common):
    """Draw the most common mistakes: lines of text, and how many made them."""
    lines = np.array([len(text) + 0.7 for text, _ in common])
    places = np.cumsum(lines) - lines / 2
    counts = [count for _, count in common]
    bars = axes.barh(places, counts, height=0.8 * lines.min(), color="#CC79A7")
    axes.bar_label(bars, counts, padding=3)
    axes.set_yticks(places, ["\n".join(text) for text, _ in common], fontsize=8)
    for label in axes.get_yticklabels():
        label.set(parse_math=False, family="monospace")  # where W is as wide as i
    axes.set(
        title="most common mistakes, by submissions",
        xlim=(0, 1.15 * max(counts)),
        ylim=(lines.sum(), 0),
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
