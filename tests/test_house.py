"""The rules of the house: who imports whom, style, docstrings, packages."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MAY_IMPORT = {
    "submission": {"utils"},
    "utils": set(),
    "training": {"utils"},
    "sandbox": set(),
    "grading": {"sandbox", "utils"},
    "graderUtil": {"grading", "sandbox", "utils"},
    "grader": {"graderUtil", "grading", "program", "sandbox", "utils"},
    "run": {"program", "submission", "training", "utils"},
    "sentiment": {"program", "submission", "utils"},
    "program": {"utils"},
}
OURS = {*MAY_IMPORT, "staff", "tests"}
ALSO = {
    "options.py": {"program"},  # the grader's command line
    "loader.py": {"submission"},  # in the worker, for the submission
    "nursery.py": {"utils"},
    "graderUtil.py": {"grader"},  # when `check` is called, by name
}


def part_of(path):
    return path.relative_to(ROOT / "src").parts[0].removesuffix(".py")


def imported(source):
    """Name the packages that a source imports, its own left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            text = node.args[0].values[0] if hasattr(node.args[0], "values") else node.args[0]
            yield text.value.split(".")[0]


def test_imports_are_seen():
    source = "import utils.x, os\nfrom grader import y\nfrom .z import w\n"
    source += "importlib.import_module('run')\nimportlib.import_module(f'staff.{name}')\n"
    assert set(imported(source)) == {"utils", "os", "grader", "run", "staff"}


EACH_FILE = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


@EACH_FILE
def test_who_imports_whom(path):
    part = part_of(path)
    used = set(imported(path.read_text(encoding="utf-8"))) & OURS - {part}
    allowed = MAY_IMPORT[part] | ALSO.get(path.name, set())
    assert used <= allowed, f"{part} must not import {used - allowed}"


@EACH_FILE
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            code = node.end_lineno - node.body[0].lineno - docstring.count("\n")
            assert code < 40, f"{node.name} has {code} lines"


def run(module, *arguments):
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    done = run("ruff", *command, ROOT)
    assert done.returncode == 0, done.stdout


def test_docstrings_name_arguments_results_and_shapes():
    internal = {"checkpoint.py", "commands.py", "treebank_files.py"}  # a line is enough there
    files = [path for path in SOURCES if part_of(path) in ("submission", "utils")]
    files = [path for path in files if path.name not in internal]
    files.append(ROOT / "src" / "training" / "train.py")
    done = run("numpydoc", "lint", *files)
    assert done.returncode == 0, done.stdout


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_requirements_txt_names_the_packages_of_pyproject_toml():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "==" in line] == PROJECT["dependencies"]
    assert "--only-binary :all:" in lines
    assert "- -r ../requirements.txt\n" in (ROOT / "src" / "environment.yml").read_text()


def test_every_road_takes_the_pythons_of_pyproject_toml():
    found = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"])
    low, high = int(found[1]), int(found[2])
    for name in ("Makefile", "staff/gradescope/setup.sh"):
        check = f"sys.exit(not (3, {low}) <= sys.version_info < (3, {high}))"
        assert check in (ROOT / name).read_text(encoding="utf-8"), name
    for name in ("Makefile", "requirements.txt"):
        assert f"3.{low} to 3.{high - 1}." in (ROOT / name).read_text(encoding="utf-8"), name
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    lists = [json.loads(text) for text in re.findall(r"python: (\[.*\])", workflow)]
    assert lists == [[f"3.{minor}" for minor in range(low, high)]] * 2


def test_the_menu_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split()
    listed = re.findall(r"^## make (\S+)", makefile, re.MULTILINE)
    assert sorted(["menu", *listed]) == sorted(targets)
