"""The notebook: clean in git, and run from top to bottom with the results that it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from utils.treebank_files import SAMPLE

NOTEBOOK = Path(__file__).resolve().parents[1] / "src" / "explore.ipynb"


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_is_valid_has_no_outputs_and_its_sections_begin_with_words(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert len(cell.source.splitlines()) <= 40
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    assert re.fullmatch("(mcc?)+m", kinds)
    assert kinds.count("c") >= 8
    titles = [cell.source for cell in notebook.cells[:-1] if cell.cell_type == "markdown"]
    assert titles[0].startswith("# ")
    assert all(title.startswith("## ") for title in titles[1:])


@pytest.fixture
def ipython(tmp_path):
    """Give a function that runs code in a folder as a cell of a notebook, and gives its output."""

    def run(code, folder):
        command = [sys.executable, "-m", "IPython", "--colors=nocolor", "-c", code]
        environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("from training import Settings; Settings(dim=0)", "InputError: dim must be a whole num"),
        (
            "from utils.utils import SubmissionError as E; raise E.of('sgd', None, 'x')",
            "SubmissionError: sgd returns None, expected x",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(ipython, code, told):
    (line,) = ipython(code, NOTEBOOK.parent).splitlines()
    assert line.startswith(told)


def test_src_is_found_from_any_folder_of_the_project_and_told_how_from_others(
    notebook, ipython, tmp_path
):
    begin = "\n".join(cell.source for cell in notebook.cells[1:3])
    assert " sentences, " in ipython(begin, NOTEBOOK.parents[1] / "data" / "sample")
    assert "%cd to the project's folder" in ipython(begin, tmp_path)


@pytest.fixture
def executed(notebook, request, monkeypatch):
    """Run it where it lies, as `make notebook` does; on the real treebank, or on the sample."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    if request.param == "real":
        request.getfixturevalue("real_treebank")
    else:
        first = notebook.cells[2]
        assert "StanfordSentiment()" in first.source
        first.source = first.source.replace(
            "StanfordSentiment()", f"StanfordSentiment({str(SAMPLE)!r})"
        )
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    before = sorted(path.name for path in NOTEBOOK.parent.iterdir())
    nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()
    assert sorted(path.name for path in NOTEBOOK.parent.iterdir()) == before
    return notebook


def printed(notebook):
    """Give all that was printed, and how many pictures were shown."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    return text, len(pictures)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the Jupyter packages; the cells run in another process
@pytest.mark.parametrize("executed", ["sample", "real"], indirect=True)
def test_it_runs_and_shows_what_it_promises(executed, request):
    text, pictures = printed(executed)
    assert pictures == 3  # loss, words, two losses
    assert "Gradient check passed!" in text
    assert "Trained by plain loops: your functions do the same, checked on 9 steps." in text
    on_sample = "1,071 words, from sample" in text
    assert on_sample or "19,539 words" in text

    neighbors = dict(re.findall(r"^ *(\w+):  (.*)$", text, re.MULTILINE))
    assert neighbors.keys() >= {"great", "boring", "woman", "king", "coffee"}
    assert "king - man + woman:  " in text
    if on_sample:
        assert "king - man + woman:  queen\n" in text
        assert {"brilliant", "wonderful"} <= set(neighbors["great"].split())
        assert "annoying" in neighbors["boring"].split()
        assert neighbors["king"].split()[0] == "queen"
        assert neighbors["coffee"].split()[0] == "tea"

    losses = [float(loss) for loss in re.findall(r"^iter 800: (\S+)$", text, re.MULTILINE)]
    assert len(losses) == 2
    assert max(losses) < 5  # both begin above 5
    softmax, sampling = re.findall(r"expects around queen:  (.*)$", text, re.MULTILINE)
    assert "king" in softmax.split()[:3]
    assert "king" in sampling.split()[:3]

    gains = re.findall(r"^ +(window|negatives) +(\d+): (\S+) #*$", text, re.MULTILINE)
    gain = {(name, int(value)): float(number) for name, value, number in gains}
    assert gain["window", 1] < gain["window", 2] < gain["window", 5] < gain["window", 10]
    assert gain["negatives", 1] < gain["negatives", 3] < gain["negatives", 20]
