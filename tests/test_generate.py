"""What the handout takes from the project: points and outputs of real runs."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_tex import HANDOUT, TEX
from worth import POINTS

import generate
from grading.quiz import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]


def test_points_are_those_of_points_json():
    worth = {"1a": 2.5, "2a-0-basic": 1, "2a-1-hidden": 0.5, "3a-0-basic": 0, "3a-1-hidden": 1}
    made = dict(re.findall(r"\\setpoints{(\w+)}{(.*)}", generate.points(worth)))
    assert made == {
        "1a": "2.5~points",
        "2a": "1.5~points",
        "3a": "1~point",
        "all": "2.5~points",
        "basic": "1~point",
    }
    ours = json.loads((ROOT / "src" / "points.json").read_text(encoding="utf-8"))
    shown = {*re.findall(r"\\question{(\w+)}", HANDOUT), *QUESTIONS.values()}
    assert shown == {test[:2] for test in ours}


@pytest.mark.parametrize("mistake", [generate.MISTAKE, generate.CRASH])
def test_a_mistake_that_no_longer_fits_is_an_error(tmp_path, mistake):
    name, old, new = mistake
    generate.copy_of_src(tmp_path / "a", mistake)
    text = (tmp_path / "a" / "submission" / name).read_text(encoding="utf-8")
    assert new in text
    assert old not in text
    with pytest.raises(ValueError, match="choose another mistake"):
        generate.copy_of_src(tmp_path / "b", (name, "no such line", ""))


def test_outputs_are_those_of_real_runs(tmp_path):
    generate.write(tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert sorted(made) == sorted(generate.GENERATED)
    took = r"\[took 0:00:\d\d\.\d{6} \(max allowed \d+ seconds\), "
    for name, end in {
        "passing.txt": rf"{POINTS['2a-2-basic']}/{POINTS['2a-2-basic']} points\]",
        "failing.txt": rf"0/{POINTS['2a-1-basic']} points\]",
        "crashing.txt": rf"0/{POINTS['2a-2-basic']} points\]",
        "hidden.txt": rf"\?\?\?/{POINTS['2a-6-hidden']} points\] \(hidden test ungraded\)",
    }.items():
        assert re.fullmatch(rf"----- START .*\n----- END \S+ {took}{end}\n", made[name], re.DOTALL)
    assert "This error caused the test to fail.\n  AssertionError: " in made["failing.txt"]
    assert '  File "submission/word2vec.py", line ' in made["crashing.txt"]
    remote = re.findall(r"(?m)^(\S+)\) .* \((.*)\)$", made["remote.txt"])
    worths = [(test, float(POINTS[test])) for test in ("2a-1-basic", "2a-6-hidden")]
    assert remote == [
        *((test, f"0.0/{points}") for test, points in worths),
        *((test, f"{points}/{points}") for test, points in worths),
    ]
    for text in made.values():
        assert "/tmp" not in text
        assert str(ROOT) not in text
    before = (tmp_path / "passing.txt").stat().st_mtime_ns
    generate.write(tmp_path)  # nothing is newer: the same files
    assert (tmp_path / "passing.txt").stat().st_mtime_ns == before
    (tmp_path / "quiz.tex").unlink()
    assert not generate.is_current(tmp_path)


def test_without_latex_one_line_names_the_packages(tmp_path):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    done = subprocess.run(
        [shutil.which("sh"), TEX / "typeset.sh", "A2"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 127
    assert done.stderr.endswith("apt-get install latexmk lmodern texlive-latex-extra\n")
    assert done.stderr.count("\n") == 1


def test_the_packages_are_the_same_wherever_they_are_named():
    named = "latexmk lmodern texlive-latex-extra"
    for file in ("README.md", "tex/typeset.sh", ".github/workflows/test.yml"):
        assert named in (ROOT / file).read_text(encoding="utf-8"), file
