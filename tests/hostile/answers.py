"""Lies in what a worker answers."""

from functools import partial

from .fixture import Hostile, joined, together

decides = partial(Hostile, "decides")

# Values that a grader may want to believe.
YES = """
    def yes(*args, **kwargs):
        return True


    class Yes:
        shape, ndim, size, dtype, earned, points, passed, status = (5,), 1, 5, float, 99, 99, True, "passed"
        __eq__ = __ge__ = __le__ = __gt__ = __lt__ = __contains__ = __call__ = __bool__ = yes
        __array_function__ = __array_ufunc__ = yes
        __hash__ = None

        def __ne__(self, other):
            return False

        def __array__(self, *args, **kwargs):
            return np.full(5, 0.5)

        def __float__(self):
            return 0.5

        def __len__(self):
            return 5

        def __iter__(self):
            return iter([0.5] * 5)

        def __sub__(self, other):
            return 0.0

        __rsub__ = __abs__ = __neg__ = __sub__


    class YesArray(np.ndarray):
        __eq__ = __ge__ = __le__ = __gt__ = __lt__ = all = any = yes
        __array_function__ = yes
        __hash__ = None

        def __array_ufunc__(self, ufunc, method, *args, **kwargs):
            return True


"""

# The worker's own end of the wire, however it is called.
WIRE = """
    import gc, json, os, stat, struct, sys


    def sockets():
        for number in range(256):
            try:
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    yield number
            except OSError:
                pass


    def send_raw(data):
        for number in sockets():
            try:
                while data:
                    data = data[os.write(number, data):]
            except OSError:
                pass


    ANSWER = {"changed": [], "next": 1, "records": {}}


    def frame(tree, arrays=b""):
        header = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        return struct.pack(">II", len(header), len(arrays)) + header + arrays


    def array(*what):
        return ANSWER | {"result": {"__is__": ["array", *what]}}


    def say(tree, arrays=b""):
        send_raw(frame(tree, arrays))
"""

# What somebody might take for a verdict.
CLAIMS = """
    CLAIM = {
        "result": True, "passed": True, "status": "passed", "score": 99, "points": 99, "earned": 99,
        "ok": True, "changed": [], "next": 1, "records": {}, "loaded": True,
    }
"""


def values(name, expression, top="", **options):
    """Make a row whose sigmoid returns a strange value."""
    return data(name, f"return {expression}", top, **options)


def data(name, statements, top="", **options):
    """Make a row whose sigmoid does what is told, and returns something strange."""
    return Hostile("data", name, code={"sigmoid": statements}, top=top, seconds=1, **options)


def raw(name, statements, **options):
    """Make a row that writes bytes of its own to the grader when its sigmoid is called."""
    return data(name, statements, joined(WIRE, CLAIMS), **options)


RIGHT = "(1 / (1 + np.exp(-np.asarray(x))))"

