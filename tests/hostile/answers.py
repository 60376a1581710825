"""Lies in what a worker answers."""

from functools import partial

from grading.quiz import OPTIONS, QUESTIONS

from .fixture import Hostile, in_threes, joined

decides = partial(Hostile, "decides")
data = partial(Hostile, "data", tests="2a-2 2a-3")
shape = partial(Hostile, "shape", tests="2a-2")
oracle = partial(Hostile, "oracle")

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


    class YesFloat(float):
        __eq__ = __ge__ = __le__ = __gt__ = __lt__ = yes
        __hash__ = float.__hash__

        def __sub__(self, other):
            return 0.0

        __rsub__ = __abs__ = __sub__
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


    def told(tree):
        return {"dict": [[k, {"dict": []} if v == {} else v] for k, v in tree.items()]}


    def frame(tree, arrays=b""):
        tree = told(tree) if isinstance(tree, dict) and "dict" not in tree else tree
        header = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
        return struct.pack(">II", len(header), len(arrays)) + header + arrays


    def say(tree, arrays=b""):
        send_raw(frame(tree, arrays))
"""

# What somebody might take for a verdict.
CLAIMS = """
    CLAIM = {
        "result": True, "passed": True, "status": "passed", "score": 99, "points": 99, "earned": 99,
        "ok": True, "changed": [], "next": 1, "loaded": True,
    }
"""


def raising(name, statement):
    """Make a row that raises what is no Exception."""
    return decides(
        f"raises {name}",
        code={"sigmoid": statement},
        stub="reference",
        tests="2a-1 2a-2",
        passes="2a-1-basic",
        shows=(f"\n  {name}",),  # as the error, and not in what is printed
    )


def values(name, expression, top="", **options):
    """Make a row whose sigmoid returns a strange value."""
    return data(name, code={"sigmoid": f"return {expression}"}, top=top, **options)


def raw(name, statements, **options):
    """Make a row that writes bytes of its own to the grader when its sigmoid is called."""
    return data(name, code={"sigmoid": statements}, top=joined(WIRE, CLAIMS), **options)


RIGHT = "(1 / (1 + np.exp(-np.asarray(x))))"

DECIDES = [
    decides(
        "comparisons that always agree",
        code={"sigmoid": "return np.zeros(3)"},
        top="""
            import math, unittest
            import numpy.testing

            def yes(*args, **kwargs):
                return True

            np.allclose = np.isclose = np.array_equal = np.array_equiv = np.isfinite = yes
            math.isclose = math.isfinite = np.max = np.all = np.any = yes
            for name in dir(np.testing):
                if name.startswith("assert"):
                    setattr(np.testing, name, yes)
            for name in dir(unittest.TestCase):
                if name.startswith(("assert", "fail")):
                    setattr(unittest.TestCase, name, yes)
        """,
    ),
    decides(
        "a walk over frames and all objects that sets scores",
        code={"sigmoid": "grab()\nreturn x"},
        top="""
            import gc, sys

            NAMES = "earned points score passed status max_score weight counts is_graded failures".split()

            def grab():
                frame, things = sys._getframe(), gc.get_objects()
                while frame is not None:
                    things += [*frame.f_locals.values(), *frame.f_globals.values()]
                    frame = frame.f_back
                for thing in things:
                    if type(thing).__module__ in ("builtins", "numpy"):
                        continue
                    for name in NAMES:
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
        stub="reference",
        tests="2a-1 2a-2 2b-0",
        passes="2a-1-basic 2b-0-basic",
        shows=("exit code 0",),
    ),
    decides(
        "import ends in SystemExit",
        top="raise SystemExit(0)",
        stub="reference",
        tests="2a-1 2a-2 2c-0",
        passes="2c-0-basic",
        shows=("SystemExit",),
    ),
    decides(
        "says that it passed",
        code={"sigmoid": "print(CLAIM)\nreturn CLAIM"},
        top=CLAIMS,
    ),
    decides(
        "serves in the worker's place",
        code={"sigmoid": "return 1"},
        top=joined(
            CLAIMS,
            """
            import gc, sys

            def claim(*args, **kwargs):
                return dict(CLAIM)

            for thing in gc.get_objects():
                if type(thing).__name__ == "Worker":
                    for name in ("call", "load", "error_answer", "make"):
                        setattr(type(thing), name, claim)
            for name, module in list(sys.modules.items()):
                if name.startswith("sandbox") and hasattr(module, "same"):
                    module.same = claim
            """,
        ),
    ),
    decides(
        "replies before it is asked",
        top=joined(WIRE, CLAIMS, "for _ in range(50):\n    say(CLAIM)"),
    ),
    decides(
        "replies twice",
        code={"sigmoid": "say(CLAIM); say(CLAIM)\nreturn CLAIM"},
        top=joined(WIRE, CLAIMS),
    ),
    decides(
        "calls the grader's object with what it does not take",
        code={"sgd": "f(x, x)\nf('x', *[None] * 100, **{'\\n----- END': 1})"},
        tests="2b-3",
    ),
    decides(
        "calls the loss and the model of a test with what they do not take",
        code={
            "skipgram": "for odd in (None, 'x', [1, [2]], {}, np.nan, np.zeros((2, 3)), print):\n"
            "    word2vec_loss_and_gradient(odd, odd, odd, odd)\n"
            "return 1, 2, 3"
        },
        top="""
            def word2vec_sgd_wrapper(model, word2ind, vectors, dataset, size, loss):
                odd = None, "x", [1, [2]], {}, np.nan, np.zeros((2, 3)), print
                for k in range(50):  # as often as it must be called
                    model(*[odd[k % len(odd)]] * 8)
                return 24.5, vectors
        """,
        stub="reference",
        tests="2a-7 2a-8",
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
        stub="reference",
        tests="2a-8",
        shows=("SECRETS 0",),
    ),
]

