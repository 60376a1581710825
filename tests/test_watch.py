"""What all processes of a submission use together, and what lies in its folder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from boxes import loaded, sandbox
from test_confine import AS_ROOT, UID, in_child

from sandbox import confine, watch
from sandbox.confine import Confinement
from sandbox.session import ExcessError
from sandbox.watch import MOST_DISK, MOST_FILES, MOST_MEMORY, MOST_THREADS, Use, excess_of, use_of

pytestmark = pytest.mark.skipif(not watch.HAS_PROC, reason="looks into /proc")
GROUP = """
import mmap, os, threading, time
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
spin(0.2)
for waits in (True, False):
    if not (child := os.fork()):
        spin(0.2)
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | (0 if waits else os.WNOWAIT))
if not os.fork():
    held, shared = bytearray(b"x" * 40 * 2**20), mmap.mmap(-1, 40 * 2**20)
    shared.write(held)
    for _ in range(3):
        threading.Thread(target=time.sleep, args=[20], daemon=True).start()
    spin(0.2)
    print("ready", flush=True)
    time.sleep(20)
if not os.fork():
    os.setsid()  # which the filter does not let it do
    spin(0.5)
    held = bytearray(b"x" * 2**28)
    print("ready", flush=True)
    time.sleep(20)
time.sleep(20)
"""


@pytest.fixture
def group():
    command = [sys.executable, "-IS", "-c", GROUP]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as leader:
        for _ in range(2):
            leader.stdout.readline()
        yield leader.pid
        for process in watch.processes():
            if (stat := watch.stat_of(process)) and int(stat[1]) == leader.pid:
                os.kill(int(process), 9)
        leader.kill()


def test_a_group_is_summed(group):
    use, alone = use_of(group), use_of(group, alone=True)
    assert 0.75 < use.seconds < 1.2
    assert 0.37 < alone.seconds < 0.7  # with what it waited for
    assert use.memory - alone.memory > 80 * 2**20
    assert use.memory < 200 * 2**20
    assert (use.threads, alone.threads) == (1 + 1 + 4, 1)  # one of them a zombie
    assert use.waited >= 0
    assert use_of(2**22) == use_of(2**22, alone=True) == Use()


def test_waiting_for_a_processor_is_seen():
    program = f"import os, time\nos.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})\n"
    program += "print(1, flush=True)\nwhile True: pass"
    processes = [
        subprocess.Popen([sys.executable, "-ISc", program], stdout=-1, process_group=0)
        for _ in range(2)
    ]
    for process in processes:
        process.stdout.readline()
    before = use_of(processes[0].pid)
    threading.Event().wait(0.4)
    after = use_of(processes[0].pid)
    for process in processes:
        process.kill()
        process.communicate()
    assert after.waited - before.waited > 0.1
    assert after.seconds - before.seconds < 0.35


@AS_ROOT
def test_threads_of_a_user():
    def run():
        confine.become(UID, UID)
        counts = [watch.threads_of_user(UID)]
        stop = threading.Event()
        for _ in range(2):
            threading.Thread(target=stop.wait, daemon=True).start()
        counts.append(watch.threads_of_user(UID))
        zombie = os.fork()
        if zombie == 0:
            os._exit(0)
        os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
        return [*counts, watch.threads_of_user(UID)]

    assert in_child(run) == [1, 3, 4]


def test_elsewhere_nothing_is_known(monkeypatch):
    monkeypatch.setattr(watch, "HAS_PROC", False)
    assert use_of(os.getpgrp()).seconds == watch.threads_of_user(os.getuid()) == 0


def test_words_of_excess():
    assert Use(10**9, 10**9, MOST_MEMORY, MOST_THREADS).excess() == ""
    assert Use(memory=MOST_MEMORY + 1).excess() == "more than 512 MB of memory in all"
    assert Use(threads=MOST_THREADS + 1).excess() == "more than 64 processes and threads"


# Its folder

TOO_LARGE, TOO_MANY = (
    "more than 64 MB in its working folder",
    "more than 2,000 files in its working folder",
)


def fill(folder, size=MOST_DISK + 2**20):
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_bytes(bytes(size))


def test_size_is_what_is_taken_of_the_disk(tmp_path):
    assert excess_of(tmp_path) == excess_of(tmp_path / "nothing") == ""
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(MOST_DISK * 9)
    fill(tmp_path, MOST_DISK - 2**20)
    assert excess_of(tmp_path) == ""
    (tmp_path / "file").write_bytes(bytes(2**21))
    assert excess_of(tmp_path) == TOO_LARGE


def test_all_names_count(tmp_path):
    (tmp_path / "folder").mkdir()
    for k in range(MOST_FILES - 1):
        (tmp_path / "folder" / str(k)).symlink_to("nothing")
    assert excess_of(tmp_path) == ""
    (tmp_path / "pipe").touch()
    assert excess_of(tmp_path) == TOO_MANY


def test_links_are_not_followed(tmp_path):
    fill(tmp_path / "outside")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, to in (("out", "../outside"), ("file", "../outside/deep/er/file"), ("loop", ".")):
        (folder / name).symlink_to(to)
    assert excess_of(folder) == ""


def test_depth_beyond_what_a_path_can_name(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("x" * 200, dir_fd=here)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert excess_of(tmp_path) == "folders too deep in each other"


@AS_ROOT
def test_closed_folders_hide_no_others(tmp_path):
    for k in range(20):
        (tmp_path / f"closed-{k}").mkdir(0)
    fill(tmp_path)
    tmp_path.parent.chmod(0o755)

    def run():
        os.chdir(tmp_path)
        for path in (".", *Path(".").rglob("*")):
            os.chown(path, UID, UID)
        confine.become(UID, UID)
        return excess_of(".")

    assert in_child(run) == TOO_LARGE


CHURN = """
import os
while True:
    for k in range(50):
        os.mkdir(f"folder-{k}")
        open(f"file-{k}", "w").close()
    for k in range(50):
        os.rmdir(f"folder-{k}")
        os.remove(f"file-{k}")
    print(flush=True)
"""


def test_what_vanishes_meanwhile_hides_nothing_else(tmp_path):
    fill(tmp_path)
    command = [sys.executable, "-ISc", CHURN]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        found = {excess_of(tmp_path) for _ in range(300)}
        process.kill()
    assert found == {TOO_LARGE}


@pytest.mark.parametrize("without", [(), ("watch",)])
def test_the_wall(without):
    source = """
        import time
        def f():
            for k in range(2100):
                open(str(k), "w").close()
            time.sleep(0.5)
            return 1
    """
    with sandbox(source, confinement=Confinement(without=without)) as box, loaded(box) as made:
        if without:
            assert made.f() == 1
        else:
            with pytest.raises(ExcessError, match=f"the submission used {TOO_MANY}"):
                made.f()