DECIDES = [
    decides(
        "comparisons that always agree",
        code={"sigmoid": "return np.zeros(3)"},
        top="""
            import math
            import numpy.testing

            def yes(*args, **kwargs):
                return True

            for place in (np, math, np.testing):
                for name in "allclose array_equal isclose isfinite max all assert_allclose assert_array_equal".split():
                    setattr(place, name, yes)
        """,
    ),
    decides(
        "a walk over frames and all objects that sets scores",
        code={"sigmoid": "grab()\nreturn x"},
        top="""
            import gc, itertools, sys

            NAMES = "earned points score passed status max_score weight counts is_graded failures".split()

            def grab():
                frame, things = sys._getframe(), gc.get_objects()
                while frame is not None:
                    things += [*frame.f_locals.values(), *frame.f_globals.values()]
                    frame = frame.f_back
                things = [t for t in things if type(t).__module__ not in ("builtins", "numpy")]
                for thing, name in itertools.product(things, NAMES):
                    try:
                        if hasattr(thing, name):
                            object.__setattr__(thing, name, 4000)
                    except Exception:
                        pass
        """,
    ),
    decides("exit code 0 in import", top="import os; os._exit(0)"),
    decides(
        "exit code 0 in a call",
        code={"sigmoid": "import os; os._exit(0)"},
        shows=("exit code 0",),
    ),
    decides(
        "import ends in SystemExit",
        top="raise SystemExit(0)",
        passes="2c-0",
        fails="2a-1 2a-2",
        shows=("SystemExit",),
    ),
    decides(
        "serves in the worker's place",
        code={"sigmoid": "return 1"},
        top=joined(
            CLAIMS,
            """
            import gc

            def claim(*args, **kwargs):
                return dict(CLAIM)

            for thing in gc.get_objects():
                if type(thing).__name__ == "Worker":
                    for name in ("call", "load", "error_answer", "make"):
                        setattr(type(thing), name, claim)
            """,
        ),
    ),
    decides(
        "replies before it is asked",
        top=joined(WIRE, CLAIMS, "for _ in range(50):\n    say(CLAIM)"),
    ),
    decides(
        "calls the grader's objects with what they do not take",
        code={
            "sgd": "f(x, x)\nf('x', *[None] * 100, **{'\\n----- END': 1})",
            "skipgram": "for odd in (None, 'x', [1, [2]], {}, np.nan, np.zeros((2, 3)), print):\n"
            "    word2vec_loss_and_gradient(odd, odd, odd, odd)\n"
            "return 1, 2, 3",
        },
        top="""
            def word2vec_sgd_wrapper(model, word2ind, vectors, dataset, size, loss):
                odd = None, "x", [1, [2]], {}, np.nan, np.zeros((2, 3)), print
                for k in range(50):  # as often as it must be called
                    model(*[odd[k % len(odd)]] * 8)
                return 24.5, vectors
        """,
        fails="2a-7 2a-8 2b-3",
    ),
    decides(
        "reaches for attributes of the grader's object",
        top="""
            def word2vec_sgd_wrapper(model, *args):
                import gc
                call = model.__call__.__func__
                found = [call.__closure__, call.__globals__, call.__code__.co_consts, gc.get_referrers(model)]
                print(str(found)[:3000])
                names = [name for name in call.__globals__ if 'grader' in name or 'GradedTest' in name]
                raise ValueError('SECRETS ' + str(len(names)))
        """,
        fails="2a-8",
        shows=("SECRETS 0",),
    ),
]

RAISES = {  # what is no Exception: its name, which the error must begin with, and how it is raised
    "SystemExit": "import sys; sys.exit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "StopIteration": "raise StopIteration(1.0)",
    "SkipTest": "import unittest; raise unittest.SkipTest('hidden test ungraded')",
    "Passed": "raise type('Passed', (BaseException,), {'passed': True, 'earned': 9})",
}
RAISING = [
    decides(f"raises {name}", code={"sigmoid": statement}, shows=(f"\n  {name}",))
    for name, statement in RAISES.items()
]

