"""Submissions that would write the report."""

from functools import partial

from worth import full_marks, worth

from .fixture import Hostile, together

END = "----- END 2a-2-basic [took 0:00:00.000001 (max allowed 5 seconds), 1/1 points]"
LAST = full_marks(worth())
FORGED = (f"\n{END}", f"\n{LAST}")  # at the beginning of a line: as the grader's own

NO_TEXT = "\n  Odd: (its text cannot be shown)"


def deceiving(rule, name, statements, top="", hides=(), **options):
    """Make a row whose sigmoid prints or raises what may deceive."""
    code = {"sigmoid": statements}
    options = {"seconds": 2} | options
    return Hostile(rule, name, code=code, top=top, hides=(*FORGED, *hides), **options)


def printing(name, statements, **options):
    """Make a row that prints, then fails."""
    return deceiving("output", name, f"{statements}\nraise ValueError('after printing')", **options)


failing = partial(deceiving, "errors")


def forging(name, error, **options):
    """Make a row that sends the report of an error, as the worker does for it."""
    code = f"""
        import gc

        for thing in gc.get_objects():
            if type(thing).__name__ == "Channel":
                thing.send({{"error": {error}}})
    """
    return failing(name, code, **options)


CONTROL = ("\x1b", "\x9b", "\x00", "\x08", "\x07", "\r", "\u202e", "\u2028", "\x85", "\x0c", "\x0b")

OUTPUT = [
    printing("prints forged END lines", f"print({END!r})\nprint()\nprint({LAST!r})", shows=("after printing", END)),
    printing("prints forged END lines after strange line ends", "\n".join(f"print('x' + {end!r} + {END!r})" for end in ("\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K\x1b[G", "\x08" * 9)), hides=CONTROL),
    printing("prints forged END lines as bytes", f"import os\nos.write(1, b'no line end')\nos.write(2, {END.encode()!r})\nos.write(1, b'\\n' + {LAST.encode()!r} + b'\\n')"),
    printing("prints control characters", "import sys\nsys.stdout.buffer.write(bytes(range(256)))\nprint('\\x1b[2J\\x1b[31m\\u202e\\x9b31m')\nsys.stderr.write('\\x1b]0;title\\x07')", hides=CONTROL),
    printing("prints what is no UTF-8", "import os\nos.write(1, b'\\xff\\xfe\\xc3\\xed\\xa0\\x80 ' * 1000)\nprint('\\udcff'.encode('utf-8', 'surrogatepass'))"),
    printing("prints one line of 100 MB", "print('a' * 100_000_000)", bound=20),
    printing("prints 1 GB to both outputs", "import os\nfor _ in range(1000):\n    os.write(1, b'a line\\n' * 75_000)\n    os.write(2, b'another\\n' * 66_000)", bound=30),
    printing("prints without end", "while True:\n    print('a' * 1000)"),
    printing("prints nothing but line ends", "print('\\n' * 3_000_000)"),
    printing("replaces print and the outputs", "import builtins, sys\nprint('seen')\nbuiltins.print = sys.stdout = sys.stderr = sys.__stdout__ = None", shows=("seen",)),
    printing("closes its outputs", "import os\nos.close(1)\nos.close(2)", shows=("after printing",)),
    printing("prints from a process that stays", f"import os, time\nif os.fork() == 0:\n    while True:\n        print({END!r}, flush=True)\n        time.sleep(0.01)"),
    printing("prints at exit", f"import atexit\natexit.register(print, {END!r})"),
]  # fmt: skip

IMPORTED = deceiving("output", "prints when imported", "return x", f"print('\\n' + {END!r})")

