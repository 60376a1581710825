"""Run gradings and tell what they left behind: a program of its own, so that nothing gets lost.

    python -I keeper.py < ORDER

The order is JSON, see `Gradings.grade_all`; so is the answer, on the standard output. If the
order says that this is a private place (namespaces of processes, mounts, IPC objects and the
network, whose first process this is), then nothing that is done in it is seen outside. All that
is left is killed.
"""

import base64
import contextlib
import ctypes
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# A net below the grader's own limits, so that a grader that has none cannot take the machine along.
NET = {"RLIMIT_NPROC": 3000, "RLIMIT_FSIZE": 8 * 2**30, "RLIMIT_AS": 12 * 2**30}
PUBLIC = "/tmp", "/var/tmp", "/dev/shm"  # where everybody may write
BUSY = b"busy-worker\0"  # how a submission calls a child when the time for `harm` has come
FROZEN_SECONDS = 6


def mount(*arguments):
    """Mount a file system."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enclose(order):
    """Make folders of this place its own, and bring its network up."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("--rbind", "/", "/mnt")
    for path in PUBLIC:
        mount("-t", "tmpfs", "-o", "size=1g,mode=1777", "none", path)
    pythons = {str(Path(each["command"][0]).parents[1]) for each in order["commands"]}
    order["kept"] = sorted({order["base"], *pythons})
    for path in order["kept"]:
        if not os.path.exists(path):  # it was where everybody may write
            os.makedirs(path)
            mount("--bind", f"/mnt{path}", path)
    if order["disk"]:
        first, *others = order["folders"]
        size = f"size={order['disk']}m,nr_inodes=60000,mode=1777"
        mount("-t", "tmpfs", "-o", size, "none", first)
        for path in others:
            mount("--bind", first, path)


def listen(port):
    """Take whatever is sent to a port; give the bytes, to which more will come."""
    received = bytearray()
    server = socket.create_server(("127.0.0.1", port), backlog=200)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))

    def read(connection):
        with contextlib.suppress(OSError):
            while data := connection.recv(65536):
                received.extend(data)

    def accept():
        while True:
            threading.Thread(target=read, args=[server.accept()[0]], daemon=True).start()

    for target, arguments in ((accept, []), (read, [datagrams])):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    return received


def reap(kept=()):
    """Let processes that ended and have nobody else end, as the first process of a system does."""
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in kept:
                break  # who waits for it learns how it ended
            os.waitpid(ended.si_pid, 0)


def below():
    """Map the processes below this one to their parents, states and command lines."""
    about = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = Path("/proc", entry, "stat").read_bytes()
            state, parent = stat[stat.rindex(b")") + 2 :].split()[:2]
            command = Path("/proc", entry, "cmdline").read_bytes()
            about[int(entry)] = int(parent), state.decode(), command
    found, new = set(), {os.getpid()}
    while new:
        new = {process for process in about if about[process][0] in new} - found
        found |= new
    return {process: about[process] for process in found}


def end_all():
    """Kill the processes below this one."""
    give_up = time.monotonic() + 60
    while (reap() or below()) and time.monotonic() < give_up:
        for process in below():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)


class Harm:
    """Does to a worker, once it has a child that is called busy, what the machine may do to it.

    ``kill`` kills the process above it, as for want of memory; ``freeze`` keeps it from being
    killed for some seconds, as a slow call of the kernel does, by the control group `freezer`.
    """

    def __init__(self, kind, freezer):
        self.kind, self.freezer, self.done, self.thaws = kind, freezer, set(), 0

    def look(self, graders):
        """Do harm to workers that are new."""
        found = below() if self.kind else {}
        for parent, _, command in found.values():
            if command.startswith(BUSY) and parent in found and parent not in self.done:
                self.done.add(parent)
                above = found[parent][0]
                if self.kind == "kill":
                    os.kill(parent if above in graders else above, signal.SIGKILL)
                else:
                    self._freezer("cgroup.procs", parent)
                    self._freezer("freezer.state", "FROZEN")
                    self.thaws = time.monotonic() + FROZEN_SECONDS
        if self.thaws and time.monotonic() > self.thaws:
            self.thaw()

    def thaw(self):
        """Let go on what was frozen."""
        if self.thaws:
            self.thaws = 0
            self._freezer("freezer.state", "THAWED")
            time.sleep(0.3)

    def _freezer(self, file, text):
        with contextlib.suppress(OSError):
            Path(self.freezer, file).write_text(str(text))


