"""What a hostile submission is, and how it is put on disk."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from textwrap import dedent, indent

from mistakes import REFERENCE, REGION, Style, apply
from worth import POINTS

from grading.vectors import PUBLISHED

VECTORS = "sample_vectors_(soln).json"
WORDS = (
    "great cool brilliant wonderful well amazing worth sweet enjoyable boring bad dumb annoying "
    "female male queen king man woman rain snow hail coffee tea"
).split()

RULES = {
    "decides": "the worker returns values and decides nothing",
    "data": "only data comes out of the worker",
    "shape": "shape, kind and finiteness come before the tolerance",
    "secrets": "nothing secret is within the worker's reach",
    "fresh": "a fresh worker for each test, from the submission's regular source files",
    "clock": "the clock is the parent's, and over time all that was started dies",
    "limits": "memory, processor, disk, files and processes are limited",
    "confinement": "another user or Landlock keeps the worker from the grader's things",
    "tcp": "no TCP under Landlock",
    "writer": "only the grader writes results, for a set of tests fixed beforehand",
    "output": "what is printed is captured, capped, cleaned, and never parsed",
    "errors": "errors show the submission's own text and lines, nothing else",
    "disk": "nothing that the submission left on disk is loaded",
    "oracle": "the oracles are not fooled",
}
LEVELS = "another user", "Landlock", "none"
CONFINED = LEVELS[:2]
BOTH = "another user and Landlock"

CALLED = {  # functions that students write: a test that calls no other, and an argument
    "sigmoid": ("2a-2", "x"),
    "naive_softmax_loss_and_gradient": ("2a-1", "outside_vectors"),
    "skipgram": ("2a-7", "outside_vectors"),
    "sgd": ("2b-0", "x"),
} | {f"question_{number}": (f"3{letter}-0", "[]") for number, letter in enumerate("abcdef", 1)}
LAST = "3f-0"  # of what is put together, what must pass after all attacks
TEXTS = "shows", "teeth", "hides"


@dataclass(frozen=True)
class Hostile:
    """A submission that cheats, crashes or hangs.

    In its texts ``@canary@`` and the like stand for paths, see `grading.places_of`. What must never
    be run makes a file ``@drop@/ran.py``.
    """

    rule: str  # a key of `RULES`: what it attacks
    name: str  # what it does
    code: dict = field(default_factory=dict)  # by function, what stands in its region
    top: str = ""  # code behind all functions of word2vec.py
    files: dict = field(default_factory=dict)  # other files of the upload
    make: Callable | None = None  # make(folder, places) does what `files` cannot
    is_written: bool = True  # whether the other regions are those of the reference, or empty
    passes: str = ""  # ids of tests, or their beginnings, that must pass, always
    fails: str = "2a-2 2a-3"  # and of those that must fail
    shows: tuple = ()  # texts that the report must hold, always
    teeth: tuple = ()  # texts that it must hold without confinement: the attack is one
    hides: tuple = ()  # texts that neither results.json nor the terminal may hold
    levels: tuple = LEVELS  # confinements that it can be graded under
    secret: bool = False  # whether only confinement keeps it from points or from doing harm
    seconds: float | None = None  # limit of every test instead of its own
    bound: float = 15.0  # seconds within which the grading must be over
    without: tuple = ()  # walls of the sandbox without one of which it gets through
    harm: str = ""  # what befalls a worker with a busy child, see `keeper.Harm`
    memory: int | None = None  # megabytes that all processes of the grading have
    disk: int | None = None  # megabytes that the folder of temporary files has
    is_owner: bool = False  # whether root grades, who owns the files of Python's packages
    is_readable: bool = False  # whether everybody may read the upload

    def __post_init__(self):
        """Write out the ids of what must pass."""
        object.__setattr__(self, "passes", " ".join(asked_for(self.passes)))

    @property
    def tests(self):
        """Give the ids of all tests to grade."""
        return " ".join(asked_for(f"{self.passes} {self.fails}"))


# What attacks that are put together may differ in
ITS_OWN = dict.fromkeys(("rule", "name", "top", "passes", "fails"), "") | dict.fromkeys(TEXTS, ())
ITS_OWN |= {"code": None, "files": None, "bound": 0}


def asked_for(tests):
    """List the ids that are meant by ids or beginnings of them."""
    begins = re.compile(rf"({'|'.join(tests.split())})(?!(?<=\d)\d)")
    return [test for test in POINTS if tests.strip() and begins.match(test)]


def joined(*texts):
    """Put pieces of code one behind the other, each begun in the first column."""
    return "\n\n".join(dedent(text).strip("\n") for text in texts) + "\n"


def together(rows, most=9):
    """Put attacks of sigmoid alone into fewer uploads, as each grading takes its time.

    Each becomes a file of its own with a function ``attack(x)``, called by one of `CALLED`.
    """
    alone, alike = [], {}
    for row in rows:
        if [*row.code] != ["sigmoid"] or row.files or row.make:
            alone.append(row)
        else:
            alike.setdefault(replace(row, **ITS_OWN), []).append(row)
    parts = (group[k : k + most] for group in alike.values() for k in range(0, len(group), most))
    return [*alone, *map(_one_upload, parts)]


def _one_upload(rows):
    code, files, fails = {}, {}, []
    for row, (function, (test, argument)) in zip(rows, CALLED.items(), strict=False):
        attack = "def attack(x):\n" + indent(dedent(row.code["sigmoid"]), "    ")
        files[f"submission/attack_{function}.py"] = joined("import numpy as np", row.top, attack)
        code[function] = f"from .attack_{function} import attack\nreturn attack({argument})"
        fails.append(test)
    texts = {name: sum((getattr(row, name) for row in rows), ()) for name in TEXTS}
    return replace(
        rows[0],
        name="; ".join(row.name for row in rows),
        code=code,
        top="",
        files=files,
        passes=LAST,
        fails=" ".join(fails),
        bound=max(row.bound for row in rows) + 5 * len(rows),
        **texts,
    )


def build(row, folder, places):
    """Write the upload of a row."""
    code = (
        {} if row.is_written else dict.fromkeys([*CALLED, "skipgram"], "raise NotImplementedError")
    )
    edits = [(function, REGION, dedent(text)) for function, text in (code | row.code).items()]
    package = apply(Style(row.name, edits), folder) / "submission"
    with (package / "word2vec.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{dedent(row.top)}")
    for path in package.glob("*.py"):
        write(path, path.read_text(encoding="utf-8"), places)
    if row.is_written:
        (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    for name, content in row.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write(folder / name, content, places)
    if row.make:
        row.make(folder, places)


def write(path, text, places):
    """Write a file of the upload, with places where their names stand."""
    text = re.sub(r"@([a-z]+)@", lambda match: places.get(match[1], match[0]), dedent(text))
    path.write_text(text, encoding="utf-8")


def vectors():
    """Make a vectors file: the published vectors of two words, invented ones of the others."""
    source = random.Random(2013)
    made = {word: [source.uniform(-1, 1) for _ in range(10)] for word in WORDS}
    return json.dumps(made | PUBLISHED)


__all__ = ["REFERENCE", "VECTORS", "Hostile", "build", "vectors"]