ERRORS = [
    failing("an exception with forged END lines", f"raise ValueError('text\\n' + {END!r} + '\\n\\n' + {LAST!r} + '\\n')", shows=("ValueError: text",)),
    failing("an exception with control characters", "raise ValueError('text ' + ''.join(map(chr, range(0x250))) + '\\u2028\\u202e\\x1b[31m')", hides=CONTROL, shows=("ValueError: text",)),
    failing("an exception with lone surrogates", "raise ValueError('text \\udcff\\ud800 end')", shows=("ValueError: text",)),
    failing("an exception of 200 MB", "raise ValueError('text ' + 'a' * 200_000_000)", shows=("ValueError",), bound=25),
    failing("an exception of 100,000 lines", "raise ValueError('text\\n' * 100_000)", shows=("ValueError",)),
    failing("an exception whose text raises", "raise Odd()", "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit(0)\n    __repr__ = __str__\n", shows=(NO_TEXT,)),
    failing("an exception whose text is no text", "raise Odd()", "class Odd(Exception):\n    def __str__(self):\n        return 5\n", shows=(NO_TEXT,)),
    failing("an exception whose text is a lying text", "raise Odd()", "class Text(str):\n    def __getitem__(self, key):\n        return Text('a' * 10**7)\n    def __len__(self):\n        return 1\n\n\nclass Odd(Exception):\n    def __str__(self):\n        return Text('lie')\n", shows=("Odd",)),
    failing("an exception whose text prints", "raise Odd()", f"class Odd(Exception):\n    def __str__(self):\n        print({END!r})\n        return 'text'\n", shows=("Odd",)),
    failing("an exception with a forged name", "raise Odd('text')", f"Odd = type('Odd\\n' + {END!r}, (Exception,), {{}})\n", shows=("Odd",)),
    failing("an exception with a name of 10 MB", "raise Odd('text')", "Odd = type('Odd' * 3_000_000, (Exception,), {})\n", shows=("Odd",)),
    failing("an exception without a name", "raise Odd('text')", "class Meta(type):\n    __name__ = property(lambda self: 1 / 0)\n\n\nclass Odd(Exception, metaclass=Meta):\n    pass\n"),
    failing("an exception that changes in every look", "raise Odd('text')", "class Odd(Exception):\n    def __getattribute__(self, name):\n        raise RuntimeError('no look')\n"),
    failing("a function with a forged name", "forged()", f"def forged():\n    raise ValueError('text')\n\n\nforged.__code__ = forged.__code__.replace(co_name='f\\n' + {END!r}, co_firstlineno=10**6)\n", shows=("ValueError: text",)),
    failing("a stack of a thousand frames", "deep(900)", "def deep(n):\n    if n == 0:\n        raise ValueError('text')\n    deep(n - 1)\n", shows=("ValueError: text",)),
    failing("a chain of a thousand causes", "chain()", "def chain():\n    error = ValueError('text')\n    for _ in range(10_000):\n        new = ValueError('text')\n        new.__cause__ = error\n        error = new\n    raise error\n", shows=("ValueError: text",)),
    failing("an exception that is its own cause", "e = ValueError('text')\ne.__cause__ = e.__context__ = e\nraise e", shows=("ValueError: text",)),
    failing("a group of exceptions", "raise ExceptionGroup('text', [ValueError(i) for i in range(10_000)])", shows=("ExceptionGroup",)),
    failing("an AssertionError in the grader's words", f"raise AssertionError('sigmoid: all right\\n' + {END!r})", shows=("AssertionError",)),
    failing("a SyntaxError with forged lines", f"raise SyntaxError('text', ('word2vec.py\\n' + {END!r}, 1, 1, {END!r}))", shows=("SyntaxError",)),
    forging("a stack trace with lines far outside", "{'type': 'E' * 10**5, 'text': 'a' * 10**5, 'frames': [[attack.__code__.co_filename, n, 'f'] for n in (-1, 0, 10**12, 10**400, True)] * 10}", shows=("E" * 100 + ":",), hides=("E" * 101,)),
    forging("a stack trace through secret files", "{'type': 'Forged', 'text': 'look', 'frames': [[path, 1, 'f'] for path in ('@canary@', '@solution@/word2vec.py', '../staff/canary.txt', '/etc/passwd')]}", shows=("Forged: look",), hides=("root:", "SECRET =")),
    forging("an error report of the wrong kind", "{'type': ['E'], 'text': {'a': 1}, 'frames': {'a': 1}}"),
    forging("an error report with frames of the wrong kind", "{'type': 'Forged', 'text': 'look', 'frames': [1, [], [None] * 3, ['f', '1', 'g'], 5.5, 'abc']}", shows=("Forged: look",)),
    failing("a wrapped line that looks like the grader's", "for columns in (80, 120):\n    for line in LINES:\n        print(' ' * (columns - 2) + line)\nraise ValueError('\\n'.join(['text', *(' ' * (columns - 6) + line for line in LINES for columns in (80, 120))]))", f"LINES = {END!r}, {LAST!r}\n", shows=("\n| " + END, "\n| " + LAST)),
]  # fmt: skip

ROWS = [*together(OUTPUT + ERRORS), IMPORTED]
