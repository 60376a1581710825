"""Run a program, and the workers that it starts, without what Windows or macOS lacks.

Used as ``python elsewhere.py windows PROGRAM ARGUMENTS``; without a program it is the worker.
"""

import importlib
import os
import platform
import runpy
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

SOURCE = Path(__file__).resolve().parents[1] / "src"
LACKING = {  # modules and attributes, by the name of the system
    "windows": """
        fcntl grp pwd resource termios
        os.O_CLOEXEC os.O_NOCTTY os.O_NOFOLLOW os.O_NONBLOCK os.O_PATH os.WIFSIGNALED os.WNOHANG
        os.WTERMSIG os.chown os.fchmod os.fork os.forkpty os.getegid os.geteuid os.getgid
        os.getgroups os.getpgid os.getpgrp os.getpriority os.getresuid os.getsid os.getuid
        os.killpg os.mkfifo os.nice os.pread os.sched_getaffinity os.setgid os.setgroups os.setpgid
        os.setresgid os.setresuid os.setsid os.setuid os.statvfs os.sysconf os.uname os.wait
        os.waitid signal.SIGALRM signal.SIGCHLD signal.SIGCONT signal.SIGHUP signal.SIGKILL
        signal.SIGPIPE signal.SIGQUIT signal.SIGSTOP signal.SIGUSR1 signal.SIGUSR2 signal.alarm
        signal.pthread_sigmask signal.setitimer signal.sigwait socket.AF_UNIX socket.CMSG_LEN
        socket.SCM_RIGHTS socket.recv_fds socket.send_fds
    """,
    "macos": """
        os.O_PATH os.getresuid os.sched_getaffinity os.setresgid os.setresuid os.pidfd_open
        signal.pidfd_send_signal signal.sigwaitinfo
    """,
}
LIBRARIES = {  # what programs import that is not ours: as it is here
    "run.py": ["matplotlib.pyplot"],
    "sentiment.py": ["matplotlib.pyplot"],
    "grader.py": [],
    "program.py": ["urllib.request"],
}
PLATFORM = {"windows": "win32", "macos": "darwin"}


def take_away(system):
    """Take away what a system lacks from this process, and give it the name of the system."""
    if system == "windows":
        subprocess.signal = SimpleNamespace(**vars(signal))  # it does without there
        shutil._use_fd_functions = False
        pair = socket.socketpair
        socket.socketpair = lambda: pair(1)  # AF_UNIX, as a program's sockets are passed on by it
        for which in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            which.clear()
    for name in LACKING[system].split():
        module, _, attribute = name.partition(".")
        if attribute:
            vars(sys.modules[module]).pop(attribute, None)
        else:
            sys.modules[name] = None
    exists = os.path.exists
    os.path.exists = lambda path: not str(path).startswith("/proc") and exists(path)
    platform.machine = lambda: "arm64" if system == "macos" else "AMD64"
    sys.platform = PLATFORM[system]


def main(system, program, *arguments):
    """Run a program."""
    from sandbox import workers

    workers.PROGRAM = __file__
    workers.ENVIRONMENT["ELSEWHERE"] = system
    sys.argv[:] = [program, *arguments]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    sys.path[0] = str(SOURCE)
    if sys.argv[1:]:
        for name in LIBRARIES[Path(sys.argv[2]).name]:
            importlib.import_module(name)
        take_away(sys.argv[1])
        main(*sys.argv[1:])
    else:
        take_away(os.environ["ELSEWHERE"])
        from sandbox import nursery

        nursery.main()