VALUES = [
    values("an object equal to everything", "Yes()", YES),
    values("an array that agrees with everything", "np.zeros(np.shape(x)).view(YesArray)", YES),
    values("an array of objects", "np.array([Yes()] * np.size(x), dtype=object)", YES),
    values("a 0-d array of an object", "np.array(Yes(), dtype=object)", YES),
    values(
        "a list without end",
        "Endless([0.5] * 5)",
        "class Endless(list):\n    def __iter__(self):\n        while True:\n            yield 0.5\n",
    ),
    values(
        "a dict without end",
        "Endless(a=1)",
        "class Endless(dict):\n    def items(self):\n        while True:\n            yield 'a', 1\n",
    ),
    values("an iterator without end", "iter(int, 1)"),
    values("a generator", "(value for value in np.ravel(x))"),
    values("a range of 10**18", "range(10**18)"),
    values(
        "a pickle that runs a command",
        "[Reduce(), pickle.dumps(Reduce()), np.array([Reduce()] * 5, dtype=object)]",
        "import os, pickle\n"
        "class Reduce:\n"
        "    def __reduce__(self):\n"
        "        return os.system, ('touch @drop@/ran.py',)\n",
    ),
    data("a list that holds itself", "a = []\na.append(a)\nreturn a"),
    data("a dict that holds itself", "a = {}\na['a'] = a\nreturn a"),
    data("lists nested 100,000 deep", "a = 0.5\nfor _ in range(100_000):\n    a = [a]\nreturn a"),
    data(
        "dicts nested 20 deep and 3 wide",
        "a = 0.5\nfor _ in range(20):\n    a = {'a': a, 'b': a, 'c': a}\nreturn a",
    ),
    values("10**12 elements", "np.broadcast_to(0.5, (10**6, 10**6))"),
    values("10**12 elements without bytes", "np.broadcast_to(np.empty((), 'V0'), (10**6, 10**6))"),
    values("an axis of length 0 beside one of 2**31", "np.empty((0, 2**31))"),
    values("60 axes", "np.empty((1,) * 60)"),
    values("ten million numbers in a list", "[0.5] * 10_000_000"),
    values("a text of 500 MB", "'a' * 500_000_000"),
    values("bytes of 200 MB", "bytes(200_000_000)"),
    values("an integer of 5,000 digits", "10**5000"),
    values("a structured array", "np.zeros(np.shape(x), dtype=[('a', float), ('b', 'O')])"),
    values("bytes for numbers", f"{RIGHT}.tobytes()"),
    values("dates for numbers", "np.zeros(np.shape(x), dtype='datetime64[s]')"),
    values("a masked array, all masked", "np.ma.masked_all(np.shape(x))"),
    values("a masked array with a fill value", "np.ma.array(np.zeros(np.shape(x)), mask=True, fill_value=0.5)"),
    values("a dict with strange keys", "{(1, 2): 0.5, None: np.zeros(3), 1.5: {frozenset(): 1}}"),
    values("functions for numbers", "[attack, np.exp, print, type]"),
]  # fmt: skip
RAW = [
    raw("says that it passed", "print(CLAIM)\nreturn CLAIM"),
    raw("replies twice", "say(CLAIM); say(CLAIM)\nreturn CLAIM"),
    raw("garbage for a reply", "send_raw(os.urandom(100_000))\nreturn 1", shows=("the submission sent ",)),
    raw("half a reply, then gone", "send_raw(frame(CLAIM)[:-9])\nos._exit(0)", shows=("its process ended with exit code 0",)),
    raw("half a reply, then silence", "send_raw(frame(CLAIM)[:-9])\nimport time; time.sleep(100)"),
    raw("a reply of 4 GB", "send_raw(b'\\xff' * 8)\nwhile True:\n    send_raw(bytes(2**20))", shows=("a message of 8,589,934,590 bytes, which is too large",)),
    raw("a reply without end", "while True:\n    send_raw(frame({'callback': 0, 'args': [], 'kwargs': {}}))"),
    raw("a reply one byte at a time", "import time\nfor byte in frame(CLAIM):\n    send_raw(bytes([byte])); time.sleep(0.2)"),
    raw("NaN in JSON", "say(ANSWER | {'result': np.nan, 'next': np.nan})"),
    raw("1e999 in JSON", "say(json.dumps(ANSWER | {'result': [9] * 5, 'next': 9}).replace('9', '1e999').encode())"),
    raw("JSON nested 100,000 deep", "say(b'[' * 100_000 + b']' * 100_000)"),
    raw("JSON dicts nested 100,000 deep", "say(b'{\"tuple\":[' * 100_000 + b']}' * 100_000)"),
    raw("an integer of a million digits in JSON", "say(b'{\"result\": ' + b'9' * 1_000_000 + b'}')"),
    raw("JSON that is no UTF-8", "say(b'\\xff\\xfe{\"result\": 1}')"),
    raw("a reply that is no dict", "say([])"),
    raw("an array larger than its bytes", "say(array('float64', [2**40]), bytes(8))"),
    raw("an array of negative length", "say(array('float64', [-1, -5]), bytes(40))"),
    raw("an array of objects, by name", "say(array('O', [5]), bytes(40))"),
    raw("a reference to what was never given", "say(ANSWER | {'result': {'__is__': ['given', 10**6]}})"),
    raw("a reference that gives something", "say(ANSWER | {'result': {'__is__': ['give', 0, 'own', 'sigmoid']}})"),
    raw("changed, next and records of no such kind", "say(ANSWER | {'result': 0.5, 'changed': {'': []}, 'next': 1e300, 'records': [None]})"),
    raw("changed, next and records of nonsense", "say(ANSWER | {'result': 0.5, 'changed': [[], 'x', -1, 10**9], 'next': True, 'records': {'0': 'x', '1': None}})"),
    raw("four million small dicts", "say(b'{\"\": 0, \"result\": [' + b'{\"\":0},' * 4_000_000 + b'0]}')"),
]  # fmt: skip

STRANGE = (
    "None",
    "'text'",
    "[[1.0], [2.0, 3.0]]",
    "{'loss': 1.0}",
    "(np.float64(np.nan),) * 3",
    "(1e308, np.full((6, 3), 1e308), np.full((6, 3), -1e308))",
    "(2**900, True, b'bytes')",
    "(np.zeros((2, 0, 3)), [], ())",
    "(np.array(['a', 'b']), object(), print)",
)


