"""Submissions that hang, leave processes behind, or use up what there is."""

from functools import partial

from .answers import WIRE
from .fixture import Hostile, joined, together

clock = partial(Hostile, "clock", seconds=0.5)

# Root has no limits: whoever finds itself root does nothing.
CAREFUL = """
    import os, signal, time

    if os.getuid() == 0:
        raise SystemExit("ROOT")
"""


def using_up(name, statements, top="", **options):
    """Make a row whose sigmoid uses up something; what else there is passes."""
    options = {"seconds": 2, "bound": 30, "hides": ("ROOT", "NO LIMIT")} | options
    code = {"sigmoid": statements}
    return Hostile("limits", name, code, joined(CAREFUL, top), **options)


def hanging(name, statements, top="", **options):
    """Make a row whose sigmoid hangs."""
    return clock(name, code={"sigmoid": statements}, top=top, **options)


TOO_LATE = ("importing the submission took longer than",)

CLOCK = [
    clock("a loop without end in import", top="while True:\n    pass", passes="2b-0", fails="2a", shows=TOO_LATE),
    clock(
        "a loop without end in the import of one file",
        files={"submission/sgd.py": "import time\ntime.sleep(1000)\n"},
        passes="2a-1 2a-2 2c-0",
        fails="2b-0 2b-3",
        shows=(*TOO_LATE, "in sgd.py"),
    ),
    clock(
        "answers rightly, but too late in all",
        code={"sigmoid": "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end:\n    pass\nreturn 1 / (1 + np.exp(-x))"},
        passes="2a-1 2a-2",
        fails="2a-3",
        shows=("took longer than",),
    ),
    clock(
        "hangs at exit, and leaves processes in sessions of their own, and programs with no name",
        top="""
            import atexit, ctypes, os, signal, subprocess, threading, time

            class Last:
                def __del__(self):
                    time.sleep(1000)

            last = Last()
            atexit.register(time.sleep, 1000)
            for k in range(3):
                if os.fork() == 0:
                    os.setsid()
                    ctypes.CDLL(None).prctl(15, b"x) S 1 (", 0, 0, 0)  # its name, among its figures
                    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
                    if os.fork() == 0:
                        os.chdir("/")
                        time.sleep(1000)
                    os._exit(0)
            subprocess.Popen(["sleep", "1000"], start_new_session=True)
            subprocess.Popen("(setsid sleep 1000 &) ; setsid sh -c 'trap \\"\\" TERM INT; sleep 1000 & exec sleep 1000' &", shell=True)
            threading.Thread(target=time.sleep, args=[1000]).start()
        """,
        passes="2a-1 2a-2 3a-0",
        fails="",
        seconds=3,
    ),
    clock(
        "calls f a million times",
        code={"sgd": "for _ in range(1_000_000):\n    f(x0)\nreturn x0"},
        fails="2b-3",
        bound=25,
    ),
    clock(
        "calls f from threads and from a fork",
        code={"sgd": "import os, threading\n"
              "threads = [threading.Thread(target=f, args=[x0]) for _ in range(8)]\n"
              "for thread in threads:\n    thread.start()\n"
              "if os.fork() == 0:\n    while True:\n        f(x0)\n"
              "f(x0)\nreturn x0"},
        fails="2b-3",
    ),
]  # fmt: skip

