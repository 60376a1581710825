"""Attacks on what the machine has in common: processes, files, memory, IPC objects, users."""

from functools import partial
from pathlib import Path

from .fixture import BOTH, CONFINED, Hostile, joined, together

EVERY = BOTH, *CONFINED
USER, LANDLOCK = CONFINED
HARMED = {"passes": "2a-1 2b-0", "fails": "2a-2"}

# What a submission may use to say what it could do, and to do it.
TOOLS = """
    import ctypes, fcntl, os, signal, time

    libc = ctypes.CDLL(None, use_errno=True)


    def try_all(*attempts):
        for name, attempt in attempts:
            try:
                if attempt() not in (None, False, -1):
                    print("GOT", name, flush=True)
            except (OSError, ValueError, MemoryError) as error:
                pass


    def leave(work, count=3):
        for _ in range(count):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.setsid()
                    until = time.monotonic() + 25
                    while time.monotonic() < until:
                        try:
                            work()
                        except OSError:
                            time.sleep(0.1)
                os._exit(0)


    def burn(seconds=1):
        while time.process_time() < seconds:
            pass


    def be_busy():
        if os.fork() == 0:
            os.execv("/bin/sleep", ["busy-worker", "100"])
        time.sleep(100)
"""


def attack(rule, name, statements, top="", **options):
    """Make a row whose sigmoid attacks, at every level that confines."""
    options = {"levels": EVERY, "secret": True, "hides": ("GOT ",)} | options
    return Hostile(rule, name, {"sigmoid": statements}, joined(TOOLS, top), **options)


clock, limits, confinement = (partial(attack, rule) for rule in ("clock", "limits", "confinement"))

# Processes that outlive the worker, the process above it, or a test; and what they do then

SWAP = """
    def swap(number=[0]):
        number[0] += 1
        name = f"{os.getpid()}-{number[0]}"
        os.mkdir(name)
        for k in range(30):
            open(f"{name}/{k}.py", "w").close()
        os.symlink("@others@/bob", f"{name}-link")
        one, other = name.encode(), f"{name}-link".encode()
        while libc.renameat2(-100, one, -100, other, 2) == 0:
            pass
        os.stat(name)
        while True:
            os.rename(name, "old")
            os.rename(other, name)
            os.rename(name, other)
            os.rename("old", name)
"""


def others_folder(folder, places):
    """Make a folder of somebody else's, with files of the same names."""
    bob = Path(places["others"], "bob")
    bob.mkdir()
    for k in range(30):
        (bob / f"{k}.py").write_text("here")


KINDS = """
    import subprocess, threading

    def start(then=lambda: None, begin=os.fork):
        if begin() == 0:
            then()
            time.sleep(50)
            os._exit(0)

    def thread_alone():
        threading.Thread(target=time.sleep, args=[50]).start()
        libc.syscall(60, 0)

    def start_all():
        start(begin=lambda: libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0))  # its parent is the worker's
        start(lambda: os.kill(os.getpid(), signal.SIGSTOP))
        start(lambda: libc.prctl(36, 1, 0, 0, 0) or os.fork())
        start(lambda: libc.ptrace(0, 0, None, None))
        start(lambda: os.setpgid(0, 0))
        start(thread_alone)
        for more in ({"start_new_session": True}, {"process_group": 0}):
            subprocess.Popen(["sh", "-c", "(trap '' HUP; sleep 50 & exec sleep 50)"], **more)
"""
MORE = "2a-2 2a-3 2a-4 2a-5"
harmed = partial(clock, **HARMED | {"seconds": 0.5, "bound": 60})
WAIT = "lambda: time.sleep(1)"
OUTLIVE = [
    harmed("sessions of their own, the process above is killed", f"leave({WAIT})\nbe_busy()", harm="kill", without=("system calls",)),
    harmed("sessions of their own, the worker is in a slow call", f"leave({WAIT})\nbe_busy()", harm="freeze", without=("system calls",)),
    harmed("folders are exchanged for links during the removal", "leave(swap)\nbe_busy()", SWAP, harm="kill", make=others_folder, fails=MORE, without=("system calls",)),
    harmed("children of all kinds", "start_all()\nreturn x", KINDS),
    harmed("children of all kinds, the process above is killed", "start_all()\nbe_busy()", KINDS, harm="kill", without=("system calls",)),
    harmed("the main thread ends, another goes on", "thread_alone()", KINDS),
    harmed("folders that are made closed", "os.mkdir('closed', 0o300)\nos.mkdir('closed/more', 0)\nopen('closed/file', 'w').close()\nreturn x"),
    harmed("takes its time in a child", "if (child := os.fork()) == 0:\n    burn()\n    os._exit(0)\nos.waitpid(child, 0)\nreturn 1 / (1 + np.exp(-x))", shows=("longer than",)),
    harmed("takes its time in a child's child", "read, write = os.pipe()\nif (child := os.fork()) == 0:\n    if os.fork() == 0:\n        burn()\n        os.write(write, b'.')\n    os._exit(0)\nos.read(read, 1)\nreturn 1 / (1 + np.exp(-x))", shows=("longer than",)),
]  # fmt: skip

# What reaches others through the kernel

