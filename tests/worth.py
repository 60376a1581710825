"""What the graded tests are worth, from points.json, for tests that are about something else."""

import json
import re
from pathlib import Path

FILE = Path(__file__).parents[1] / "src" / "points.json"
POINTS = {
    test: points
    for test, points in json.loads(FILE.read_text(encoding="utf-8")).items()
    if "-" in test  # else it is written, and graded by hand
}


def worth(beginning="", end=""):
    """Sum up the points of the tests whose ids begin and end so."""
    begins = re.compile(rf"{beginning}(?!(?<=\d)\d)")  # 2a-1 is not 2a-10
    chosen = [test for test in POINTS if begins.match(test) and test.endswith(end)]
    return round(float(sum(POINTS[test] for test in chosen)), 9)


def full_marks(points):
    """Give the last line of a report in which all points are earned."""
    return f"========== END GRADING [{points}/{points} points + 0/0 extra credit]"
