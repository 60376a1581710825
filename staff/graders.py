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
import threading
import traceback
from dataclasses import replace

from grading.course import WORKERS, open_sandbox
from sandbox.watch import threads_of_user, use_of

MOST_SECONDS = 1200  # for one submission; the grader's own limits end far below
THREADS = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"  # more cost time


class Grader:
    """A process that grades; `source` is the folder of grader.py."""

    def __init__(self, source):
        self.source, self.process = source, None

    def grade(self, arguments, report):
        """Grade; give the exit code, None if it died, and the seconds of a processor."""
        if self.process is None:
            command = [sys.executable, __file__, self.source]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
            environment = os.environ | dict.fromkeys(THREADS, "1")
            self.process = subprocess.Popen(command, env=environment, **pipes)
        timer = threading.Timer(MOST_SECONDS, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps([[*map(str, arguments)], str(report)]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):  # it is gone
            self.close()
            return None, 0.0
        finally:
            timer.cancel()

    def close(self):
        """End the process."""
        process, self.process = self.process, None
        if process:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            process.wait()


class LastingWorkers(WORKERS):
    """Workers that stay from one grading to the next."""

    def close(self):
        """Stay; they end with this process."""


def main(arguments=None):
    """Grade what is read from standard input, a line each, until that is closed."""
    grader = importlib.import_module("grader")
    kept, confinement = {}, None
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer

    def workers(preload=()):
        key = tuple(preload)
        kept[key] = kept.get(key) or LastingWorkers(preload)
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

    def work():
        for line in iter(sys.stdin.readline, ""):
            order, report = json.loads(line)
            before = seconds()
            with (
                open(
                    report, "w", encoding="utf-8", errors="backslashreplace", newline="\n"
                ) as file,
                contextlib.redirect_stdout(file),
                contextlib.redirect_stderr(file),
            ):
                try:
                    code = grader.main(order, confine, workers=workers)
                except SystemExit as end:  # wrong usage
                    code = end.code
                except Exception:
                    traceback.print_exc()
                    code = 1
            print(json.dumps([code, max(seconds() - before, 0.0)]), file=answers, flush=True)

    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):  # the class is stopped, or gone
        work()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    program.launch(main)
