"""What a hostile submission is, and how it is put on disk."""

import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import dedent, indent

from grading.vectors import PUBLISHED

TESTS = Path(__file__).resolve().parents[1]
REFERENCE = TESTS.parent / "src" / "submission"
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


@dataclass(frozen=True)
class Hostile:
    """A submission that cheats, crashes or hangs.

    In all of its texts ``@canary@`` and the like stand for paths, see `grading.Places`.

    Attributes
    ----------
    rule : str
        Key of `RULES`: what it attacks.
    name : str
        What it does.
    code : dict of str to str
        New code of the region in a function.
    top : str
        Code behind all functions of word2vec.py.
    files : dict of str to str or bytes
        Other files of the upload; None removes one.
    make : callable or None
        make(folder, places) does with the upload what `files` cannot.
    stub : str
        What it is built on: ``empty`` (no region is written, so that it earns nothing) or
        ``reference``.
    tests : str
        Ids of tests to grade, or beginnings of them.
    passes : str
        Ids of those that must pass, always; all others must fail.
    shows : tuple of str
        Texts that the report must hold, always.
    teeth : tuple of str
        Texts that the report must hold without confinement: the attack is one.
    hides : tuple of str
        Texts that no report may hold, results.json and the terminal's.
    absent : str
        Name of a file in ``@drop@`` that must not be there in the end.
    levels : tuple of str
        Confinements that it can be graded under.
    secret : bool
        Whether only confinement keeps it from earning points or from doing harm.
    seconds : float or None
        Limit of every test instead of its own.
    bound : float
        Seconds within which the grading must be over.
    without : tuple of str
        Walls of the sandbox that keep it back: with these switched off, it must get through.
    harm : str
        What befalls a worker with a busy child, see `keeper.Harm`.
    memory, disk : int or None
        Megabytes that all processes of the grading have, and its folder of temporary files.
    owner : bool
        Whether who grades under Landlock is root, who owns the files of Python's packages.
    readable : bool
        Whether everybody may read the upload.
    """

    rule: str
    name: str
    code: dict = field(default_factory=dict)
    top: str = ""
    files: dict = field(default_factory=dict)
    make: Callable | None = None
    stub: str = "empty"
    tests: str = "2a-2 2a-3"
    passes: str = ""
    shows: tuple = ()
    teeth: tuple = ()
    hides: tuple = ()
    absent: str = ""
    levels: tuple = LEVELS
    secret: bool = False
    seconds: float | None = None
    bound: float = 15.0
    without: tuple = ()
    harm: str = ""
    memory: int | None = None
    disk: int | None = None
    owner: bool = False
    readable: bool = False


def joined(*texts):
    """Put pieces of code one behind the other, each begun in the first column."""
    return "\n\n".join(dedent(text).strip("\n") for text in texts) + "\n"


def in_threes(rows):
    """Put attacks of sigmoid into fewer uploads, three in each, as each grading takes its time.

    Each becomes a file of its own with a function ``attack(x)``: of three, one is called by
    sigmoid (2a-2), one by skipgram (2a-0) and one by sgd (2b-0).

    Parameters
    ----------
    rows : list of Hostile
        Rows that have but `code` of sigmoid, and `top`.

    Returns
    -------
    list of Hostile
        Fewer rows.
    """
    alike = {}
    for row in rows:
        assert set(row.code) == {"sigmoid"}, row.name
        assert not row.files, row.name
        assert row.make is None, row.name
        key = row.seconds, row.levels, row.stub, row.secret, row.absent, row.without
        alike.setdefault(key, []).append(row)
    return [
        _together(group[k : k + 3]) for group in alike.values() for k in range(0, len(group), 3)
    ]


def _together(rows):
    """Make one upload of up to three rows."""
    called = {
        "sigmoid": ("2a-2", "x"),
        "skipgram": ("2a-0", "outside_vectors"),
        "sgd": ("2b-0", "x"),
    }
    code, files, tests = {}, {}, ["2a-1"] if rows[0].stub == "reference" else []
    for row, (function, (test, argument)) in zip(rows, called.items(), strict=False):
        files[f"submission/attack_{function}.py"] = joined(
            "import numpy as np",
            row.top,
            "def attack(x):\n" + indent(dedent(row.code["sigmoid"]), "    "),
        )
        code[function] = f"from .attack_{function} import attack\nreturn attack({argument})"
        tests.append(test)
    return replace(
        rows[0],
        name="; ".join(row.name for row in rows),
        code=code,
        top="",
        files=files,
        tests=" ".join(sorted(tests)),
        passes="2a-1-basic" if rows[0].stub == "reference" else "",
        shows=sum((row.shows for row in rows), ()),
        teeth=sum((row.teeth for row in rows), ()),
        hides=sum((row.hides for row in rows), ()),
        bound=max(row.bound for row in rows) + 5,
    )


def build(row, folder, places):
    """Write the upload of a row.

    Parameters
    ----------
    row : Hostile
        What to write.
    folder : Path
        Where; made here.
    places : dict of str to str
        What the names between two ``@`` stand for.
    """
    package = folder / "submission"
    shutil.copytree(REFERENCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in package.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        source = with_regions(source, row.code, keep=row.stub == "reference")
        if path.name == "word2vec.py":
            source += "\n\n" + dedent(row.top)
        path.write_text(filled(source, places), encoding="utf-8")
    if row.stub == "reference":
        (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    for name, content in row.files.items():
        write(folder / name, content, places)
    if row.make:
        row.make(folder, places)


def write(path, content, places):
    """Write a file of the upload, or remove it."""
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        content = filled(dedent(content), places).encode("utf-8")
    path.write_bytes(content)


def filled(text, places):
    """Put places where their names stand."""
    return re.sub(r"@([a-z]+)@", lambda match: places.get(match[1], match[0]), text)


def with_regions(source, code, keep):
    """Replace what stands in the students' regions.

    Parameters
    ----------
    source : str
        A file of the reference.
    code : dict of str to str
        New code by function.
    keep : bool
        Whether other regions stay as they are; if not, they are not written yet.

    Returns
    -------
    str
        The file.
    """

    def region(match):
        function = re.findall(r"^def (\w+)", source[: match.start()], re.MULTILINE)[-1]
        if function in code:
            text = dedent(code[function]).strip("\n")
        elif keep:
            return match[0]
        else:
            text = f"raise NotImplementedError('{function}')"
        return f"{match['start']}{indent(text, match['indent'])}\n{match['end']}"

    pattern = (
        r"(?P<start>(?P<indent> *)### START_CODE_HERE ###\n)(.*?)(?P<end> *### END_CODE_HERE ###)"
    )
    return re.sub(pattern, region, source, flags=re.DOTALL)


def vectors():
    """Make a vectors file: the published vectors of two words, invented ones of the others."""
    source = random.Random(2013)
    made = {word: [source.uniform(-1, 1) for _ in range(10)] for word in WORDS}
    return json.dumps(made | PUBLISHED)
