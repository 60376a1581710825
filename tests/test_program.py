"""What all programs share, each run as its user runs it."""

import ast
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from worth import full_marks, worth

import program
from utils import commands
from utils.commands import ROOT, SOURCE
from utils.treebank_files import SAMPLE

PROGRAMS = """
    src/run.py src/sentiment.py src/grader.py data/fetch.py
    staff/grade_class.py staff/build_student.py staff/build_autograder.py tex/generate.py
""".split()
FIRST = ["src/program.py", "src/utils/__init__.py", "src/utils/commands.py"]
SHORT_RUN = ["--data", str(SAMPLE), "--iterations", "10", "--output"]
needs_posix = pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")


def python(*arguments, cwd=ROOT, **environment):
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | environment
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_missing_package_is_named_with_the_remedy(program):
    file = ROOT / program
    done = python("-S", file, "--help", cwd=SOURCE)  # without site-packages
    assert (done.returncode, done.stdout) == (2, "")
    remedy = (
        r"Install all: \S+ -m pip install -r \S+"
        r"|Make the project's own: \S+ -m venv \S+ && \S+ -m pip install -r \S+"
        rf"|Use the project's own: \S+ {file} --help"
    )
    line = rf"{file.name}: this Python has no package numpy\. ({remedy})\n"
    assert re.fullmatch(line, done.stderr), done.stderr


@needs_posix
def test_the_projects_own_python_is_no_remedy_for_itself(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "real" / "src")
    link = tmp_path / "link"
    link.symlink_to("real")
    venv.create(link / ".venv", symlinks=True)  # without packages
    command = [link / ".venv" / "bin" / "python", link / "src" / "grader.py"]
    done = subprocess.run(command, capture_output=True, text=True, env={})
    remedy = f"Install all: {command[0]} -m pip install -r {link}/requirements.txt"
    assert done.stderr == f"grader.py: this Python has no package numpy. {remedy}\n"


def test_a_package_that_is_needed_late_is_missed_at_once(tmp_path):
    hide = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n: None if n == 'matplotlib' else f(n)"
    code = f"{hide}; import sys, run; run.main(sys.argv[1:])"
    done = python("-c", code, *SHORT_RUN, tmp_path, cwd=SOURCE)
    assert done.returncode == 2
    assert re.fullmatch(r"-c: this Python has no package matplotlib\. .*\n", done.stderr)
    assert not (tmp_path / "word_vectors.txt").exists()


