"""Graders that grade one submission after another, each in a process of its own.

Such a process keeps what every grading needs: imports, nurseries, and the confinement that a trial
has found; nothing of a submission. When it dies or takes too long, the next grading starts another.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import program  # isort: split

import contextlib
import importlib
import json
import os
import subprocess
import tempfile
import threading
import traceback
from dataclasses import replace

from grading.course import WORKERS, open_sandbox
from sandbox.watch import threads_of_user, use_of
from utils.utils import InputError, load
from zips import ROOT

RESULTS, REPORT = "results.json", "report.txt"  # of each submission
UNFINISHED = "unfinished: the grader did not finish; grade it again with --resume"
MOST_SECONDS = 1200  # for one submission; the grader's own limits end far below
STOPPED = 130  # how a grading ends that somebody stops
THREADS = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"  # more cost time


class Grader:
    """A process that grades submissions against a solution."""

    source = ROOT / "src"  # where grader.py is

    def __init__(self, solution, unconfined=False):
        self.solution, self.process = solution, None
        self.options = ["--solution", solution.absolute(), *["--unconfined"] * unconfined]

    def grade(self, path, folder, tests=()):
        """Grade into a folder; give why there are no results, and the seconds of a processor."""
        report, results = folder / REPORT, folder / RESULTS
        arguments = [*tests, "--submission", path.absolute(), "--gradescope", results]
        report.touch()
        code, seconds = self._run([*map(str, [*arguments, *self.options])], str(report))
        if code == STOPPED:
            raise KeyboardInterrupt
        if code in (0, 1) and results.exists():  # Python, too, can fail with 1
            return "", seconds
        return (code == 2 and refusal_in(report)) or UNFINISHED, seconds

    def _run(self, *order):
        """Give the exit code of a grading, None if the process died, and seconds."""
        if self.process is None:
            command = [sys.executable, __file__, self.source]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
            environment = os.environ | dict.fromkeys(THREADS, "1")
            self.process = subprocess.Popen(command, env=environment, **pipes)
        timer = threading.Timer(MOST_SECONDS, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):  # it is gone
            self.close()
            return None, 0.0
        finally:
            timer.cancel()

    def check_solution(self, tests=()):
        """Make sure that the solution passes against itself, and can be kept from others."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if problem := self.grade(self.solution, folder, tests)[0]:
                raise InputError(refusal_in(folder / REPORT) or problem)
            results = load(folder / RESULTS)["tests"]
        why = []
        for test in results:
            if test["status"] == "failed":
                # without what the submission printed
                error = test["output"].partition("caused the test to fail.\n")[2] or test["output"]
                why.append(f"{test['number']}: {error.strip().partition(chr(10))[0]}")
        if why:
            raise InputError(f"the solution fails against itself: {'; '.join(why):.1000}")

    def close(self):
        """End the process."""
        process, self.process = self.process, None
        if process:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            process.wait()


def refusal_in(report):
    """Give the line in which the grader says why it does not grade."""
    text = report.read_text(encoding="utf-8", errors="replace")
    return text.strip().rpartition("\n")[2].removeprefix("grader.py: ")


def main(arguments=None):
    """Grade what is read from standard input, a line each, until that is closed."""
    grader = importlib.import_module("grader")
    kept, confinement = {}, None
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer

    def workers(preload=()):
        key = tuple(preload)
        if key not in kept:
            kept[key] = WORKERS(preload)
            kept[key].close = lambda: None  # they stay for the next grading, and end as this does
        return kept[key]

    def seconds():
        nurseries = filter(None, (getattr(each, "nursery", None) for each in kept.values()))
        used = sum(use_of(nursery.pid, alone=True).seconds for nursery in nurseries)
        return used + sum(os.times()[:4])

    def confine():
        nonlocal confinement
        if confinement is None:
            with contextlib.closing(open_sandbox({}, workers())) as sandbox:
                confinement = replace(sandbox.confinement, weaker=None)
        if hasattr(os, "getuid"):  # others may have started more since
            confinement = replace(confinement, threads=threads_of_user(os.getuid()))
        return confinement

    def grade(order):
        try:
            return grader.main(order, confine, workers=workers)
        except SystemExit as end:  # wrong usage
            return end.code
        except Exception:
            traceback.print_exc()
            return 1

    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):  # the class is stopped, or gone
        for line in iter(sys.stdin.readline, ""):
            order, report = json.loads(line)
            before, how = seconds(), {"encoding": "utf-8", "errors": "backslashreplace"}
            with (
                open(report, "w", newline="\n", **how) as file,
                contextlib.redirect_stdout(file),
                contextlib.redirect_stderr(file),
            ):
                code = grade(order)
            print(json.dumps([code, max(seconds() - before, 0.0)]), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    program.launch(main)