class Run:
    """A command that runs."""

    def __init__(self, order, group):
        user = order["user"]
        account = {} if user is None else {"user": user, "group": user}
        self.began, self.most, self.told = time.monotonic(), 0, None
        self.seconds = order["seconds"]
        with open(order["output"], "wb") as output:
            self.process = subprocess.Popen(
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
        if group:
            Path(group, "cgroup.procs").write_text(str(self.process.pid))

    def look(self):
        """See whether it has ended; tell its exit code (None if it does not end), time, memory."""
        if self.told:
            return True
        with contextlib.suppress(OSError, TypeError):  # it has ended
            status = Path("/proc", str(self.process.pid), "status").read_bytes()
            self.most = max(self.most, int(re.search(rb"VmHWM:\s*(\d+) kB", status)[1]))
        seconds = time.monotonic() - self.began
        if self.process.poll() is not None or seconds > self.seconds:
            code, megabytes = self.process.poll(), self.most // 1024
            self.told = {"code": code, "seconds": seconds, "megabytes": megabytes}
        return self.told is not None


def limit():
    """Spread the net."""
    for name, value in NET.items():
        resource.setrlimit(getattr(resource, name), (value, value))


def left_objects():
    """List the IPC objects of this place."""
    found = []
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError):
            found += [kind] * (len(Path("/proc/sysvipc", kind).read_text().splitlines()) - 1)
    mount("-t", "mqueue", "none", "/mnt")
    return found + [f"queue {name}" for name in os.listdir("/mnt")]


def left_files(kept):
    """List the files where everybody may write, but for what was put there before."""
    found = []
    for public in PUBLIC:
        for folder, names, files in os.walk(public):  # in `kept`, others are at work
            names[:] = [name for name in names if f"{folder}/{name}" not in kept]
            found += [f"{folder}/{name}" for name in names + files]
    return [path for path in found if not any(place.startswith(f"{path}/") for place in kept)]


def main():
    """Run the commands."""
    order = json.loads(sys.stdin.read())
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if order["private"]:
        enclose(order)
    received, harm = listen(order["port"]), Harm(order["harm"], order["groups"].get("freezer"))
    waiting, runs, most = order["commands"], [], (0, 0)
    while [run for run in runs if not run.look()] or waiting:
        while waiting and (not order["in_turn"] or all(run.told for run in runs)):
            runs.append(Run(waiting.pop(0), order["groups"].get("memory")))
        graders = {run.process.pid for run in runs}
        reap(graders)
        harm.look(graders)
        if order["disk"]:
            about = os.statvfs(order["folders"][0])
            megabytes = (about.f_blocks - about.f_bfree) * about.f_frsize // 2**20
            most = tuple(map(max, most, (megabytes, about.f_files - about.f_ffree)))
        time.sleep(0.02)
    harm.thaw()
    reap()
    survivors = [
        f"{process} {state} {command[:200].decode(errors='replace')}"
        for process, (_, state, command) in below().items()
        if all(run.told["code"] is not None for run in runs)
    ]
    end_all()
    memory = Path(order["groups"].get("memory", ""), "memory.max_usage_in_bytes")
    told = {
        "runs": [run.told for run in runs],
        "survivors": survivors,
        "objects": left_objects() if order["private"] else [],
        "left": left_files(order["kept"]) if order["private"] else [],
        "used": most,
        "peak": int(memory.read_text()) // 2**20 if memory.exists() else 0,
        "sent": base64.b64encode(received[: 10 * 2**20]).decode(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