def test_vectors_are_written_where_matplotlib_cannot_be_imported(tmp_path):
    (tmp_path / "matplotlib").mkdir()
    error = "raise AttributeError('of an old\\nNumPy')"
    (tmp_path / "matplotlib" / "__init__.py").write_text(error)
    done = python(SOURCE / "run.py", *SHORT_RUN, tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    line = r"run\.py: word_vectors\.txt is written, but no picture: .* \(of an old NumPy\)\. .*\n"
    assert re.fullmatch(line, done.stderr), done.stderr
    assert (tmp_path / "out" / "word_vectors.txt").exists()


@pytest.mark.parametrize("file", [*FIRST, *PROGRAMS])
def test_an_old_python_can_read_what_tells_it(file):
    ast.parse((ROOT / file).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_an_old_python_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit) as end:
        runpy.run_path(program.__file__)
    assert end.value.code == 2
    line = r"program\.py: this is Python 3\.10\.13, and 3\.11 or newer is needed\. .*\n"
    assert re.fullmatch(line, capsys.readouterr().err)


def shell(line, cwd, **environment):
    """Run a line of sh; it finds the project's programs below $ROOT."""
    known = {"ROOT": str(ROOT), "PY": sys.executable, "MPLBACKEND": "Agg", "OUT": "out"}
    return subprocess.run(
        ["sh", "-c", line], cwd=cwd, env=os.environ | known | environment,
        capture_output=True, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip


RUN = '"$PY" {} "$ROOT/src/run.py" --data "$ROOT/data/sample" --iterations 10 --output "$OUT" {}'
GRADE = '"$PY" {} "$ROOT/src/grader.py" 2b-0-basic --gradescope out.json {}'


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_starts_isolated_and_without_docstrings(program, tmp_path):
    done = python("-I", "-OO", ROOT / program, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {Path(program).name} ")


@needs_posix
@pytest.mark.parametrize(
    ("before", "flags"),
    [
        ("", "-I -OO -u"),
        ("PYTHONHOME=/nowhere", "-E"),  # which workers must ignore, too
        ("trap '' INT CHLD HUP PIPE; exec", ""),
    ],
)
def test_any_way_to_start_python_works(before, flags, tmp_path):
    for line in (RUN, GRADE):
        done = shell(f"{before} {line.format(flags, '')}", tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "word_vectors.txt").exists()
    assert "START 2b-0-basic: SGD on x^2 from 0.5" in done.stdout


@needs_posix
def test_pythons_tools_go_on_where_a_program_ends_and_any_name_is_printed(tmp_path):
    how = {"OUT": "Bücher ☃", "PYTHONIOENCODING": "cp1252"}
    profiled = shell(RUN.format("-m cProfile", ""), tmp_path, **how)
    assert "function calls" in profiled.stdout
    assert r"\u2603" in profiled.stdout
    asked = shell(f"echo 'print(6 * 7)' | {GRADE.format('-i', '')}", tmp_path)
    assert "42" in asked.stdout.splitlines()
    assert (profiled.returncode, asked.returncode) == (0, 0)


@needs_posix
@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "2>&1 | true", ">/dev/full"])
def test_the_work_is_done_whoever_reads(streams, tmp_path):
    if "full" in streams and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    for line in (RUN, GRADE):
        done = shell(line.format("", streams), tmp_path)
        assert "Traceback" not in done.stderr
        assert done.returncode == (120 if "full" in streams else 0)
    assert (tmp_path / "out" / "word_vectors.png").exists()
    assert json.loads((tmp_path / "out.json").read_text())["tests"][0]["score"] == worth("2b-0")


@needs_posix
def test_one_stream_that_nobody_reads_does_not_take_the_other_along():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    work = "lambda: print('lost', file=sys.stderr, flush=True) or print('read')"
    code = f"import program, sys; program.launch({work})"
    done = shell(f'"$PY" -c "{code}" 2>/dev/full', SOURCE)
    assert (done.returncode, done.stdout) == (120, "read\n")


def test_lines_are_not_held_back_where_python_is_asked_not_to():
    code = "import os, program; program.launch(lambda: [print('now'), os._exit(0)])"
    assert python("-u", "-c", code, cwd=SOURCE).stdout == "now\n"


@pytest.mark.parametrize(
    ("error", "shown"), [("KeyboardInterrupt", r"Stopped\.\n"), ("OSError", "Tr.*\nOSError\n")]
)
def test_ctrl_c_while_a_program_imports_is_no_traceback(error, shown):
    done = python("-c", f"import program; raise {error}", cwd=SOURCE)
    assert re.fullmatch(shown, done.stderr, re.DOTALL)


class Editor(io.StringIO):
    """The output of an editor, which has none of what a file has."""

    encoding, reconfigure = None, property()

    def fileno(self):
        raise OSError


@pytest.mark.parametrize(
    ("file", "arguments", "words"),
    [
        ("grader.py", ["2b-0"], full_marks(worth("2b-0"))),
        ("run.py", ["--nope"], "run.py: unrecognized arguments: --nope. See --help."),
        ("sentiment.py", ["--help"], "usage: sentiment.py"),
    ],
)
def test_a_program_run_in_a_notebook_or_an_editor_returns(monkeypatch, file, arguments, words):
    shown = Editor()
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    monkeypatch.setattr(sys, "argv", [file, *arguments])
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "stderr", shown)
    ours = {name: module for name, module in sys.modules.items() if name.startswith("submission")}
    try:
        runpy.run_path(str(ROOT / "src" / file), run_name="__main__")
    finally:
        sys.modules.update(ours)  # which other tests use
    assert words in shown.getvalue()


@needs_posix
@pytest.mark.parametrize(
    ("place", "line", "next_step"),
    [
        (".", "python src/grader.py 2b", "python src/grader.py"),
        ("data", '"$PY" ../src/grader.py 2b', "$PY ../src/grader.py"),
    ],
)
def test_the_next_command_works_where_it_is_told(place, line, next_step, monkeypatch):
    monkeypatch.delenv("MAKELEVEL")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = shell(line, ROOT / place, PATH=path)
    expected = next_step.replace("$PY", commands.join([sys.executable]))
    assert done.stdout.splitlines()[-1] == f"Next: all tests, {expected}"


@needs_posix
def test_a_command_with_paths_from_here_stays_here(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert commands.command("run", "--data", "a b") == """make run 'ARGS=--data '"'"'a b'"'"''"""
    monkeypatch.chdir(ROOT / "src")
    assert commands.command("run") == "make -C .. run"
    assert commands.command("run", "--data", "x") == commands.python("run.py", "--data", "x")


def test_commands_are_quoted_for_the_shell_of_the_system(monkeypatch):
    quoted = (r"my work\run.py", "run(1)", "R&D", "O'Neill", "a;b", "@a", "{a}", "#1", "a^b", "a|b")
    plain = ("--resume", r"C:\work\run.py", "king,queen", "--step=1e-3")
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        found = commands.join([*quoted, *plain])
    assert found == " ".join([*(f'"{word}"' for word in quoted), *plain])
    assert commands.join(["python", "my work/run.py", "(a)"]) == "python 'my work/run.py' '(a)'"


def test_on_windows_python_is_named_by_no_path_that_may_be_another_one_s(monkeypatch):
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        windows.setenv("PATH", os.path.join(sys.prefix, "bin"))
        windows.setattr(sys, "executable", shutil.which("python"))
        windows.setattr(sys, "orig_argv", [sys.executable + "3", "run.py"])
        found = [commands.python("run.py", anywhere=anywhere) for anywhere in (False, True)]
    assert found == ["python run.py"] * 2