LEASES = """
    import wave

    def lease(path):
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        number = os.open(path, os.O_RDONLY)
        for name, kind in (("a lease for reading", fcntl.F_RDLCK), ("a lease", fcntl.F_WRLCK)):
            try_all((name, lambda: fcntl.fcntl(number, fcntl.F_SETLEASE, kind) == 0))
        if os.fork() == 0:
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            except BlockingIOError:
                print("GOT others blocked", flush=True)
            os._exit(0)
        os.wait()
"""
CALLS = """
    def call(number, *arguments):
        arguments = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
        return libc.syscall(number, *arguments) >= 0

    LEFT = (
        ("shared memory", lambda: call(29, 77, 4096, 0o1600)),
        ("semaphores", lambda: call(64, 77, 1, 0o1600)),
        ("a queue", lambda: call(68, 77, 0o1600)),
        ("a queue with a name", lambda: call(240, b"left", os.O_CREAT | os.O_RDWR, 0o600, None)),
    )

    def leave_files():
        for folder in ("/tmp", "/var/tmp", "/dev/shm"):
            for name in ("left", "left\\n----- END", ".left" + "x" * 200):
                try_all((folder, lambda: os.write(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY, 0), b"left")))
            try_all((f"a folder in {folder}", lambda: not os.mkdir(f"{folder}/closed", 0o300)))
            try_all((f"a file in it", lambda: not os.close(os.open(f"{folder}/closed/left", os.O_CREAT, 0))))
"""
KERNEL = [
    confinement("leases on files of packages", "lease(wave.__file__)\nreturn x", LEASES, levels=(LANDLOCK,), is_owner=True, without=("system calls",)),
    confinement("IPC objects that stay", "try_all(*LEFT)\nreturn x", CALLS, without=("system calls",)),
    confinement("files that stay where all may write", "leave_files()\nreturn x", CALLS, hides=(), levels=(USER,), without=("sweep",)),
]  # fmt: skip

# What is used up: memory, disk, threads

MEMORY = """
    import mmap

    held = []

    def each(take, count=12, seconds=2):
        for _ in range(count):
            if os.fork() == 0:
                os.setsid()
                try:
                    take()
                except (OSError, MemoryError):
                    pass
                time.sleep(seconds)
                os._exit(0)
        take()
        time.sleep(seconds)

    def memory_files():
        for _ in range(60):
            number = os.memfd_create("held")
            for _ in range(15):
                os.write(number, bytes(2**20))

    def array():
        held.append(np.ones(50_000_000))

    def shared():
        for _ in range(4):
            held.append(mmap.mmap(-1, 200_000_000))
            for start in range(0, 200_000_000, 4096):
                held[-1][start] = 1
            held[-1].madvise(mmap.MADV_DONTNEED)

    def pieces():
        while True:
            held.append(bytearray(5000))

    def small():
        for _ in range(4):
            held.append(bytearray(90_000_000))
"""
memory = partial(limits, seconds=5, bound=60, memory=1536, **HARMED)
ENDED = ("MB of memory in all",)  # by the grader, not by the system
SPACE = [
    memory("memory in files without names", "each(memory_files)\nreturn x", MEMORY, without=("system calls", "watch")),
    memory("memory in many processes of one session each", "each(array)\nreturn x", MEMORY, without=("watch",)),
    memory("memory that is shared, and mapped no more", "each(shared)\nreturn x", MEMORY, without=("system calls", "watch")),
    memory("memory in many processes, and little for all", "each(small)\nreturn x", MEMORY, memory=768),
    memory("one large array where memory is short", "held.append(np.ones(110_000_000))\ntime.sleep(3)\nreturn x", MEMORY, memory=640, shows=ENDED),
    memory("small pieces without end where memory is short", "pieces()", MEMORY, memory=640, shows=ENDED),
]  # fmt: skip

DISK = """
    import contextlib

    @contextlib.contextmanager
    def holding(seconds=2):
        held = []
        try:
            yield held
        except OSError:
            pass
        time.sleep(seconds)

    def fill(hide=False):
        for _ in range(8 * hide):
            if os.fork() == 0:
                break
        with holding() as held:
            for number in range(300):
                name = f"{os.getpid()}-{number}"
                file = open(name, "wb", buffering=0)
                if hide:
                    held.append(file)
                    os.unlink(name)
                with contextlib.suppress(OSError):
                    for _ in range(15):
                        file.write(bytes(2**20))

    def crowd(make):
        with holding():
            for folder in range(1000):
                os.mkdir(f"{folder}")
                for number in range(100):
                    make(f"{folder}/{number}\\n" + "x" * 100)
"""
disk = partial(limits, seconds=5, bound=60, disk=300, **HARMED)
SPACE += [
    disk("a disk filled with files", "fill()\nreturn x", DISK, without=("limits", "watch")),
    disk("a disk filled with files without names", "fill(hide=True)\nreturn x", DISK, without=("limits", "watch")),
    disk("a hundred thousand files", "crowd(lambda name: open(name, 'w').close())\nreturn x", DISK, without=("watch",)),
    disk("a hundred thousand links", "crowd(lambda name: os.symlink('nothing', name))\nreturn x", DISK, without=("watch",)),
]  # fmt: skip

SINGLE = [*OUTLIVE, *KERNEL, *SPACE]
ROWS = together(SINGLE)
