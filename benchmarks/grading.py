"""Measure grading against the imports that any grader needs; prints ratios, asserts nothing.

Run it on an idle machine, with ``make benchmark``.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

SRC = Path(__file__).resolve().parents[1] / "src"
IMPORTS = ["-c", "import numpy, scipy.spatial, unittest"]
RUNS = {
    "all local tests": ["grader.py"],
    "one test": ["grader.py", "2a-2-basic"],
    "one gradient check": ["grader.py", "2a-0-basic"],
}


def seconds(arguments):
    """Time a Python program."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=SRC, capture_output=True, check=False)
    return time.perf_counter() - began


def main():
    """Measure in turn, as often as asked for; print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7, metavar="N", help="rounds (default: 7)")
    rounds = parser.parse_args().repeat
    times = {name: [] for name in ("imports", *RUNS)}
    for arguments in (IMPORTS, *RUNS.values()):
        seconds(arguments)  # caches are warm afterwards
    for _ in range(rounds):
        for name, arguments in {"imports": IMPORTS, **RUNS}.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(each) for name, each in times.items()}
    print(f"imports of NumPy, SciPy's distances, unittest: {medians['imports']:.2f} s")
    for name in RUNS:
        ratio = medians[name] / medians["imports"]
        print(f"{name}: {medians[name]:.2f} s, {ratio:.2f} times the imports")


if __name__ == "__main__":
    main()