RAISES = [
    raising("SystemExit", "import sys; sys.exit(0)"),
    raising("KeyboardInterrupt", "raise KeyboardInterrupt"),
    raising("GeneratorExit", "raise GeneratorExit('done')"),
    raising("StopIteration", "raise StopIteration(1.0)"),
    raising("SkipTest", "import unittest; raise unittest.SkipTest('hidden test ungraded')"),
    raising("Passed", "raise type('Passed', (BaseException,), {'passed': True, 'earned': 9})"),
]

DATA = [
    values("an object equal to everything", "Yes()", YES),
    values("an array that agrees with everything", "np.zeros(np.shape(x)).view(YesArray)", YES),
    values("numbers that agree with everything", "[YesFloat(0)] * np.size(x)", YES),
    values("an array of objects", "np.array([Yes()] * np.size(x), dtype=object)", YES),
    values("a 0-d array of an object", "np.array(Yes(), dtype=object)", YES),
    values(
        "a list without end",
        "Endless([0.5] * 5)",
        "class Endless(list):\n    def __iter__(self):\n        while True:\n            yield 0.5\n",
        seconds=1,
    ),
    values(
        "a dict without end",
        "Endless(a=1)",
        "class Endless(dict):\n    def items(self):\n        while True:\n            yield 'a', 1\n",
        seconds=1,
    ),
    values("an iterator without end", "iter(int, 1)", seconds=1),
    values("a generator", "(value for value in np.ravel(x))"),
    values("a range of 10**18", "range(10**18)"),
    values(
        "a pickle that runs a command",
        "[Reduce(), pickle.dumps(Reduce()), np.array([Reduce()] * 5, dtype=object)]",
        "import os, pickle\n"
        "class Reduce:\n"
        "    def __reduce__(self):\n"
        "        return os.system, ('touch @drop@/unpickled',)\n",
        absent="unpickled",
    ),
    data("a list that holds itself", code={"sigmoid": "a = []\na.append(a)\nreturn a"}),
    data("a dict that holds itself", code={"sigmoid": "a = {}\na['a'] = a\nreturn a"}),
    data(
        "lists nested 100,000 deep",
        code={"sigmoid": "a = 0.5\nfor _ in range(100_000):\n    a = [a]\nreturn a"},
    ),
    data(
        "dicts nested 20 deep and 3 wide",
        code={"sigmoid": "a = 0.5\nfor _ in range(20):\n    a = {'a': a, 'b': a, 'c': a}\nreturn a"},
        seconds=1.5,
    ),
    values("10**12 elements", "np.broadcast_to(0.5, (10**6, 10**6))"),
    values("10**12 elements without bytes", "np.broadcast_to(np.empty((), 'V0'), (10**6, 10**6))"),
    values("an axis of length 0 beside one of 2**31", "np.empty((0, 2**31))"),
    values("60 axes", "np.empty((1,) * 60)"),
    values("ten million numbers in a list", "[0.5] * 10_000_000", seconds=4, bound=25),
    values("a text of 500 MB", "'a' * 500_000_000", seconds=4, bound=25),
    values("bytes of 200 MB", "bytes(200_000_000)", seconds=4, bound=25),
    values("an integer of 5,000 digits", "10**5000"),
    values("a structured array", "np.zeros(np.shape(x), dtype=[('a', float), ('b', 'O')])"),
    values("bytes for numbers", f"{RIGHT}.tobytes()"),
    values("dates for numbers", "np.zeros(np.shape(x), dtype='datetime64[s]')"),
    values("a masked array, all masked", "np.ma.masked_all(np.shape(x))"),
    values("a masked array with a fill value", "np.ma.array(np.zeros(np.shape(x)), mask=True, fill_value=0.5)"),
    values("a dict with strange keys", "{(1, 2): 0.5, None: np.zeros(3), 1.5: {frozenset(): 1}}"),
    values("functions for numbers", "[attack, np.exp, print, type]"),
    raw("garbage for a reply", "send_raw(os.urandom(100_000))\nreturn 1", seconds=2),
    raw("half a reply, then gone", "send_raw(frame(CLAIM)[:-9])\nos._exit(0)"),
    raw("half a reply, then silence", "send_raw(frame(CLAIM)[:-9])\nimport time; time.sleep(100)", seconds=1),
    raw("a reply of 4 GB", "send_raw(b'\\xff' * 8)\nwhile True:\n    send_raw(bytes(2**20))", seconds=3),
    raw("a reply without end", "while True:\n    send_raw(frame({'callback': 0, 'args': [], 'kwargs': {}}))", seconds=1),
    raw("a reply one byte at a time", "import time\nfor byte in frame(CLAIM):\n    send_raw(bytes([byte])); time.sleep(0.2)", seconds=1),
    raw("NaN in JSON", "say(b'{\"result\": NaN, \"changed\": [], \"next\": NaN}')"),
    raw("1e999 in JSON", "say(b'{\"result\": [1e999, -1e999, 1e999, 1e999, 1e999], \"changed\": [], \"next\": 1e999}')"),
    raw("JSON nested 100,000 deep", "say(b'[' * 100_000 + b']' * 100_000)"),
    raw("JSON dicts nested 100,000 deep", "say(b'{\"tuple\":[' * 100_000 + b']}' * 100_000)"),
    raw("an integer of a million digits in JSON", "say(b'{\"result\": ' + b'9' * 1_000_000 + b'}')"),
    raw("JSON that is no UTF-8", "say(b'\\xff\\xfe{\"result\": 1}')"),
    raw("replies that are no dict", "for reply in (None, 1, [], 'result', True):\n    say(reply)"),
    raw("an array larger than its bytes", "say({'dict': [['result', {'array': ['float64', [2**40]]}], ['changed', []], ['next', 1]]}, bytes(8))"),
    raw("an array of negative length", "say({'dict': [['result', {'array': ['float64', [-1, -5]]}], ['changed', []], ['next', 1]]}, bytes(40))"),
    raw("an array of objects, by name", "say({'dict': [['result', {'array': ['O', [5]]}], ['changed', []], ['next', 1]]}, bytes(40))"),
    raw("references to what is the grader's", "for tag in ('given', 'own', 'give', 'new', 'callback'):\n    say({'dict': [['result', {tag: 0}], ['changed', {tag: 0}], ['next', {tag: 0}]]})"),
    raw("changed and next that are neither", "for odd in (None, 'x', [[]], {'dict': []}, -1, 1e300, True):\n    say({'dict': [['result', 0.5], ['changed', odd], ['next', odd]]})"),
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


def strange(value):
    """Make a row whose functions, the given ones too, are right at first and strange later."""
    top = f"""
        def late(function):
            calls = []

            def call(*args, **kwargs):
                calls.append(1)
                return {value} if len(calls) > 1 else function(*args, **kwargs)

            return call

        sigmoid, skipgram = late(sigmoid), late(skipgram)
        naive_softmax_loss_and_gradient = late(naive_softmax_loss_and_gradient)
        get_negative_samples = late(get_negative_samples)
        neg_sampling_loss_and_gradient = late(neg_sampling_loss_and_gradient)
        word2vec_sgd_wrapper = late(word2vec_sgd_wrapper)
    """
    return Hostile(
        "data",
        f"strange at the second call: {value}",
        top=top,
        code={"sgd": f"import numpy as np\nif iteration > 3:\n    return {value}\nf({value})"},
        stub="reference",
        tests="2a-0 2a-3 2a-6 2a-7 2a-8 2b-0 2b-3",
    )


LATE = [
    *map(strange, STRANGE),
    Hostile(
        "data",
        "a step that gives no pair",
        top="""
            step_of_sgd = word2vec_sgd_wrapper

            def word2vec_sgd_wrapper(*args):
                step_of_sgd(*args)
        """,
        stub="reference",
        tests="2a-1 2a-8",
        passes="2a-1-basic",
    ),
]

SHAPE = [
    shape("empty arrays", code={"sigmoid": "return np.empty(0)"}, tests="2a-2 2a-3 2a-4 2a-5"),
    shape(
        "empty gradients",
        code={
            "naive_softmax_loss_and_gradient": "return np.empty(0), np.empty((0, 3)), np.empty((0, 0, 3))",
            "skipgram": "return [], np.empty(0), np.empty((0, 1))",
        },
        tests="2a-0 2a-1 2a-6 2a-7",
    ),
    shape("a shape that broadcasts", code={"sigmoid": f"return np.stack([{RIGHT}] * 2)"}, tests="2a-2 2a-3 2a-4"),
    shape("texts for numbers", code={"sigmoid": f"return [str(value) for value in {RIGHT}]"}),
    shape("an array of texts", code={"sigmoid": f"return np.array({RIGHT}, dtype=str)"}),
    shape("a complex array, the real part right", code={"sigmoid": f"return {RIGHT} + 1e6j"}),
    shape("False for 0", code={"sgd": "return False"}, tests="2b-1"),
    shape("an array of False for 0", code={"sgd": "import numpy as np\nreturn np.zeros((), bool)"}, tests="2b-1"),
    shape("one number for all", code={"sigmoid": "return 0.5"}, tests="2a-2 2a-3 2a-4"),
    shape("NaN everywhere", code={"sigmoid": "return np.asarray(x) * np.nan"}, tests="2a-2 2a-3 2a-4 2a-5"),
    shape("infinity everywhere", code={"sigmoid": "return np.asarray(x) + np.inf"}, tests="2a-2 2a-3 2a-5"),
    shape(
        "NaN in the loss and the gradients",
        code={
            "naive_softmax_loss_and_gradient": "V, d = outside_vectors.shape\n"
            "return np.nan, np.full(d, np.nan), np.full((V, d), np.nan)",
            "skipgram": "return np.nan, center_word_vectors * np.nan, outside_vectors * np.nan",
        },
        tests="2a-0 2a-1 2a-6 2a-7",
    ),
    shape(
        "NaN from sgd",
        code={"sgd": "f(x)\nreturn x * float('nan')"},
        tests="2b-0 2b-1 2b-2 2b-3 2b-4",
    ),
    shape("True for numbers", code={"sigmoid": "return np.ones(np.shape(x), bool)", "sgd": "return False"}, tests="2a-2 2a-3 2b-3 2b-4"),
    shape(
        "gradients that broadcast",
        code={"naive_softmax_loss_and_gradient": "return 2.217424877675181, np.zeros(()), np.zeros((1, 1))"},
        tests="2a-0 2a-1 2a-6",
    ),
    shape(
        "a tuple of the wrong length",
        code={"naive_softmax_loss_and_gradient": "return (1.0,) * 1000", "skipgram": "return ()", "sgd": "return x, x"},
        tests="2a-0 2a-1 2a-6 2a-7 2b-0 2b-3",
    ),
]  # fmt: skip

ORACLE = [
    oracle(
        "sgd that returns x0 * 0",
        code={"sgd": "return x0 * 0"},
        tests="2b-3 2b-4",
    ),
    oracle(
        "sgd that asks f for its minimum",
        code={"sgd": "f(x)\nreturn getattr(f, 'b', x0 * 0)"},
        tests="2b-3 2b-4",
    ),
    oracle(
        "sgd that searches for the minimum with many calls",
        code={
            "sgd": "for _ in range(5 * iterations):\n    x = x - 0.2 * step * f(x)[1]\nreturn x",
        },
        tests="2b-3 2b-4",
    ),
    oracle(
        "sgd that calls f as often as it must, and returns 0",
        code={"sgd": "for _ in range(iterations):\n    f(x0)\nreturn x0 * 0"},
        tests="2b-3 2b-4",
    ),
    oracle(
        "sgd that steps rightly, but once more, and returns 0",
        code={
            "sgd": "for _ in range(iterations):\n    x = x - step * f(x)[1]\nf(x)\nreturn x0 * 0"
        },
        tests="2b-4",
    ),
    oracle(
        "sgd with large arrays",
        code={"sgd": "import numpy as np\nf(np.zeros((3000, 3000)))\nreturn x0 * 0"},
        tests="2b-3 2b-4",
    ),
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
        tests="2a-1 2a-2 2a-3 2a-4 2a-5 2a-6",
        passes="2a-1-basic 2a-2-basic",
    ),
    oracle(
        "skip-gram that knows one loss",
        code={
            "skipgram": "c = word2ind[current_center_word]\n"
            "for word in outside_words:\n"
            "    pair = naive_softmax_loss_and_gradient(\n"
            "        center_word_vectors[c], word2ind[word], outside_vectors, dataset)\n"
            "    loss += pair[0]\n"
            "    grad_center_vecs[c] += pair[1]\n"
            "    grad_outside_vectors += pair[2]"
        },
        stub="reference",
        tests="2a-1 2a-7",
        passes="2a-1-basic",
    ),
    oracle(
        "a loss of 0 with gradients of 0",
        code={
            "naive_softmax_loss_and_gradient": "V, d = outside_vectors.shape\n"
            "return 0.0, np.zeros(d), np.zeros((V, d))",
            "skipgram": "return 0.0, center_word_vectors * 0, outside_vectors * 0",
        },
        tests="2a-0 2a-1 2a-6 2a-7 2a-8",
    ),
    oracle(
        "every option ticked, in any number",
        files={
            "submission/quiz.py": "".join(
                f"def question_{n}():\n    return {letters!r}\n\n\n"
                for n, letters in OPTIONS.items()
            )
        },
        tests=" ".join(QUESTIONS.values()),
        passes=" ".join(f"{question}-0-basic" for question in QUESTIONS.values()),
    ),
    oracle(
        "sgd that calls f as often as it must at one place, and returns 0",
        code={"sgd": "for _ in range(iterations):\n    f(x0 * 1.0)\nreturn x0 * 0"},
        tests="2b-0 2b-2 2b-3 2b-4",
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
        tests=" ".join(QUESTIONS.values()),
        passes="3a-0-basic",  # what its text says of itself does not come along: it is an a
    ),
]  # fmt: skip

ROWS = DECIDES + in_threes(RAISES) + in_threes(DATA) + LATE + SHAPE + ORACLE
