"""The PDFs: what LaTeX says of them, their pages, and where answers are (make test-handout)."""

import re
import shutil
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import pytest

import build_student
import generate

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"A2": 11, "A2_Solutions": 11, "submission": 2}
COMPLAINT = re.compile(
    r"(?:Over|Under)full|Warning|undefined|Missing character|^!|multiply", re.M | re.I
)
pytestmark = pytest.mark.handout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a folder with tex/ and the three documents built."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "tex", folder / "tex")
    generate.write(folder / "build" / "tex")
    for name in PAGES:
        done = typeset(folder, name)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"Wrote build/{name}.pdf\n"
    return folder


def typeset(folder, name):
    return subprocess.run(
        ["sh", folder / "tex" / "typeset.sh", name], capture_output=True, text=True
    )


def complaints(log):
    return [line for line in log.splitlines() if COMPLAINT.search(line) and "infwarerr" not in line]


def pages(pdf):
    """Give the text of each page, its lines joined, ligatures written out."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True).stdout
    return [page for page in unicodedata.normalize("NFKC", text).split("\f") if page.strip()]


def plain(text):
    return " ".join(text.split())


def phrases(tex):
    """List the prose of an answer: three words or more, of 20 letters or more."""
    words = re.sub(r"\$.*?\$|\\(?!because)\w+\*?(?:{[^}]*})?", "|", " ".join(tex.split()))
    found = re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", words)
    return [phrase for phrase in found if len(phrase) >= 20]


def our_answers():
    source = (ROOT / "tex" / "submission.tex").read_text(encoding="utf-8")
    answers = re.findall(r"START_CODE_HERE ###\n(.*?)% ### END", source, re.DOTALL)
    assert len(answers) == 2
    return answers


@pytest.mark.parametrize("name", PAGES)
def test_latex_has_nothing_to_complain_about(project, name):
    assert (
        complaints((project / "build" / "tex" / f"{name}.log").read_text("utf-8", "replace")) == []
    )


def test_complaints_are_seen(project, tmp_path):
    shutil.copytree(project, tmp_path / "copy")
    answers = tmp_path / "copy" / "tex" / "submission.tex"
    text = answers.read_text(encoding="utf-8").replace(
        "Together.", r"\ref{eq:none} \hbox to 2\linewidth{wide}"
    )
    answers.write_text(text, encoding="utf-8")
    assert typeset(tmp_path / "copy", "submission").returncode == 0
    log = (tmp_path / "copy" / "build" / "tex" / "submission.log").read_text("utf-8", "replace")
    assert {"Overfull", "LaTeX Warning: Reference"} <= {
        word
        for line in complaints(log)
        for word in ("Overfull", "LaTeX Warning: Reference")
        if word in line
    }


def test_an_error_in_an_answer_names_its_line(project, tmp_path):
    shutil.copytree(project, tmp_path / "copy")
    answers = tmp_path / "copy" / "tex" / "submission.tex"
    lines = answers.read_text(encoding="utf-8").split("\n")
    at = lines.index("% ### START_CODE_HERE ###") + 1
    lines.insert(at, r"\nosuchmacro")
    answers.write_text("\n".join(lines), encoding="utf-8")
    done = typeset(tmp_path / "copy", "submission")
    assert done.returncode == 1
    assert f"submission.tex:{at + 1}: Undefined control sequence" in done.stderr


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_numbered(project, name):
    found = [page.split()[-1] for page in pages(project / "build" / f"{name}.pdf")]
    assert found == [str(number) for number in range(1, PAGES[name] + 1)]


@pytest.mark.parametrize("name", PAGES)
def test_fonts_are_outlines_and_in_the_file(project, name):
    done = subprocess.run(
        ["pdffonts", project / "build" / f"{name}.pdf"], capture_output=True, text=True
    )
    fonts = done.stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r" Type 1 .* yes yes (?:yes|no) ", font) for font in fonts), done.stdout


def test_answers_are_only_where_they_belong(project):
    text = {name: plain(" ".join(pages(project / "build" / f"{name}.pdf"))) for name in PAGES}
    for answer in our_answers():
        told = phrases(answer)
        assert len(told) > 5
        assert [phrase for phrase in told if phrase in text["A2"]] == []
        for name in ("A2_Solutions", "submission"):
            assert sum(phrase in text[name] for phrase in told) > len(told) * 0.7, name
    for name, holds in {"A2": False, "A2_Solutions": True}.items():
        assert ("Answer to 1a." in text[name]) == holds
        assert ("Your answer to 1b" in text[name]) != holds
    # in their places: each after its question
    order = [
        text["A2_Solutions"].index(t)
        for t in (
            "The gradient of the c",
            "Answer to 1a",
            "The gradients of",
            "Answer to 1b",
            "Coding:",
        )
    ]
    assert order == sorted(order)


def test_numbers_in_the_pdf_are_those_of_the_sources(project):
    from test_tex import NUMBERS

    aux = (project / "build" / "tex" / "A2.aux").read_text(encoding="utf-8")
    assert dict(re.findall(r"\\newlabel{eq:(.*?)}{{(\d+)}", aux)) == {
        label: str(number) for label, number in NUMBERS.items()
    }


def test_points_arrive(project):
    text = plain(" ".join(pages(project / "build" / "A2.pdf")))
    made = re.findall(r"{(\w+)}{(.*)}", (project / "build" / "tex" / "points.tex").read_text())
    for question, points in made:
        kind = {"1": ", written, extra credit", "2": ", coding", "3": ""}.get(question[0])
        points = points.replace("~", " ") + (kind or "")
        assert re.search(
            rf"\b{question} [A-Z][^.]*\.? {points}" if kind is not None else points, text
        )


@pytest.mark.parametrize("options", [[], ["--without-quiz"]])
def test_students_typeset_the_release(tmp_path, monkeypatch, options):
    monkeypatch.setattr(build_student, "BUILD", tmp_path / "build")
    assert build_student.main(options) == 0
    zipfile.ZipFile(tmp_path / "build" / "student.zip").extractall(tmp_path)
    release = tmp_path / "word2vec"
    for target, name in {"without_solutions": "A2", "submission.pdf": "submission"}.items():
        done = subprocess.run(["make", target], cwd=release, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        log = release / "build" / "tex" / f"{name}.log"
        assert complaints(log.read_text("utf-8", "replace")) == []
        text = plain(" ".join(pages(release / "build" / f"{name}.pdf")))
        assert ("Choose every formula" in text) == (name == "A2" and not options)
        for answer in our_answers():
            assert [phrase for phrase in phrases(answer) if phrase in text] == []
    handout = (release / "A2.pdf").read_bytes()
    assert handout == (release / "build" / "A2.pdf").read_bytes()


def test_a_handout_with_an_error_stops_the_build(monkeypatch, capsys):
    contents = build_student.student_files() | {"tex/window.tex": "\\nosuchmacro\n"}
    monkeypatch.setattr(build_student, "student_files", lambda *options: contents)
    assert build_student.main([]) == 2
    told = capsys.readouterr().err
    assert "cannot be typeset: ./window.tex:1: Undefined control sequence" in told
    assert told.count("\n") == 1
