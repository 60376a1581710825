"""Measure grading against the imports that any grader needs; prints ratios, asserts nothing.

Run it on an idle machine, with ``make benchmark``. ``--before DIR`` measures another checkout, too.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from grading.vectors import PUBLISHED  # noqa: E402

VECTORS = "sample_vectors_(soln).json"
CLASS = 30  # submissions
IMPORTS = [sys.executable, "-c", "import numpy, scipy.spatial, unittest"]
RUNS = {
    "all local tests": [],
    "one test": ["2a-2-basic"],
    "one gradient check": ["2a-0-basic"],
    "all tests, with a solution": ["--unconfined", "--solution", "src/submission"],
}


def measure(command, folder):
    """Give the seconds that a program takes, by the clock and of processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # as a class is graded
    subprocess.run(command, cwd=folder, env=one_thread, capture_output=True, check=False)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def programs(checkouts):
    """List what is measured: a name, the command, and the folder that it runs in."""
    yield "imports of NumPy, SciPy's distances, unittest", IMPORTS, ROOT
    for label, folder in checkouts.items():
        for name, arguments in RUNS.items():
            command = [sys.executable, "src/grader.py", *arguments]
            yield f"{name}{label}", command, folder
        command = [sys.executable, "staff/grade_class.py", "class", "--out", tempfile.mkdtemp()]
        command += ["--unconfined", "--jobs", "2", "--solution", "src/submission"]
        yield f"a class of {CLASS}, two at once{label}", command, folder


def copied(checkout, place):
    """Copy the grader, and make a class whose submissions are right."""
    for name in ("src", "staff"):
        shutil.copytree(Path(checkout) / name, place / name)
    (place / "src" / VECTORS).write_text(json.dumps(PUBLISHED))
    for number in range(CLASS):
        shutil.copytree(place / "src" / "submission", place / "class" / f"{number:03}")
    return place


def main():
    """Measure in turn, as often as asked for; print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="rounds (default: 7)")
    parser.add_argument("--before", metavar="DIR", help="another checkout to compare with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkouts = {"": copied(ROOT, Path(folder, "now"))}
        if options.before:
            checkouts[", before"] = copied(options.before, Path(folder, "before"))
        times = {}
        for turn in range(options.repeat + 1):
            for name, command, place in programs(checkouts):
                found = measure(command, place)
                if turn:  # caches are warm after the first
                    times.setdefault(name, []).append(found)
    medians = {
        name: [*map(statistics.median, zip(*each, strict=True))] for name, each in times.items()
    }
    (base, _), *_ = medians.values()
    for name, (seconds, processor) in medians.items():
        print(
            f"{name}: {seconds:.2f} s, {seconds / base:.2f} times the imports; "
            f"{processor:.2f} s of a processor"
        )
        if (other := medians.get(f"{name}, before")) is not None:
            ratios = seconds / other[0], processor / other[1]
            print(f"    {ratios[0]:.2f} times that before, {ratios[1]:.2f} in processor time")


if __name__ == "__main__":
    main()