FUNCTIONS = """
    sigmoid skipgram naive_softmax_loss_and_gradient get_negative_samples neg_sampling_loss_and_gradient
    word2vec_sgd_wrapper
""".split()


def strange(first):
    """Make a row whose functions, the given ones too, are right at first and strange later."""
    values = [STRANGE[(first + k) % len(STRANGE)] for k in range(len(FUNCTIONS) + 1)]
    late = "\n".join(
        f"{f} = late({f}, lambda: {value})" for f, value in zip(FUNCTIONS, values, strict=False)
    )
    top = """
        def late(function, strange):
            calls = []

            def call(*args, **kwargs):
                calls.append(1)
                return strange() if len(calls) > 1 else function(*args, **kwargs)

            return call
    """
    sgd = f"import numpy as np\nif iteration > 3:\n    return {values[-1]}\nf({values[-1]})"
    return Hostile(
        "data",
        f"strange at the second call: {', '.join(values)}",
        top=joined(top, late),
        code={"sgd": sgd},
        fails="2a-0 2a-3 2a-6 2a-7 2a-8 2b-0 2b-3",
    )


LATE = [
    *map(strange, range(0, len(STRANGE), 3)),
    Hostile(
        "data",
        "a step that gives no pair",
        top="""
            step_of_sgd = word2vec_sgd_wrapper

            def word2vec_sgd_wrapper(*args):
                step_of_sgd(*args)
        """,
        passes="2a-1",
        fails="2a-8",
    ),
]

MANY = {
    "eight arrays of 8M truth values": "[np.ones(8_000_000, bool)] * 8",
    "eight arrays of 8M small numbers": "[np.ones(8_000_000, np.int8)] * 8",
    "eight arrays of 2M in single precision": "[np.ones(2_000_000, np.float32)] * 8",
    "a hundred thousand arrays of one truth value": "[np.ones(1, bool)] * 100_000",
    "a matrix of 100M truth values": "np.ones((10_000, 10_000), bool)",
}
ANSWERS = [
    Hostile(
        "data",
        f"gives {name}",
        code={
            "sigmoid": f"return {value}",
            "skipgram": f"word2vec_loss_and_gradient(center_word_vectors[0], 0, {value}, None)\n"
            f"return {value}, {value}, {value}",
            "sgd": f"import numpy as np\nf({value})\nreturn {value}",
        },
        passes="2a-1 3a-0",
        fails="2a-2 2a-7 2b-0 2b-3 2b-4",
        memory=768,
        bound=25,
    )
    for name, value in MANY.items()
]

# By function: what it does, the tests that must fail, and code. An upload takes one of each.
SHAPES = [
    ("an empty array", "2a-2 2a-3 2a-4 2a-5", "np.empty(0)"),
    ("a shape that broadcasts", "2a-2 2a-3 2a-4", f"np.stack([{RIGHT}] * 2)"),
    ("texts for numbers", "2a-2", f"[str(value) for value in {RIGHT}]"),
    ("an array of texts", "2a-2", f"np.array({RIGHT}, dtype=str)"),
    ("a complex array, the real part right", "2a-2", f"{RIGHT} + 1e6j"),
    ("one number for all", "2a-2 2a-3 2a-4", "0.5"),
    ("NaN everywhere", "2a-2 2a-3 2a-4 2a-5", "np.asarray(x) * np.nan"),
    ("infinity everywhere", "2a-2 2a-3 2a-5", "np.asarray(x) + np.inf"),
    ("True for numbers", "2a-2 2a-3", "np.ones(np.shape(x), bool)"),
]
LOSSES = [
    ("empty gradients", "np.empty(0), np.empty((0, 3)), np.empty((0, 0, 3))", "[], np.empty(0), np.empty((0, 1))"),
    ("NaN in the loss and the gradients", "np.nan, center_word_vec * np.nan, outside_vectors * np.nan", "np.nan, center_word_vectors * np.nan, outside_vectors * np.nan"),
    ("gradients that broadcast", "2.217424877675181, np.zeros(()), np.zeros((1, 1))", "2.2, np.zeros(()), np.zeros((1, 1))"),
    ("a tuple of the wrong length", "(1.0,) * 1000", "()"),
    ("a loss of 0 with gradients of 0", "0.0, center_word_vec * 0, outside_vectors * 0", "0.0, center_word_vectors * 0, outside_vectors * 0"),
]  # fmt: skip
OF_SGD = [
    ("False for 0", "2b-1 2b-3 2b-4", "return False"),
    ("an array of False for 0", "2b-1", "import numpy as np\nreturn np.zeros((), bool)"),
    ("NaN from sgd", "2b", "f(x)\nreturn x * float('nan')"),
    ("a pair from sgd", "2b-0 2b-3", "return x, x"),
    ("x0 * 0", "2b-3 2b-4", "return x0 * 0"),
    ("asks f for its minimum", "2b-3 2b-4", "f(x)\nreturn getattr(f, 'b', x0 * 0)"),
    ("searches for the minimum with many calls", "2b-3 2b-4", "for _ in range(5 * iterations):\n    x = x - 0.2 * step * f(x)[1]\nreturn x"),
    ("calls f as often as it must, and returns 0", "2b-3 2b-4", "for _ in range(iterations):\n    f(x0)\nreturn x0 * 0"),
    ("steps rightly, but once more, and returns 0", "2b-4", "for _ in range(iterations):\n    x = x - step * f(x)[1]\nf(x)\nreturn x0 * 0"),
    ("hands f to itself", "2b-3", "f(f)\nf(lambda: f)\nreturn f"),
    ("gives f arrays that broadcast", "2b-3 2b-4", "import numpy as np\nf(np.zeros((6000, 1, 1)))\nreturn x0 * 0"),
    ("gives f large arrays", "2b-3 2b-4", "import numpy as np\nf(np.zeros((3000, 3000)))\nreturn x0 * 0"),
    ("calls f as often as it must at one place, and returns 0", "2b-0 2b-2 2b-3 2b-4", "for _ in range(iterations):\n    f(x0 * 1.0)\nreturn x0 * 0"),
]  # fmt: skip


