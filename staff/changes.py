"""What changed in a class since it was graded before."""

import re
from collections import Counter
from typing import NamedTuple

from gradebook import BUSY, counted, table
from roster import listed

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
    sentence_before: str
    sentence_now: str


def remember(rows):
    """Give what to keep of a finished run, as plain data."""
    return {
        hand_in.name: {
            "student": hand_in.who,
            "status": graded.status,
            "scores": graded.scores,
            "sentences": graded.sentences,
        }
        for hand_in, graded in rows
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
    return table([field.replace("_", " ") for field in Change._fields], found)


def changes_line(found, rows):
    """Say in a line how many changed, who, and to what effect."""
    who = {change.submission: change.student for change in found}
    gains, kinds = Counter(), Counter(change.test for change in found)
    for change in found:
        if change.test not in (STATUS, NEW, GONE):
            gains[change.submission] += (change.points_now or 0) - (change.points_before or 0)
    effect = counted(
        {
            "gained points": sum(gain > 0 for gain in gains.values()),
            "lost": sum(gain < 0 for gain in gains.values()),
            NEW: kinds[NEW],
            GONE: kinds[GONE],
        }
    )
    told = f": {listed([*who.values()], FEW_NAMES)}" * bool(who)
    return f"{len(who)} of {len(rows) + kinds[GONE]} changed{told}{f' ({effect})' * bool(effect)}"
