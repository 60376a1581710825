"""What all processes of a group use together, what lies in a folder, how much memory there is."""

import contextlib
import os
import subprocess
import sys
import threading

import pytest
from boxes import in_child
from test_confine import AS_ROOT, UID

from sandbox import confine, watch
from sandbox.watch import MOST_DISK, MOST_FILES, MOST_MEMORY, Use, use_of

pytestmark = pytest.mark.skipif(not watch.HAS_PROC, reason="looks into /proc")
MB = 2**20
SPIN = """
import mmap, os, threading, time
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""
GROUP = f"""{SPIN}
spin(0.2)
for waits in (True, False):
    if not (child := os.fork()):
        spin(0.2)
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | (0 if waits else os.WNOWAIT))
for group in (False, True):
    if os.fork():
        continue
    if group:
        os.setpgid(0, 0)  # which the filter does not let it do
    held, shared = bytearray(b"x" * {40 * MB}), mmap.mmap(-1, {40 * MB})
    shared.write(held)
    for _ in range(3):
        threading.Thread(target=time.sleep, args=[20], daemon=True).start()
    spin(0.2)
    print(os.getpid(), flush=True)
    break
time.sleep(20)
"""


def test_a_group_is_summed():
    command = [sys.executable, "-ISc", GROUP]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as leader:
        children = [int(leader.stdout.readline()) for _ in range(2)]
        use, alone = use_of(leader.pid), use_of(leader.pid, alone=True)
        for process in (*children, leader.pid):
            os.kill(process, 9)
    assert 0.75 < use.seconds < 1.2
    assert 0.37 < alone.seconds < 0.7  # with what it waited for
    assert 80 * MB < use.memory < 130 * MB
    assert (use.threads, alone.threads) == (1 + 1 + 4, 1)  # one of them a zombie
    assert use_of(2**22) == use_of(2**22, alone=True) == Use()


def test_waiting_for_a_processor_is_seen():
    def run():
        os.setpgid(0, 0)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        leads = os.fork() and os.fork() and os.fork()  # or is one of its three children
        exec(f"{SPIN}\nspin(0.2)", {})
        return use_of(os.getpgrp()) if leads else os._exit(0)

    use = in_child(run)
    assert use.waited > 0.3
    assert use.seconds > 0.4


@AS_ROOT
def test_threads_of_a_user():
    def run():
        confine.become(UID, UID)
        counts = [watch.threads_of_user(UID)]
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        counts.append(watch.threads_of_user(UID))
        if (zombie := os.fork()) == 0:
            os._exit(0)
        os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
        return [*counts, watch.threads_of_user(UID)]

    assert in_child(run) == [1, 2, 3]


# How much memory there is

V1, V2 = "sys/fs/cgroup/memory{}/memory.limit_in_bytes", "sys/fs/cgroup{}/memory.max"
NO_LIMIT = "9223372036854771712"


@pytest.mark.parametrize(
    ("groups", "files", "megabytes"),
    [
        ("0::/", {}, 8000),
        ("0::/", {V2.format(""): 700 * MB}, 700),
        ("0::/a/b", {V2.format("/a/b"): "max", V2.format("/a"): 600 * MB}, 600),
        ("0::/a/b", {V2.format("/a/b"): 500 * MB, V2.format("/a"): 600 * MB}, 500),
        ("0::/a", {V2.format("/b"): 500 * MB}, 8000),
        ("9:memory:/", {V1.format(""): 400 * MB}, 400),
        ("9:memory:/docker/1\n0::/", {V1.format(""): 300 * MB}, 300),
        ("9:memory:/a\n0::/", {V1.format("/a"): 200 * MB, V1.format(""): NO_LIMIT}, 200),
        ("9:memory:/\n1:cpu:/a", {V1.format("/a"): 100 * MB, V1.format(""): NO_LIMIT}, 8000),
    ],
    ids=str,
)
def test_memory_is_that_of_the_machine_or_of_a_control_group(groups, files, megabytes, tmp_path):
    here = {"proc/meminfo": f"MemTotal: {8000 * 1024} kB\nMemFree: 9 kB\n"}
    for name, text in (here | {"proc/self/cgroup": f"{groups}\n"} | files).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(str(text))
    assert watch.memory_here(tmp_path) == megabytes * MB


def test_what_the_grader_and_its_children_take_is_not_left(monkeypatch):
    def left_beside_a_child():
        hold = ["-ISc", f"held = b'x' * {80 * MB}; print(); input()"]
        with subprocess.Popen([sys.executable, *hold], stdin=-1, stdout=-1) as child:
            child.stdout.readline()
            found = watch.memory_left()
            child.communicate(b"\n")
        return found

    assert watch.memory_left() <= MOST_MEMORY
    monkeypatch.setattr(watch, "MOST_MEMORY", 2**60)
    before, held = watch.memory_left(), bytearray(b"x" * (100 * MB))
    after = watch.memory_left()
    assert 80 * MB <= before - after <= 120 * MB, len(held)
    assert 60 * MB <= after - left_beside_a_child() <= 100 * MB
    assert before + 192 * MB < watch.memory_here()


# Its folder

TOO_LARGE = "more than 64 MB in its working folder"
CLOSED = "folders that cannot be opened, or are nested too deeply"
TOO_MANY = "more than 2,000 files in its working folder"


def excess_of(folder, use=None):
    return watch.excess_of(use or Use(), folder, MOST_MEMORY)


def fill(folder, size=MOST_DISK + MB):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_bytes(bytes(size))


def test_size_is_what_is_taken_of_the_disk(tmp_path):
    assert excess_of(tmp_path) == excess_of(tmp_path / "nothing") == ""
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(MOST_DISK * 9)
    fill(tmp_path, MOST_DISK - MB)
    assert excess_of(tmp_path) == ""
    (tmp_path / "file").write_bytes(bytes(2 * MB))
    assert excess_of(tmp_path) == TOO_LARGE


def test_all_names_count_and_links_are_not_followed(tmp_path):
    fill(tmp_path / "outside")
    more = tmp_path / "folder" / "more"
    more.mkdir(parents=True)
    targets = ".", "nothing", "../../outside", "../../outside/deep/er/file"
    for k in range(MOST_FILES - 1):
        (more / str(k)).symlink_to(targets[k % 4])
    assert excess_of(more.parent) == ""
    os.mkfifo(more.parent / "pipe")
    assert excess_of(more.parent) == TOO_MANY


def test_depth_beyond_what_a_path_can_name(tmp_path):
    with contextlib.chdir(tmp_path):
        for _ in range(30):
            os.mkdir("x" * 200)
            os.chdir("x" * 200)
    assert excess_of(tmp_path) == CLOSED


@AS_ROOT
def test_closed_folders_hide_nothing(tmp_path):
    def run():
        os.chdir(tmp_path)
        for path in (".", "closed"):
            os.chown(path, UID, UID)
        confine.become(UID, UID)
        return excess_of(".")

    (tmp_path / "closed").mkdir(0o300)
    assert in_child(run) == CLOSED


def test_open_files_without_a_name_count(tmp_path):
    with open(tmp_path / "file", "wb") as file, open(tmp_path / "kept", "wb") as kept:
        file.write(bytes(3 * MB))
        kept.write(bytes(2 * MB))
        file.flush()
        kept.flush()
        (tmp_path / "file").unlink()
        with open(os.dup(file.fileno()), "rb"):  # twice open, which counts once
            use = use_of(os.getpgrp())
    assert [size for size in use.nameless.values() if size >= MB] == [3 * MB]
    assert excess_of(tmp_path, Use(nameless={1: MOST_DISK, 2: MB})) == TOO_LARGE


def test_what_vanishes_meanwhile_hides_nothing_else(tmp_path):
    def churn():
        while not stop.is_set():
            names = [tmp_path / str(k) for k in range(50)]
            for name in names:
                name.mkdir()
            for name in names:
                name.rmdir()

    fill(tmp_path)
    stop, thread = threading.Event(), threading.Thread(target=churn)
    thread.start()
    found = {excess_of(tmp_path) for _ in range(300)}
    stop.set()
    thread.join()
    assert found == {TOO_LARGE}