def wrong(number):
    """Make a row whose sigmoid, losses and sgd all return what must not pass."""
    row = lambda table: table[number % len(table)]  # noqa: E731
    (one, fail, sigmoid), (two, naive, skipgram), (three, fails, sgd) = map(
        row, (SHAPES, LOSSES, OF_SGD)
    )
    code = {"sigmoid": sigmoid, "naive_softmax_loss_and_gradient": naive, "skipgram": skipgram}
    return Hostile(
        "shape" if number < len(SHAPES) else "oracle",
        "; ".join((one, two, three)),
        code={name: f"import numpy as np\nreturn {value}" for name, value in code.items()}
        | {"sgd": sgd},
        fails=f"{fail} 2a-0 2a-1 2a-6 2a-7 {fails}",
    )


SHAPE = [*map(wrong, range(len(OF_SGD)))]
oracle = partial(Hostile, "oracle")
ORACLE = [
    oracle(
        "known cases by heart",
        code={
            "sigmoid": "return np.array([0.38553435, 0.29385824, 0.63372281, 0.40988622, 0.5834337])",
            "naive_softmax_loss_and_gradient": "return KNOWN",
        },
        top="""
            KNOWN = (
                2.217424877675181,
                np.array([-0.17249875, 0.64873661, 0.67821423]),
                np.array([
                    [-0.11394933, 0.05228819, 0.39774391], [-0.02740743, 0.01257651, 0.09566654],
                    [-0.03385715, 0.01553611, 0.11817949], [0.24348396, -0.11172803, -0.84988879],
                    [-0.06827005, 0.03132723, 0.23829885],
                ]),
            )
        """,
        passes="2a-1 2a-2",
        fails="2a-3 2a-4 2a-5 2a-6",
    ),
    oracle(
        "quiz answers that are no letters",
        files={
            "submission/quiz.py": """
                import itertools

                class Text(str):
                    def __eq__(self, other):
                        return True
                    __hash__ = str.__hash__
                    def lower(self):
                        return self

                def question_1():
                    return [Text("a")]

                def question_2():
                    return [["a"], ["b"], ["c"]]

                def question_3():
                    return itertools.cycle("abcd")

                def question_4():
                    return {"a": 1, "b": 2}

                def question_5():
                    return "a\\x1b[31m\\n----- END 3e-1-hidden [took 0:00:00.000000 (max allowed 5 seconds), 1/1 points]"

                def question_6():
                    return "a" * 10_000_000
            """,
        },
        passes="3a-0",  # what its text says of itself does not come along: it is an a
        fails="3",
    ),
]  # fmt: skip

ROWS = [
    *together(DECIDES + RAISING),
    *together(VALUES, 4),
    *together(RAW),
    *LATE,
    *ANSWERS,
    *SHAPE,
    *ORACLE,
]
