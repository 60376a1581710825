"""The PDFs: what LaTeX says of them, their pages, and where answers are (make test-handout)."""

import re
import shutil
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import pytest
from test_tex import ANSWERS, NUMBERS

import build_student
import generate

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"A2": 11, "A2_Solutions": 11, "submission": 2}
COMPLAINT = re.compile(
    r"(?:Over|Under)full|Warning|undefined|Missing character|^!|multiply", re.M | re.I
)
OURS = re.findall(r"START_CODE_HERE ###\n(.*?)% ### END", ANSWERS, re.DOTALL)
pytestmark = pytest.mark.handout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a folder with tex/ and the three documents built."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "tex", folder / "tex")
    generate.write(folder / "build" / "tex")
    for name in PAGES:
        done = typeset(folder, name)
        assert (done.returncode, done.stdout) == (0, f"Wrote build/{name}.pdf\n"), done.stderr
    return folder


@pytest.fixture(scope="module")
def texts(project):
    return {name: text_of(project / "build" / f"{name}.pdf") for name in PAGES}


def typeset(folder, name):
    command = ["sh", folder / "tex" / "typeset.sh", name]
    return subprocess.run(command, capture_output=True, text=True)


def complaints(folder, name):
    log = (folder / "build" / "tex" / f"{name}.log").read_text("utf-8", "replace")
    return [line for line in log.splitlines() if COMPLAINT.search(line) and "infwarerr" not in line]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pages(pdf):
    """Give the words of each page, ligatures written out."""
    text = unicodedata.normalize("NFKC", output("pdftotext", "-layout", pdf, "-"))
    return [page.split() for page in text.split("\f") if page.strip()]


def text_of(pdf):
    return " ".join(word for page in pages(pdf) for word in page)


def phrases(tex):
    """List the prose of an answer: three words or more, of 20 letters or more."""
    words = re.sub(r"\$.*?\$|\\(?!because)\w+\*?(?:{[^}]*})?", "|", " ".join(tex.split()))
    found = re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", words)
    return [phrase for phrase in found if len(phrase) >= 20]


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_numbered_fonts_are_outlines_and_latex_has_nothing_to_complain(project, name):
    pdf = project / "build" / f"{name}.pdf"
    assert complaints(project, name) == []
    assert [page[-1] for page in pages(pdf)] == [str(page + 1) for page in range(PAGES[name])]
    fonts = output("pdffonts", pdf).splitlines()[2:]
    assert fonts
    assert all(re.search(r" Type 1 .* yes yes (?:yes|no) ", font) for font in fonts), fonts


def test_complaints_are_seen_and_an_error_names_its_line(project, tmp_path):
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    answers, begin = tmp_path / "tex" / "submission.tex", "% ### START_CODE_HERE ###\n"
    wide = ANSWERS.replace(begin, begin + r"\ref{eq:none} \hbox to 2\linewidth{wide}")
    answers.write_text(wide, encoding="utf-8")
    assert typeset(tmp_path, "submission").returncode == 0
    seen = "\n".join(complaints(tmp_path, "submission"))
    assert "Overfull" in seen
    assert "LaTeX Warning: Reference" in seen
    answers.write_text(ANSWERS.replace(begin, begin + "\\nosuchmacro\n"), encoding="utf-8")
    done = typeset(tmp_path, "submission")
    line = ANSWERS.partition(begin)[0].count("\n") + 2
    assert done.returncode == 1
    assert f"submission.tex:{line}: Undefined control sequence" in done.stderr


def test_answers_are_only_where_they_belong(texts):
    for answer in OURS:
        told = phrases(answer)
        assert len(told) > 5
        assert not any(phrase in texts["A2"] for phrase in told)
        for name in ("A2_Solutions", "submission"):
            assert sum(phrase in texts[name] for phrase in told) > len(told) * 0.7, name
    assert "Your answer to 1b" in texts["A2"]
    assert "Your answer to" not in texts["A2_Solutions"]
    in_order = "The gradient of the c.*Answer to 1a.*The gradients of.*Answer to 1b.*Coding:"
    assert re.search(in_order, texts["A2_Solutions"])
    assert "Answer to 1a" not in texts["A2"]


def test_numbers_and_points_arrive(project, texts):
    aux = (project / "build" / "tex" / "A2.aux").read_text(encoding="utf-8")
    numbers = re.findall(r"\\newlabel{eq:(.*?)}{{(\d+)}", aux)
    assert numbers == [(label, str(number)) for label, number in NUMBERS.items()]
    made = re.findall(r"{(\w+)}{(.*)}", (project / "build" / "tex" / "points.tex").read_text())
    kinds = {"1": ", written, extra credit", "2": ", coding", "3": ""}
    for question, points in made:
        shown = points.replace("~", " ")
        if question[0] in kinds:
            shown = rf"\b{question} [A-Z][^.]*\.? {shown}{kinds[question[0]]}"
        assert re.search(shown, texts["A2"])


@pytest.mark.parametrize("options", [[], ["--without-quiz"]])
def test_students_typeset_the_release(tmp_path, monkeypatch, options):
    monkeypatch.setattr(build_student, "BUILD", tmp_path / "build")
    assert build_student.main(options) == 0
    zipfile.ZipFile(tmp_path / "build" / "student.zip").extractall(tmp_path)
    release = tmp_path / "word2vec"
    for target, name in {"without_solutions": "A2", "submission.pdf": "submission"}.items():
        subprocess.run(["make", target], cwd=release, capture_output=True, check=True)
        assert complaints(release, name) == []
        text = text_of(release / "build" / f"{name}.pdf")
        assert ("Choose every formula" in text) == (name == "A2" and not options)
        assert not any(phrase in text for answer in OURS for phrase in phrases(answer))
    assert (release / "A2.pdf").read_bytes() == (release / "build" / "A2.pdf").read_bytes()