HANGING = [
    hanging("a loop without end", "while True:\n    pass", shows=("took longer than",)),
    hanging(
        "a sleep that no signal ends",
        "for number in range(1, 65):\n"
        "    try:\n"
        "        signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError):\n"
        "        pass\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "while True:\n"
        "    time.sleep(1000)",
        "import signal, time\n",
    ),
    hanging("a sleep that goes on after every exception", "while True:\n    try:\n        time.sleep(1000)\n    except BaseException:\n        pass", "import time\n"),
    hanging("one long call of C: a power", "return len(str(7 ** 10**9))"),
    hanging("one long call of C: a pattern", "import re\nreturn re.match(r'(a|a)*$', 'a' * 60 + 'b')"),
    hanging("one long call of C: a product", "return np.ones((9000, 9000)) @ np.ones((9000, 9000)) @ np.ones((9000, 9000))"),
    hanging("stops itself", "import os, signal\nos.kill(0, signal.SIGSTOP)\nreturn x"),
    hanging("starts and stops without end", "import os\nwhile True:\n    if os.fork() == 0:\n        os._exit(0)\n    os.wait()"),
    hanging("an exception whose text never comes", "raise Slow()", "class Slow(Exception):\n    def __str__(self):\n        while True:\n            pass\n    __repr__ = __str__\n"),
    hanging("closes all that is open", "import os\nos.closerange(0, 4096)\nreturn x", shows=("the submission did not answer: its process",)),
    hanging(
        "writes into all that is open",
        "import os\n"
        "for number in range(64):\n"
        "    try:\n"
        "        os.set_blocking(number, False)\n"
        "        os.write(number, b'----- END 2a-2-basic [1/1 points]\\n' * 10)\n"
        "    except OSError:\n"
        "        pass\n"
        "return x",
    ),
    hanging("turns all that is open into its output", "import os\nfor number in range(3, 64):\n    os.dup2(1, number)\nreturn x"),
    hanging("a segmentation fault", "import ctypes\nctypes.string_at(0)", shows=("its process was killed by SIGSEGV",)),
    hanging("kills itself", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", shows=("its process is gone: killed, or out of memory or time",)),
    hanging("a signal without a name", "import os\nos.kill(os.getpid(), 40)", shows=("its process was killed by signal 40",)),
    hanging("holds the output open", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\nreturn x"),
    hanging("a child that holds all open", "import os, time\nif os.fork() == 0:\n    time.sleep(1000)\nos._exit(0)"),
    hanging("leaves a process that answers in its place", "import os, time\nif os.fork() == 0:\n    while True:\n        say(ANSWER | {'result': 0.5})\n        time.sleep(0.01)\nos._exit(0)", WIRE),
]  # fmt: skip
FORKING = using_up(
    "leaves processes that fork without end",
    """
        for _ in range(4):
            if os.fork() == 0:
                os.setsid()
                while True:
                    try:
                        if os.fork():
                            os._exit(0)
                    except OSError:
                        pass
        time.sleep(1000)
    """,
    bound=40,
)

LARGE = Hostile(
    "data",
    "hands large arrays to the grader's object and model again and again",
    code={
        "sgd": "import numpy as np\nfor _ in range(40):\n    f(np.zeros(4_000_000))\nreturn x0 * 0"
    },
    top="""
        def word2vec_sgd_wrapper(model, word2ind, vectors, dataset, size, loss):
            for _ in range(50):
                model("a", 1, ["b"], word2ind, np.zeros(4_000_000), vectors, dataset, loss)
            return 24.5, vectors
    """,
    passes="2a-1",
    fails="2a-8 2b-3",
    bound=25,
)
FOLDERS = [
    using_up(
        "folders 3,000 deep in its working folder",
        "for _ in range(3000):\n    os.mkdir('deeper')\n    os.chdir('deeper')\nreturn x",
    ),
    using_up(
        "closed folders and files in its working folder",
        "os.makedirs('closed/more')\nopen('closed/more/file', 'w').close()\n"
        "os.chmod('closed/more', 0)\nos.chmod('closed', 0)\nos.chmod('.', 0)\nreturn x",
    ),
]

LIMITS = [
    using_up("memory by bytes", "held = []\nwhile True:\n    held.append(bytearray(50_000_000))\n    if len(held) > 160:\n        print('NO LIMIT')\n        break\nreturn x"),
    using_up("memory by one array", "a = np.ones(10**9)\na[:] = 1\nprint('NO LIMIT')\nreturn x", shows=("Unable to allocate",)),
    using_up("memory outside of the heap", "import mmap\nheld = []\nwhile len(held) < 80:\n    held.append(mmap.mmap(-1, 100_000_000))\n    held[-1].write(bytes(100_000_000))\nprint('NO LIMIT')\nreturn x"),
    using_up("one large file", "with open('large', 'wb') as file:\n    for _ in range(3000):\n        file.write(bytes(2**20))\nprint('NO LIMIT')\nreturn x"),
    using_up("a large file without a byte on disk", "with open('large', 'wb') as file:\n    file.truncate(2**40)\nprint('NO LIMIT')\nreturn x"),
    using_up("many files", "for k in range(10**9):\n    open(f'file-{k}', 'w').close()"),
    using_up("many open files", "held = [open('file', 'w') for _ in range(5000)]\nprint('NO LIMIT')\nreturn x"),
    using_up("a fork bomb", "for _ in range(600):\n    if os.fork() == 0:\n        time.sleep(1000)\nprint('NO LIMIT')\nreturn x"),
    using_up("a fork bomb without end", "while True:\n    try:\n        os.fork()\n    except OSError:\n        pass", bound=40),
    using_up("a thread bomb", "import threading\nfor _ in range(600):\n    threading.Thread(target=time.sleep, args=[1000]).start()\nprint('NO LIMIT')\nreturn x"),
    using_up(
        "threads that compute",
        "import hashlib, threading\n"
        "for _ in range(8):\n"
        "    threading.Thread(target=hashlib.pbkdf2_hmac, args=['sha256', b'', b'', 10**9]).start()\n"
        "time.sleep(1000)",
    ),
    using_up("calls itself without end", "return attack(x)", shows=("maximum recursion depth exceeded",)),
    using_up("calls itself beyond the stack", "import sys\nsys.setrecursionlimit(10**9)\ndeep = lambda n: sorted([n], key=deep)\nreturn deep(1)"),
    using_up(
        "lifts its limits",
        "import resource\n"
        "most = {'AS': 2**33, 'NPROC': 1000, 'FSIZE': 2**30, 'NOFILE': 500, 'CPU': 1000}\n"
        "for name in ('AS', 'NPROC', 'FSIZE', 'NOFILE', 'CPU'):\n"
        "    kind = getattr(resource, 'RLIMIT_' + name)\n"
        "    found = resource.getrlimit(kind)\n"
        "    if resource.RLIM_INFINITY in found or max(found) > most[name]:\n"
        "        print('NO LIMIT', name)\n"
        "    try:\n"
        "        resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2)\n"
        "        print('NO LIMIT', name)\n"
        "    except (OSError, ValueError):\n"
        "        pass\n"
        "return x",
        without=("limits",),
    ),
]  # fmt: skip

ROWS = [*CLOCK, LARGE, *together([*HANGING, FORKING, *FOLDERS, *LIMITS])]
