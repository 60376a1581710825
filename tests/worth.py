"""What the graded tests are worth, from points.json, for tests that are about something else."""

import json
from pathlib import Path

FILE = Path(__file__).parents[1] / "src" / "points.json"
POINTS = {
    test: points
    for test, points in json.loads(FILE.read_text(encoding="utf-8")).items()
    if "-" in test  # else it is written, and graded by hand
}


def worth(beginning="", end=""):
    """Sum up the points of the tests whose ids begin and end so."""
    chosen = [test for test in POINTS if test.startswith(beginning) and test.endswith(end)]
    return sum(POINTS[test] for test in chosen)


def full_marks(points):
    """Give the last line of a report in which all points are earned."""
    return f"========== END GRADING [{points:.1f}/{points:.1f} points + 0/0 extra credit]"
