"""What changed in a class since it was graded before."""

import re
from collections import Counter
from typing import NamedTuple

from gradebook import BUSY, names_of, table
from sandbox.text import one_line

STATUS, NEW, GONE = "status", "new", "gone"  # in place of a test's id
FEW_NAMES = 3
NOISE = re.compile(r"0x[0-9a-fA-F]+|/[^\s'\"]*/")  # addresses, folders
TIMES = re.compile(f"took longer than|{BUSY}")


class Change(NamedTuple):
    """A line of changes.csv: a test of a submission, its status, or that it is new or gone."""

    submission: str
    student: str
    test: str
    points_before: float | str
    points_now: float | str
    before: str
    now: str


def remember(rows):
    """Give what to keep of a finished run, as plain data."""
    return {
        submission.name: {
            "student": names_of(submission),
            "status": graded.status,
            "scores": graded.scores,
            "sentences": graded.sentences,
        }
        for submission, graded in rows
    }


def changes(before, rows):
    """List what changed since `remember` gave `before`; noise in sentences is no change."""
    now, found = remember(rows), []
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name, {}), now.get(name, {})
        who = (name, (new or old)["student"])
        statuses = old.get("status", ""), new.get("status", "")
        if is_other(*statuses):
            what = STATUS if old and new else NEW if new else GONE
            sums = [sum(one["scores"].values()) if one else "" for one in (old, new)]
            found.append(Change(*who, what, *sums, *statuses))
        for test in {**old["scores"], **new["scores"]} if old and new else ():
            points = [one["scores"].get(test, "") for one in (old, new)]
            sentences = [one["sentences"].get(test, "") for one in (old, new)]
            if points[0] != points[1] or is_other(*sentences):
                found.append(Change(*who, test, *points, *sentences))
    return found


def is_other(before, now):
    """Tell whether two sentences differ in more than times, addresses and folders."""
    if TIMES.search(before) and TIMES.search(now):
        before, now = (re.sub(r"\d+(\.\d+)?", "", text) for text in (before, now))
    return NOISE.sub("", before) != NOISE.sub("", now)


def changes_csv(found):
    """Write what `changes` found as CSV."""
    header = "submission", "student", "test", "points before", "points now"
    return table([*header, "sentence before", "sentence now"], found)


def changes_line(found, rows):
    """Say in a line how many changed, who, and to what effect."""
    who = {change.submission: change.student for change in found}
    gains = Counter()
    for change in found:
        if change.test not in (STATUS, NEW, GONE):
            gains[change.submission] += (change.points_now or 0) - (change.points_before or 0)
    names = [one_line(name) for name in who.values()]
    more = f" and {len(names) - FEW_NAMES} more" * (len(names) > FEW_NAMES)
    counts = {
        "gained points": sum(gain > 0 for gain in gains.values()),
        "lost": sum(gain < 0 for gain in gains.values()),
        NEW: sum(change.test == NEW for change in found),
        GONE: sum(change.test == GONE for change in found),
    }
    effect = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    told = f": {', '.join(names[:FEW_NAMES])}{more}" * bool(names)
    return f"{len(who)} of {len(rows) + counts[GONE]} changed{told}{f' ({effect})' * bool(effect)}"
