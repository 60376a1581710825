"""The students' release: without solution and staff files, and of use as it is."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hostile.fixture import VECTORS, vectors
from worth import POINTS, full_marks, worth

import build_student
import grader
from grading.quiz import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
REGION = re.compile(r"### START_CODE_HERE ###\n(.*?) *(?:% )?### END_CODE_HERE ###", re.DOTALL)
TOLD = {  # lines of the solution that a docstring tells, or the appendix
    "loss, grad = f(x)",
    r"\because{chain rule on $\log$} \\",
    r"\frac{\partial J}{\partial \bu_o}",
}
BASIC = worth(end="basic")
SUBMISSION = sorted(path.name for path in (ROOT / "src" / "submission").glob("*.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, generated):
    """Give a folder in which the release can be built, again and again."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(generated, folder / "tex")
    return folder


def build(folder, *options, path=None):
    """Build the release where only the commands in a folder are there; give the exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_student, "BUILD", folder)
        patch.setenv("PATH", str(path or folder))
        return build_student.main([*options])


@pytest.fixture(scope="module")
def release(tmp_path_factory, folder):
    """Give a folder with what the release holds where there is no LaTeX."""
    return unpacked(folder, tmp_path_factory.mktemp("release"))


def unpacked(folder, place, *options):
    """Build the release, and unpack it in a place."""
    assert build(folder, *options) == 0
    zipfile.ZipFile(folder / "student.zip").extractall(place)
    assert [path.name for path in place.iterdir()] == ["word2vec"]
    return place / "word2vec"


@pytest.fixture
def copy(release, tmp_path):
    """Give a copy of the release, to be changed."""
    return shutil.copytree(release, tmp_path / "word2vec")


def texts(folder):
    """Map every file of a folder to its text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in files
    }


def regions_of(text):
    return [match[1] for match in REGION.finditer(text)]


def test_no_line_of_the_solution_is_in_it(release):
    lines = set()
    told = (ROOT / "tex" / "refresher.tex").read_text(encoding="utf-8")
    for pattern, shortest in {"src/submission/*.py": 12, "tex/submission.tex": 20}.items():
        for path in ROOT.glob(pattern):
            source = path.read_text(encoding="utf-8")
            around = REGION.sub("", source) + told
            for line in "".join(regions_of(source)).split("\n"):
                code = line.partition("  #")[0].strip()
                if len(code) >= shortest and code not in around and code not in TOLD:
                    lines.add(code)
    assert len(lines) > 55
    for name, text in texts(release).items():
        assert [line for line in lines if line in text] == [], name


def test_regions_are_empty_and_name_their_question_and_all_else_is_as_here(release):
    found = []
    for name in SUBMISSION:
        ours = (ROOT / "src" / "submission" / name).read_text(encoding="utf-8")
        text = (release / "src" / "submission" / name).read_text(encoding="utf-8")
        ast.parse(text)
        found += [region.strip() for region in regions_of(text)]
        assert REGION.sub("", text) == REGION.sub("", ours)
    assert found == [
        *(f'raise NotImplementedError("{q}: question_{k}")' for k, q in QUESTIONS.items()),
        'raise NotImplementedError("2b: sgd")',
        'raise NotImplementedError("2a: sigmoid")',
        'raise NotImplementedError("2a: naive_softmax_loss_and_gradient")',
        'raise NotImplementedError("2a: skipgram")',
    ]
    written = (release / "tex" / "submission.tex").read_text(encoding="utf-8")
    assert regions_of(written) == ["% Write your answer here.\n\\vspace{8cm}\n"] * 2


def test_nothing_of_the_staff_is_in_it(release):
    found = texts(release)
    tops = {name.split("/")[0] for name in found}
    assert not tops & {"tests", "staff", "benchmarks", ".ci", ".github"}
    assert {"project"} < set(tomllib.loads(found["pyproject.toml"])) <= {"project", "tool"}
    assert "ruff" not in found["pyproject.toml"]
    assert "tex/generate.py" not in found
    assert not any("stanfordSentimentTreebank/" in name or "(soln)" in name for name in found)
    for name, text in found.items():
        assert not re.search(r"\[/?(staff|quiz)\]", text), name
    assert "## Staff" not in found["README.md"]
    assert "build/student.zip" not in found["README.md"] + found["Makefile"]


