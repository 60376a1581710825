"""Run a command and tell what it left behind: a program of its own, so that nothing gets lost.

    python -I keeper.py < ORDER

The order is JSON: command, user (or null), folder, environment, seconds, output. The answer, on the
standard output: code (null if it had to be killed), seconds, megabytes (the most memory that the
command's own process held), survivors (the processes that were still there when the command had
ended, in words). All of them are killed.
"""

import contextlib
import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# A net below the grader's own limits, so that a grader that has none cannot take the machine along.
NET = {"RLIMIT_NPROC": 3000, "RLIMIT_FSIZE": 8 * 2**30, "RLIMIT_AS": 12 * 2**30}


def below():
    """Map the processes below this one to their command lines; those that have ended are reaped."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    parents, names = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = Path("/proc", entry, "stat").read_bytes()
            state, parent = stat[stat.rindex(b")") + 2 :].split()[:2]
            command = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ")
            parents[int(entry)] = int(parent)
            names[int(entry)] = f"{entry} {state.decode()} {command[:200].decode(errors='replace')}"
    found, new = set(), {os.getpid()}
    while new:
        new = {process for process, parent in parents.items() if parent in new} - found
        found |= new
    return {process: names[process] for process in found}


def end_all():
    """Kill the processes below this one."""
    give_up = time.monotonic() + 60
    while (processes := below()) and time.monotonic() < give_up:
        for process in processes:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)


def watch(process, seconds):
    """Wait for a process to end; tell its exit code, None if it does not end, and its memory."""
    give_up, most = time.monotonic() + seconds, 0
    while time.monotonic() < give_up:
        with contextlib.suppress(OSError, TypeError):  # it has ended
            status = Path("/proc", str(process.pid), "status").read_bytes()
            most = max(most, int(re.search(rb"VmHWM:\s*(\d+) kB", status)[1]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.05), most // 1024
    return None, most // 1024


def limit():
    """Spread the net."""
    for name, value in NET.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def main():
    """Run the command."""
    order = json.loads(sys.stdin.read())
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    account = {} if order["user"] is None else {"user": order["user"], "group": order["user"]}
    began = time.monotonic()
    with open(order["output"], "wb") as output:
        process = subprocess.Popen(
            order["command"],
            cwd=order["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            extra_groups=[] if account else [0],  # as root may have after a login
            preexec_fn=limit,
            **account,
        )
        code, megabytes = watch(process, order["seconds"])
        seconds = time.monotonic() - began
        survivors = [] if code is None else list(below().values())
        end_all()
    told = {"code": code, "seconds": seconds, "megabytes": megabytes, "survivors": survivors}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
