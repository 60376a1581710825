"""What all processes of a submission use together, as Linux shows it from outside, in /proc.

The submission can forge none of it. On other systems nothing is known, and only the clock counts.
"""

import contextlib
import errno
import os
import re
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

HAS_PROC = os.path.exists("/proc/self/stat")
TICKS = os.sysconf("SC_CLK_TCK") if HAS_PROC else 1
MOST_MEMORY, LEAST_MEMORY = 640 * 2**20, 128 * 2**20  # bytes
RESERVE = 192 * 2**20  # for files in memory, what is taken between two looks, other programs
MOST_THREADS = 64
MOST_DISK, MOST_FILES = 64 * 2**20, 2_000  # bytes and files in its folder
LACKS = {errno.EAGAIN, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}
MEMORY = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap|VmPTE):\s*(\d+) kB", re.MULTILINE)
USER_AND_THREADS = re.compile(rb"^Uid:\t(\d+).*^Threads:\t(\d+)", re.MULTILINE | re.DOTALL)


@dataclass
class Use:
    """What a group of processes uses: times in seconds, memory in bytes.

    `waited` is how long its first process was ready to run but had no processor.
    """

    seconds: float = 0.0
    waited: float = 0.0
    memory: int = 0
    threads: int = 0
    nameless: dict = field(default_factory=dict)  # bytes of open files without a name


def use_of(group, alone=False):
    """Tell what a group of processes uses, zombies included; nothing is known of the group None.

    With `alone`, tell only the times of its first process and of the children that it waited for.
    """
    use = Use()
    if not HAS_PROC:
        return use
    for process in [str(group)] if alone else processes():
        fields = stat_of(process)
        if not fields or int(fields[2]) != group:
            continue
        use.seconds += sum(map(int, fields[11:15])) / TICKS
        use.threads += int(fields[17])
        if not alone:
            use.memory += memory_of(process)
            use.nameless.update(nameless_of(process))
    with contextlib.suppress(IndexError):
        use.waited = int(read(group, "schedstat").split()[1]) / 1e9
    return use


def memory_of(process):
    """Give the bytes that a process has for itself."""
    return 1024 * sum(map(int, MEMORY.findall(read(process, "status"))))


def memory_here(root="/"):
    """Give the bytes of memory of this machine, or of a control group that has less."""
    root, found = Path(root), [sys.maxsize]
    with contextlib.suppress(OSError):  # elsewhere than on Linux
        found += [1024 * int((root / "proc/meminfo").read_text().split()[1])]
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            kinds, path = line.split(":", 2)[1:]
            group = root / "sys/fs/cgroup" / kinds / path[1:]
            names = ("memory.max", "memory.limit_in_bytes") if kinds in ("", "memory") else ()
            for file in (folder / name for folder in (group, *group.parents) for name in names):
                with contextlib.suppress(OSError, ValueError):  # "max"
                    found.append(int(file.read_text()))
    return min(found)


def memory_left():
    """Give the bytes that a submission may take beside the grader and its children."""
    me = str(os.getpid())
    grader = [p for p in processes() if p == me or stat_of(p)[1:2] == [me.encode()]]
    left = memory_here() - sum(map(memory_of, grader)) - RESERVE
    return min(MOST_MEMORY, left) // 2**24 * 2**24  # mostly the same for each submission


def nameless_of(process):
    """Measure the open files of a process that have no name, if the system shows them."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(f"/proc/{process}/fd") as items:
        for item in items:
            with contextlib.suppress(OSError):
                about = item.stat()
                if stat.S_ISREG(about.st_mode) and not about.st_nlink:
                    found[about.st_dev, about.st_ino] = about.st_blocks * 512
    return found


def is_running(group):
    """Tell whether any process of a group has not ended."""
    found = filter(None, map(stat_of, processes()))
    return any(int(fields[2]) == group and fields[0] not in (b"Z", b"X") for fields in found)


def threads_of_user(uid):
    """Count the threads of a user."""
    found = (USER_AND_THREADS.search(read(process, "status")) for process in processes())
    return sum(int(match[2]) for match in found if match and int(match[1]) == uid)


def processes():
    """Name all processes."""
    return filter(str.isdigit, os.listdir("/proc")) if HAS_PROC else ()


def stat_of(process):
    """Give the fields of /proc/PROCESS/stat behind the name: state, parent, group and so on."""
    return read(process, "stat").rpartition(b")")[2].split()


def read(process, name):
    """Read a file of a process in /proc; empty if it has ended."""
    try:
        with open(f"/proc/{process}/{name}", "rb", buffering=0) as file:
            return file.read(8192)
    except OSError:
        return b""


def excess_of(use, folder, memory):
    """Say what uses too much: processes, files in the folder or without a name; empty if none."""
    if use.memory > memory:
        return f"more than {memory // 2**20} MB of memory in all"
    if use.threads > MOST_THREADS:
        return f"more than {MOST_THREADS} processes and threads"
    size, count, folders = sum(use.nameless.values()), 0, [folder]
    for place in folders:  # grows as subfolders are found
        try:
            with os.scandir(place) as items:
                for item in items:
                    count += 1
                    if count > MOST_FILES:
                        return f"more than {MOST_FILES:,} files in its working folder"
                    with contextlib.suppress(FileNotFoundError):
                        size += item.stat(follow_symlinks=False).st_blocks * 512
                    if item.is_dir(follow_symlinks=False):
                        folders.append(item.path)
        except (FileNotFoundError, NotADirectoryError):
            continue  # it was changed meanwhile: the next look sees it
        except OSError:
            return "folders that cannot be opened, or are nested too deeply"
    if size > MOST_DISK:
        return f"more than {MOST_DISK // 2**20} MB in its working folder"
    return ""