def test_its_readme_has_no_dead_links_and_its_menu_lists_every_target(release):
    readme = (release / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert len(links) > 5
    for link in links:
        assert (release / link).exists(), link
    titles = re.findall(r"^## (.*)$", readme, re.MULTILINE)
    headings = {re.sub(r"\W+", "-", title.lower()) for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", readme)) <= headings
    makefile = (release / "Makefile").read_text(encoding="utf-8")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split()
    listed = re.findall(r"^## make (\S+)", makefile, re.MULTILINE)
    assert sorted(["menu", *listed]) == sorted(phony)
    assert {"test", "student", "autograder"}.isdisjoint(phony)


WITH_MAKE = pytest.mark.skipif(not shutil.which("make"), reason="there is no make")


@WITH_MAKE
def test_make_says_which_pythons_it_takes(copy):
    python = copy / "python"
    told = f"{python} is not Python 3.11 to 3.14. Pass one that is: make PYTHON=python3.12\n"
    for version, is_right in {"3, 10": 0, "3, 11": 1, "3, 14": 1, "3, 15": 0}.items():
        check = f'{sys.executable} -c "import sys; sys.version_info = {version}; $2"'
        python.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exec {check}\n')
        python.chmod(0o755)
        command = ["make", "-C", copy, "run", f"PYTHON={python}"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (told not in done.stdout) == is_right, version
        assert not (copy / ".venv").exists()


def program(folder, name, *arguments):
    command = [sys.executable, folder / "src" / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def paste(folder):
    """Write the reference's regions into a release."""
    for name in SUBMISSION:
        shutil.copy(ROOT / "src" / "submission" / name, folder / "src" / "submission")


def test_a_student_goes_from_a_clear_line_for_each_test_to_all_points(copy):
    done = program(copy, "run.py", "--iterations", "20")
    assert done.returncode == 1
    place = r"src/submission/sgd\.py:\d+"
    assert re.fullmatch(f"run.py: not written yet: 2b: sgd, {place}\n", done.stderr)
    done = program(copy, "grader.py")
    assert (done.returncode, done.stderr) == (1, "")
    assert f"END GRADING [0.0/{BASIC} points + 0/0 extra credit]\n" in done.stdout
    parts = re.split(r"^----- START ", done.stdout, flags=re.MULTILINE)[1:]
    assert [part.partition(":")[0] for part in parts] == [*POINTS]
    told = (
        r"\w+ is not written yet: src/submission/\w+.py:\d+|sample_vectors_\(soln\).json is missing"
    )
    for part in parts:
        if not part.startswith("2c-1-hidden"):  # there is nothing to run
            assert re.search(told, part), part
            assert part.partition("\n----- END")[0].count("\n") == 1, part  # one line says it
    paste(copy)
    (copy / "src" / VECTORS).write_text(vectors(), encoding="utf-8")
    done = program(copy, "grader.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n{full_marks(BASIC)}\n" in done.stdout


@WITH_MAKE
def test_make_clean_keeps_what_was_made(copy):
    made = copy / "build" / "submission.pdf"
    (copy / "build" / "tex").mkdir(parents=True)
    (copy / ".venv").mkdir()
    made.touch()
    subprocess.run(["make", "-C", copy, "clean"], check=True, capture_output=True)
    assert list((copy / "build").iterdir()) == [made]
    assert not (copy / ".venv").exists()


WITHOUT_QUIZ = {  # what may still be said of it: what if one is handed in
    "src/sandbox/upload.py",
    *(f"src/grading/{name}.py" for name in ("course", "failures", "outcomes")),
    *("src/graderUtil.py", "tex/style.tex"),
}


def test_without_the_quiz_nothing_of_it_is_in_it(release, folder, tmp_path, nurseries, capsys):
    without = unpacked(folder, tmp_path, "--without-quiz")
    found = texts(without)
    left_out = {"src/submission/quiz.py", "src/grading/quiz.py", "tex/quiz.tex"}
    assert texts(release).keys() - found.keys() == left_out
    about = re.compile(r"quiz|question_\d|3[a-f]-\d-|multiple choice", re.IGNORECASE)
    told = {name for name in found if not name.endswith(".png") and about.search(found[name])}
    assert told == WITHOUT_QUIZ
    assert "2a-0-basic" in found["tex/autograder.tex"]
    assert rf"\setpoints{{all}}{{{worth('2'):g}~points}}" in found["tex/points.tex"]
    paste(without)
    (without / "src" / "submission" / "quiz.py").unlink()
    (without / "src" / VECTORS).write_text(vectors(), encoding="utf-8")
    done = program(without, "grader.py")
    assert f"\n{full_marks(worth('2', 'basic'))}\n" in done.stdout
    assert "3a" not in done.stdout
    package = str(without / "src" / "submission")
    capsys.readouterr()
    options = ["2a-2-basic", "3a-1-hidden", "--submission", package, "--solution", package]
    grader.main([*options, "--unconfined"], workers=nurseries)  # a solution without it: as here
    assert f"\n{full_marks(worth('2a-2'))}\n" in capsys.readouterr().out


def test_a_treebank_of_the_course_is_in_it_and_trained_on(folder, make_treebank, capsys, tmp_path):
    treebank = make_treebank(["tea and rain and coffee and snow ."] * 3)
    release = unpacked(folder, tmp_path / "release", "--treebank", str(treebank))
    paste(release)
    options = "--iterations", "20", "--thinning", "1", "--engine", "submission"
    done = program(release, "run.py", *options)
    assert done.returncode == 0, done.stderr
    assert "sample treebank" not in done.stdout
    assert '"tea"' in (release / "src" / VECTORS).read_text(encoding="utf-8")
    capsys.readouterr()
    (treebank / "datasetSentences.txt").write_text("tea and rain\n", encoding="utf-8")
    assert build(folder, "--treebank", str(treebank)) == 2
    told = capsys.readouterr().err
    assert "datasetSentences.txt, line 1: expected the header" in told
    assert told.count("\n") == 1


def test_a_wrong_mark_stops_the_build(tmp_path, monkeypatch, capsys):
    wrong = {"src/submission/sgd.py": b"def sgd():\n    ### START_CODE_HERE ###\n    pass\n"}
    monkeypatch.setattr(build_student, "collect", lambda *patterns: dict(wrong))
    assert build(tmp_path) == 2
    told = capsys.readouterr().err
    assert told.startswith("build_student.py: src/submission/sgd.py, line 2: ### START_CODE_HERE")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "builder", ["staff/build_student.py", "staff/build_autograder.py", "tex/generate.py"]
)
def test_a_builder_that_is_asked_wrongly_says_so_in_a_line(builder):
    command = [sys.executable, "-I", ROOT / builder, "--nope"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    told = f"{Path(builder).name}: unrecognized arguments: --nope. See --help.\n"
    assert done.stderr == told


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert build(tmp_path / "file") == 2
    told = capsys.readouterr().err
    assert f"{tmp_path / 'file' / 'tex'} cannot be made: Not a directory" in told
    assert told.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="makes a shell")
@pytest.mark.parametrize(
    ("shell", "code", "told"),
    [
        ("", 0, "It holds no A2.pdf: there is no sh, which "),
        ("sh dirname", 0, "It holds no A2.pdf: LaTeX is missing or not whole: apt-get install "),
        ("printf '\\377 is no text\\nmore' >&2", 2, "the handout cannot be typeset: \ufffd is no text"),
        ("true", 2, "the handout cannot be typeset: sh ended with 1"),
    ],
    ids=["no shell", "no LaTeX", "LaTeX fails", "it says nothing"],
)  # fmt: skip
def test_the_handout_is_typeset_or_it_is_said_why_not(
    release, folder, tmp_path, capsys, shell, code, told
):
    if code:
        (tmp_path / "sh").write_text(f"#!/bin/sh\n{shell}\nexit 1\n")
        (tmp_path / "sh").chmod(0o755)
    else:
        for name in shell.split():
            (tmp_path / name).symlink_to(shutil.which(name))
    assert build(folder, path=tmp_path) == code
    printed = capsys.readouterr()
    if code:
        assert (printed.out, printed.err) == ("", f"build_student.py: {told}\n")
    else:
        wrote, why = printed.out.splitlines()
        assert wrote.startswith("Wrote build/student.zip, ")
        assert why.startswith(told)
        with zipfile.ZipFile(folder / "student.zip") as archive:
            assert archive.namelist() == sorted(f"word2vec/{name}" for name in texts(release))
            moments = {member.date_time for member in archive.infolist()}
        assert moments == {(2000, 1, 1, 0, 0, 0)}  # the same bytes whenever it is built


@pytest.mark.slow
def test_pip_install_brings_nothing_of_ours(copy, tmp_path):
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target"]
    subprocess.run([*command, tmp_path / "packages", copy], check=True)
    names = [path.name for path in (tmp_path / "packages").iterdir()]
    assert names == ["word2vec_assignment-1.0.dist-info"]


@pytest.mark.slow
def test_a_student_goes_from_the_zip_to_full_marks_with_make_alone(copy, real_treebank):
    ours = ("PYTHONPATH", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "ARGS", "FROM")
    environment = {key: value for key, value in os.environ.items() if key not in ours}

    def make(*arguments):
        return subprocess.run(
            ["make", *arguments],
            cwd=copy,
            capture_output=True,
            text=True,
            env=environment | {"MPLBACKEND": "Agg"},
        )

    done = make("run")
    assert done.returncode != 0
    assert "run.py: not written yet: 2b: sgd, src/submission/sgd.py:" in done.stderr
    assert make("data", f"FROM={real_treebank}").returncode == 0
    paste(copy)
    done = make("run")
    assert done.returncode == 0, done.stderr
    assert "Smoothed loss 9.812206" in done.stdout
    done = make("submission.zip")
    assert full_marks(BASIC) in done.stdout
    names = zipfile.ZipFile(copy / "submission.zip").namelist()
    assert {VECTORS, "submission/word2vec.py", "submission/sgd.py"} <= set(names)
