"""The grades of a class: read from the results, as a table and as a picture."""

import csv
import io
import unicodedata
from dataclasses import dataclass

import numpy as np

from sandbox.text import one_line
from utils.plotting import DPI, LAYOUT, plt
from utils.utils import load

MAX_CELL = 32_767  # characters that a spreadsheet takes
FORMULA = tuple("=+-@")  # what a cell begins with that a spreadsheet takes for a formula


@dataclass(frozen=True)
class Graded:
    """What came of grading a submission.

    Attributes
    ----------
    status : str
        "graded", or why not.
    scores, worth : dict of str to float
        Points earned and points to be had, by id of the test; empty if the grader gave none.
    again : bool
        Whether to grade it once more: the machine, and no submission, was at fault.
    """

    status: str
    scores: dict
    worth: dict
    again: bool = False

    @property
    def total(self):
        """Give the sum of the points."""
        return sum(self.scores.values())


def read_results(path):
    """Read a results.json of the grader.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Graded
        Its scores; if it says why nothing could be graded, or no code, that is the status.
    """
    results = load(path)
    scores = {test["number"]: test["score"] for test in results["tests"]}
    worth = {test["number"]: test["max_score"] for test in results["tests"]}
    outputs = {test["output"].strip(): None for test in results["tests"]}
    reasons = [output.split("\n")[-1].strip() for output in outputs]
    status, told = "graded", results.get("extra_data", {})
    if problem := told.get("problem"):
        status = f"UploadError: {problem}"
    elif len(reasons) == 1 and any(reasons):  # all failed for one reason, which is not in the code
        status = reasons[0]
    if starved := told.get("starved", ()):
        status = f"the machine was too busy for {', '.join(starved)}: grade it again with --resume"
    return Graded(status, scores, worth, again=bool(starved))


def to_csv(rows):
    """Write the grades as CSV: one line a student, one column a test.

    Parameters
    ----------
    rows : list of (Submission, Graded)
        What was handed in, and what came of it.

    Returns
    -------
    str
        The lines. Cells that a spreadsheet would take for a formula begin with an apostrophe, and
        the first with the mark by which Excel knows UTF-8.
    """
    tests = worth_of(rows)
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["name", "student id", "email", "submission", "status", "total", *tests])
    for submission, graded in rows:
        for student in submission.students:
            words = [*student, submission.name, graded.status]
            points = [graded.total, *(graded.scores.get(test, 0) for test in tests)]
            writer.writerow([*map(as_text, words), *(f"{number:g}" for number in points)])
    return text.getvalue()


def worth_of(rows):
    """Give the points of each test, which are the same for all submissions."""
    return next((graded.worth for _, graded in rows if graded.worth), {})


def as_text(cell):
    """Make a cell that a spreadsheet shows as it is.

    Parameters
    ----------
    cell : str
        A stranger's text.

    Returns
    -------
    str
        One line; with an apostrophe in front if it would be taken for a formula.

    Examples
    --------
    >>> as_text("=1+1"), as_text("Ada")
    ("'=1+1", 'Ada')
    """
    text = one_line(cell, MAX_CELL)
    plain = unicodedata.normalize("NFKC", cell).lstrip()  # a full-width = begins a formula, too
    return f"'{text}" if plain.startswith(FORMULA) else text


def plot_summary(rows):
    """Draw the distribution of the totals, and how many passed each test.

    Parameters
    ----------
    rows : list of (Submission, Graded)
        What was handed in, and what came of it.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    worth = {test: points for test, points in worth_of(rows).items() if points}
    most = sum(worth.values())
    totals = [graded.total for _, graded in rows]
    figure = plt.Figure(figsize=(10, 0.28 * len(worth) + 1.2), dpi=DPI, layout=LAYOUT)
    left, right = figure.subplots(1, 2)
    left.hist(totals, bins=np.arange(0, most + 1.5) - 0.5, color="#0072B2")
    left.axvline(np.median(totals), color="#D55E00", label=f"median {np.median(totals):g}")
    left.set(title=f"{len(rows)} submissions", xlabel=f"total, of {most:g}", ylabel="submissions")
    left.yaxis.get_major_locator().set_params(integer=True)
    left.legend(frameon=False)
    shares = [
        np.mean([graded.scores.get(test, 0) >= points for _, graded in rows])
        for test, points in worth.items()
    ]
    bars = right.barh(list(worth), shares, color="#009E73")
    right.bar_label(bars, [f"{share:.0%}" for share in shares], padding=3)
    right.set(title="full marks, by test", xlim=(0, 1.15))
    right.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}" if share <= 1 else "")
    right.invert_yaxis()
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
