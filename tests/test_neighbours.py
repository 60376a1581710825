"""Gradings beside each other: what one submission does costs no other anything."""

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hostile import attacks
from hostile.attacks import LANDLOCK, USER
from hostile.fixture import BOTH, CONFINED, REFERENCE, Hostile, build
from hostile.verdict import complaints
from worth import worth

import grader


def honest(name, tests, top="", **options):
    """Make a row that is right, and does a bit more than it must."""
    return Hostile("data", name, top=top, passes=tests, fails="", bound=60, **options)


def again(*names, **changes):
    """Take attacks of the table."""
    return [replace(row, **changes) for row in attacks.SINGLE if row.name in names]


SPIN = """
    def spin():
        until = time.monotonic() + 20
        for _ in range(4):
            try:
                if os.fork() == 0:
                    os.setsid()
                    break
            except OSError:
                break
        while time.monotonic() < until:
            pass
"""
THREADS = """
    import threading

    def hold(seconds):
        threads = [threading.Thread(target=time.sleep, args=[seconds]) for _ in range(80)]
        try:
            for thread in threads:
                thread.start()
        except RuntimeError:
            pass
        time.sleep(seconds)

    def pulse():
        until = time.monotonic() + 10
        while time.monotonic() < until:
            hold(0.5)
            time.sleep(0.5)
"""
STEAL = """
    import re

    def steal():
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for process in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{process}/cmdline") as file:
                        for path in re.findall(r'(?:--submission[\\0", ]+)([^\\0",]+)', file.read()):
                            with open(f"{path}/submission/word2vec.py") as source:
                                exec(source.read(), globals())
                            return
                except (OSError, ImportError):
                    pass
            time.sleep(0.05)


    steal()
"""
WAITS = "import time\ntime.sleep(0.5)\n"
HALF = """
    import scipy.stats, scipy.signal, time

    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass
"""
POOL = """
    import time
    from concurrent.futures import ThreadPoolExecutor

    time.sleep(0.5)
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(lambda k: time.sleep(0.1), range(8)))) == 8
"""
FILE = "with open('held', 'wb') as file:\n    file.write(bytes(10**6))\n"
HELD = "held = np.ones(5_000_000)\n"

spinning = attacks.clock("spins in sessions", "spin()", SPIN, seconds=7, bound=90)
holding = attacks.limits("many threads at first", "hold(2)\nreturn x", THREADS, seconds=9)
pulsing = attacks.limits(
    "many threads, more as it was begun beside others",
    "pulse()\nreturn x",
    THREADS + "    time.sleep(1)",
    seconds=11,
)
killing = attacks.harmed(
    "kills what comes next",
    "leave(lambda: time.sleep(0.05) or os.kill(-1, signal.SIGKILL))\nbe_busy()",
    harm="kill",
    passes="",
)
stealing = attacks.confinement("executes what a neighbour handed in", "return x", STEAL, seconds=5)
SOME = "2a-1 2a-2 2b-0 3a-0"
LONG = "2a-0 2a-1 2a-2 2a-3 2a-4 2a-6 2b-0 2b-1 3a-0 3b-0 3c-0 3d-0"
DISKS = again("a disk filled with files without names", "a hundred thousand files")
MEMORIES = again(
    "memory in files without names", "memory in many processes of one session each", memory=1024
)
WRITES = honest("writes a file", LONG, WAITS + FILE)
HOLDS = honest("holds memory", LONG, HELD + WAITS)

BESIDE = {  # attackers, an honest one that is graded with them, at which levels, and how
    "full disks": (DISKS, WRITES, CONFINED, {}),
    "full memory": (MEMORIES, HOLDS, CONFINED, {}),
    "threads of one user": ([holding, pulsing], honest("a pool of threads", LONG, POOL), (LANDLOCK,), {"one_user": True}),
    "busy processors": ([spinning] * 2, honest("takes half of its time", "2a-1 2b-0", HALF, seconds=0.8), CONFINED, {}),
    "the next of the same user": ([killing], honest("is right", SOME, WAITS), (USER, BOTH), {"in_turn": True}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "level"),
    [(name, level) for name, (_, _, levels, _) in BESIDE.items() for level in levels],
)
def test_honest_submission_gets_full_marks_beside(name, level, gradings):
    attackers, row, _, options = BESIDE[name]
    pairs = [(attack, level) for attack in [*attackers, row]]
    *_, found = gradings.grade_all(pairs, **options)
    about = replace(row, disk=None), level, replace(found, peak=0)
    assert complaints(*about) == [], found.report


@pytest.mark.slow
@pytest.mark.parametrize("level", CONFINED)
def test_nobody_earns_points_with_a_neighbour_s_work(level, gradings):
    neighbour = honest("is readable", SOME, WAITS, is_readable=True)
    thief = replace(stealing, is_readable=True)  # as all in one folder are
    thief, other = gradings.grade_all([(thief, level), (neighbour, level)])
    assert thief.code == 2 or thief.passed == set(), thief.report
    assert other.code == 2 or complaints(neighbour, level, other) == [], other.report


@pytest.mark.slow
def test_a_class_on_few_processors_gets_full_marks(solution, tmp_path):
    for k in range(12):
        build(honest("is right", "2a"), tmp_path / "class" / f"student {k}", {})
    options = ["--jobs", "12", "--solution", solution, "--out", tmp_path / "out"]
    program = [sys.executable, REFERENCE.parents[1] / "staff" / "grade_class.py"]
    subprocess.run([*program, tmp_path / "class", *options], check=True, timeout=400)
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        grades = [(row["status"], row["total"]) for row in csv.DictReader(file)]
    assert grades == [("graded", f"{worth():g}")] * 12


PLOTS = """
    import glob, sys, time
    import matplotlib
    print("FONTS KNOWN", "matplotlib.font_manager" in sys.modules or glob.glob(f"{matplotlib.get_cachedir()}/fontlist*"))
    began = time.process_time()
    import matplotlib.pyplot as plt
    plt.figure()
    plt.title("a text")
    plt.savefig("plot.png")
    assert time.process_time() - began < 5
"""


@pytest.mark.slow
def test_fonts_are_searched_once_in_a_grading(tmp_path):
    pytest.importorskip("matplotlib")
    build(honest("plots", "2a-1 2a-2 2a-3 2a-4", PLOTS), tmp_path, {})
    results = tmp_path / "results.json"
    program = [sys.executable, grader.__file__, "2a-1", "2a-2", "2a-3", "2a-4"]
    subprocess.run([*program, "--submission", tmp_path, "--gradescope", results], check=True)
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    found = [re.search(r"FONTS KNOWN (.*)", test["output"])[1] for test in tests]
    assert all(text not in ("False", "[]") for text in found[1:]), found
