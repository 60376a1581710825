"""run.py as people use it: what it prints, what it writes, and what it says when it cannot."""

import gzip
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import write_treebank

import run
from utils import plotting
from utils.plotting import PLOTTED_WORDS
from utils.treebank_files import REAL, SAMPLE

SOURCE = Path(run.__file__).parent
OUTPUTS = ["sample_vectors_(soln).json", "word_vectors.png", "word_vectors.txt"]
STATE = ["saved_run.json", "saved_sgd.npz"]
QUICK = ["--iterations", "10", "--dim", "3"]
QUICKEST = ["--iterations", "5", "--dim", "3"]  # no loops are compiled for so few


def start(*arguments, source=SOURCE, **options):
    command = [sys.executable, source / "run.py", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def finish(process):
    output, errors = process.communicate()
    return process.returncode, output, errors


def main(*arguments):
    return run.main([*map(str, arguments)])


@pytest.fixture(autouse=True)
def no_treebank_but_the_sample(monkeypatch):
    """Let the default be the sample in tests within this process."""
    monkeypatch.setattr("run.find_treebank", lambda: SAMPLE)
    monkeypatch.setattr("utils.treebank.find_treebank", lambda: SAMPLE)


@pytest.fixture
def output(tmp_path):
    """Give a folder that holds the files of an earlier run."""
    folder = tmp_path / "out put"
    folder.mkdir()
    for name in OUTPUTS + STATE:
        (folder / name).write_text("of an earlier run")
    return folder


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def refused(capsys, *arguments):
    """Run with bad input; give the one line that it must answer."""
    try:
        code = main(*arguments)
    except SystemExit as error:
        code = error.code
    output, errors = capsys.readouterr()
    assert code == 2
    assert "Wrote" not in output
    assert re.fullmatch(r"run\.py: [^\n]*\n", errors), errors
    return errors


@pytest.fixture
def plots(monkeypatch):
    """Give a list of what is plotted: the words, and the title."""
    plots, plot = [], plotting.plot_word_vectors

    def plot_word_vectors(vectors, title):
        plots.append((list(vectors), title))
        return plot(vectors, title)

    monkeypatch.setattr(plotting, "plot_word_vectors", plot_word_vectors)
    return plots


DONE = (
    r"Trained by plain loops: your functions do the same, checked on 9 steps\.\n"
    r"Smoothed loss \d+\.\d{6}%s\.\n"
    r"10 iterations, 0:\d\d in all\.\n"
    r"Wrote [^,]*word_vectors\.png, %s[^,]*word_vectors\.txt\n"
    r"Next: open .*word_vectors\.png'?\n"
)
OF_TREEBANK = (
    r" \(the handout expects around or below 10\)",
    r"[^,]*sample_vectors_\(soln\)\.json, ",
)


def test_a_run_prints_and_writes_what_it_promises_and_the_same_again(tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    assert main(*QUICK, "--output", folder) == 0
    first = r"Training on the sample treebank\. 'make data' fetches the real one\.\n"
    printed = capsys.readouterr().out
    assert re.fullmatch(first + DONE % OF_TREEBANK, printed), printed
    found = contents(folder)
    assert sorted(found) == sorted([*OUTPUTS, "saved_run.json"])
    assert found["word_vectors.png"].startswith(b"\x89PNG")
    header, *lines = found["word_vectors.txt"].decode().split("\n")[:-1]
    vectors = {line.split(" ")[0]: [float(x) for x in line.split(" ")[1:]] for line in lines}
    assert header == f"{len(lines)} 3" == f"{len(vectors)} 3"
    assert {len(vector) for vector in vectors.values()} == {3}
    sample = json.loads(found["sample_vectors_(soln).json"])
    assert sample == {word: vectors[word] for word in PLOTTED_WORDS}
    assert main(*QUICK, "--output", folder) == 0
    assert contents(folder) == found


def test_works_from_any_folder_with_blanks_in_paths_and_writes_only_to_output(tmp_path):
    checkout, elsewhere = tmp_path / "check out", tmp_path / "else where"
    ignored = shutil.ignore_patterns("*.png", "*.npz", "__pycache__")
    shutil.copytree(SOURCE, checkout / "src", ignore=ignored)
    shutil.copytree(SAMPLE, checkout / "data" / "sample")
    before = sorted(checkout.rglob("*"))
    elsewhere.mkdir()
    how = {"cwd": elsewhere, "env": {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}}
    process = start(*QUICKEST, "--output", "o u t", source=checkout / "src", **how)
    code, printed, errors = finish(process)
    assert (code, errors) == (0, "")
    assert "Wrote o u t/word_vectors.png" in printed
    assert sorted(checkout.rglob("*")) == before
    assert sorted(contents(elsewhere / "o u t")) == sorted([*OUTPUTS, "saved_run.json"])


def test_words_that_the_treebank_lacks_are_left_out_and_one_in_one_dimension_is_enough(
    make_treebank, tmp_path, capsys
):
    arguments = [*QUICKEST, "--output", tmp_path / "out", "--data"]
    assert main(*arguments, make_treebank(["great tea and coffee"] * 300)) == 0
    assert "Left out, as they are not in this treebank: cool, brilliant," in capsys.readouterr().out
    sample = json.loads((tmp_path / "out" / "sample_vectors_(soln).json").read_text())
    assert list(sample) == ["great", "coffee", "tea"]
    assert main(*arguments, make_treebank(["hail is fine"] * 300), "--dim", 1) == 0


BOOK = ["the king and the queen drank tea", "rain and snow fell on the king", "a dog barked"] * 40


@pytest.fixture
def book(tmp_path):
    """Give a text of somebody's own."""
    file = tmp_path / "my book.txt"
    file.write_text("\n".join(BOOK), encoding="utf-8")
    return file


def run_on(text, out, *arguments):
    return main("--data", text, *QUICK, "--output", out, *arguments)


def test_a_text_of_ones_own_is_trained_on_packed_or_not(book, tmp_path, capsys, plots):
    out = tmp_path / "out"
    out.mkdir()
    (out / OUTPUTS[0]).write_text("handed in")
    assert run_on(book, out, "--thinning", 1) == 0
    printed = capsys.readouterr().out
    first = r"Plotting the most frequent words\. To plot others: --words A,B,\.\.\.\n"
    assert re.fullmatch(first + DONE % ("", ""), printed), printed
    assert (out / OUTPUTS[0]).read_text() == "handed in"
    text = (out / "word_vectors.txt").read_text()
    words = [line.split(" ")[0] for line in text.splitlines()[1:]]
    frequent = "the king and queen drank tea rain snow fell on a dog barked".split()
    assert words == [*frequent, "UNK"]
    packed = tmp_path / "book.gz"
    packed.write_bytes(gzip.compress(book.read_bytes()))
    assert run_on(packed, out, "--thinning", 1) == 0
    assert (out / "word_vectors.txt").read_text() == text
    assert plots == [
        (frequent, f"Word vectors of {f}, 10 iterations") for f in (book.name, "book.gz")
    ]


def test_words_to_plot_can_be_named(book, tmp_path, capsys, plots):
    arguments = ["--thinning", 1, "--words", "King, dog,cat,KING"]
    assert run_on(book, tmp_path / "out", *arguments) == 0
    assert "Left out, as they are not in this text: cat.\n" in capsys.readouterr().out
    assert run_on(SAMPLE, tmp_path / "sample", "--words", "film,tea") == 0
    assert [words for words, _ in plots] == [["king", "dog"], ["film", "tea"]]
    sample = json.loads((tmp_path / "sample" / OUTPUTS[0]).read_text())
    assert list(sample) == PLOTTED_WORDS


def test_a_treebank_is_named_by_its_folder_or_file_as_seen_from_outside_of_output(
    tmp_path, monkeypatch, plots
):
    monkeypatch.chdir(SAMPLE)
    out = tmp_path / "out"
    assert run_on(".", out, *QUICKEST) == 0
    assert run_on("datasetSentences.txt", out, *QUICKEST) == 0
    assert list(json.loads((out / OUTPUTS[0]).read_text())) == PLOTTED_WORDS
    for name in (REAL.name, "mine"):
        shutil.copytree(SAMPLE, tmp_path / name)
        assert run_on(tmp_path / name, out, *QUICKEST) == 0
    sample = "the sample treebank"
    names = [sample, sample, "the Stanford Sentiment Treebank", "the treebank mine"]
    assert [title for _, title in plots] == [f"Word vectors of {n}, 5 iterations" for n in names]


TREEBANKS = {"quiet": ["all quiet here"] * 100, "small": ["great tea"], "damaged": ["tea\nsnow"]}
BOOK_OF_ONE_LINE = ["--data", "book.txt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--iteration", "10"], "unrecognized arguments: --iteration 10. See --help."),
        (["--iterations", "0"], "--iterations: expected a whole number from 1 to 10,000,000, not '0'"),
        (["--iterations"], "--iterations: expected one argument"),
        (["--negatives", "x"], "--negatives: expected a whole number from 1 to 1,000, not 'x'"),
        (["--step", "nan"], "--step: expected a number from 1e-09 to 1,000, not 'nan'"),
        (["--thinning", "0"], "--thinning: expected a number from 1e-09 to 1, not '0'"),
        (["--words", ","], "--words: expected words, as in king,queen, not ','"),
        (["--data", "no"], "no not found. Name a file of text, or the folder of a treebank, with --data, or run 'make "),
        (["--data", "quiet"], "has none of the words to plot (great, cool, ...). Name others with --words, pass another text with --data"),
        (["--data", "small"], "gives no window to train on"),
        (["--data", "damaged"], "damaged/datasetSentences.txt, line 3: expected two fields separated by '\\t', found 'snow'"),
        ([*BOOK_OF_ONE_LINE, "--words", "cat,mouse"], "has none of the words to plot (cat, mouse). Name others with"),
        (BOOK_OF_ONE_LINE, "gives no window to train on: of its 640 words, taken 30 times and thinned, no "),
        (BOOK_OF_ONE_LINE, "--thinning 1 keeps all, or take another text"),
        (["--resume"], "saved_sgd.npz is damaged"),
        (["--output", "new", "--resume"], "there is nothing to resume: no saved_sgd.npz in "),
        (["--output", "new", "--resume"], "Leave out --resume to start anew"),
        (["--output", "book.txt"], "book.txt cannot be used: File exists. Pass --output DIR."),
        (["--output", "book.txt/below"], "book.txt/below cannot be used: Not a directory. Pass --output DIR."),
        (["--output", "/proc/word vectors"], "/proc/word vectors cannot be used: "),
        (["--output", "/proc/self/net"], "saved_run.json cannot be written"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_refused_before_training_and_leaves_earlier_files_alone(
    output, capsys, monkeypatch, arguments, words
):
    monkeypatch.chdir(output.parent)
    Path("book.txt").write_text("a dog barked loudly\n" * 160)
    for name, sentences in TREEBANKS.items():
        write_treebank(Path(name), sentences)
    before = contents(output)
    assert words in refused(capsys, "--output", output, *arguments)
    assert contents(output) == before


def test_stopped_before_the_first_iterations_no_state_is_offered(output, capsys, monkeypatch):
    monkeypatch.setattr("run.words_to_plot", lambda *arguments: signal.raise_signal(signal.SIGINT))
    assert main("--output", output) == 130
    assert capsys.readouterr().err == "Stopped before the first iterations.\n"


def test_what_to_resume_is_told_in_options(tmp_path, book, capsys):
    assert run_on(book, tmp_path / "out", "--thinning", 1, "--iterations", 5000) == 0
    capsys.readouterr()
    arguments = ["--data", book, "--output", tmp_path / "out", "--resume", "--dim", 4]
    message = refused(capsys, *arguments, "--thinning", 1)
    assert "had --dim 3, this one has --dim 4: give the same. Leave out --resume" in message


def test_help_gives_default_and_range_of_each_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main("--help")
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "1 to 10,000,000, default: 40,000",
        "1e-09 to 1,000, default: 0.3",
        "beside run.py",
    ):
        assert words in text


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
@pytest.mark.parametrize(("iterations", "name"), [(10, "word_vectors.txt"), (6000, STATE[1])])
def test_a_full_disk_is_reported_and_leaves_earlier_outputs_alone(output, iterations, name):
    import resource

    before = contents(output)

    def at_most_20_kb_a_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    arguments = ["--data", SAMPLE, "--output", output, "--iterations", iterations]
    code, _, errors = finish(start(*arguments, preexec_fn=at_most_20_kb_a_file))
    assert code == 2
    assert re.fullmatch(rf"run\.py: .*{name} cannot be written: File too large.*\n", errors)
    assert {name: contents(output)[name] for name in OUTPUTS} == {n: before[n] for n in OUTPUTS}
    assert not list(output.glob("*.tmp"))


@pytest.fixture
def changed_source(tmp_path):
    """Give a function that copies the source with one text of a file of the submission changed."""

    def change(file, old, new):
        source = tmp_path / "changed"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
        file = source / "submission" / file
        assert old in file.read_text(encoding="utf-8")
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        return source

    return change


UPDATE, RETURN = "    c = word2ind[current_center_word]\n", "    return x\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("word2vec.py", UPDATE, '    raise NotImplementedError("2a: skipgram")\n', r": not written yet: 2a: skipgram, .*word2vec\.py:\d+\n"),
        ("sgd.py", RETURN, "    raise NotImplementedError\n", r": not written yet: .*sgd\.py:\d+\n"),
        ("word2vec.py", UPDATE, "    c = word2ind[0]\n", r': error in the submission\n.*File ".*word2vec\.py", line \d+, in skipgram\n.*KeyError: 0\n'),
        ("word2vec.py", "import random", "import random (", r': error in the submission\n.*word2vec\.py", line 3\n.*SyntaxError.*'),
        ("sgd.py", "def sgd(", "def sdg(", r": error in the submission\n.*ImportError: cannot import name 'sgd'.*"),
        ("sgd.py", RETURN, RETURN + "\nimport sys\nsys.exit()\n", r': error in the submission\n.*File ".*sgd\.py", line \d+, in <module>\n.*SystemExit.*'),
        ("sgd.py", RETURN, "    return None\n", r": error in the submission: sgd returns None, expected x alone, in the shape of x0\n"),
    ],
)  # fmt: skip
def test_a_bug_in_the_submission_shows_its_own_frames(
    changed_source, tmp_path, file, old, new, words
):
    source = changed_source(file, old, new)
    process = start(*QUICKEST, "--data", SAMPLE, "--output", tmp_path / "o", source=source)
    code, _, errors = finish(process)
    assert code == 1
    assert re.fullmatch(r"run\.py" + words, errors, re.DOTALL), errors
    assert 'run.py"' not in errors
    assert "training/" not in errors


def test_a_submission_may_print_and_its_threads_do_not_hold_the_program(changed_source, tmp_path):
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=[99]).start()\n"
    prints = "    print('hello')\n    return x\n"
    source = changed_source("sgd.py", RETURN, f"{prints}\n\n{thread}")
    arguments = [*QUICK, "--engine", "submission", "--data", SAMPLE, "--output", tmp_path / "o"]
    process = start(*arguments, source=source)
    first, second, *_, last = process.communicate(timeout=90)[0].splitlines()
    assert (process.returncode, first) == (0, "hello")  # but no line of sgd
    assert second.startswith("Smoothed loss ")
    assert last.startswith("Next: ")


def test_ctrl_c_says_how_to_resume(tmp_path):
    out = tmp_path / "o u t"
    arguments = ["--data", SAMPLE, "--output", out, "--iterations", 200_000]
    arguments += ["--dim", 3, "--window", 1, "--negatives", 1]
    saved, before = out / "saved_sgd.npz", None
    for resume in ([], ["--resume"]):
        process = start(*arguments, *resume)
        while not saved.exists() or saved.stat().st_mtime_ns == before:  # for 5,000 iterations
            assert process.poll() is None
            time.sleep(0.02)
        before = saved.stat().st_mtime_ns
        process.send_signal(signal.SIGINT)
        code, _, errors = finish(process)
        assert code == 130
        *_, stopped, command, end = errors.split("\n")
        told = r"Stopped at iteration [\d,]+\. To go on from iteration ([\d,]+),000:"
        assert int(re.fullmatch(told, stopped)[1].replace(",", "")) % 5 == 0
        typed = [sys.executable, SOURCE / "run.py", *arguments, "--resume"]
        assert shlex.split(command) == [*map(str, typed)]
        assert end == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "iterations", "saves"), [("auto", 60_000, 2), ("submission", 8_000, 1)]
)
def test_a_run_killed_at_random_moments_and_resumed_is_the_same_to_the_bit(
    tmp_path, engine, iterations, saves
):
    arguments = ["--data", SAMPLE, "--iterations", iterations, "--engine", engine]
    arguments += ["--dim", 2, "--window", 1, "--negatives", 1]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    began = time.monotonic()
    assert finish(start(*arguments, "--output", whole))[0] == 0
    duration = time.monotonic() - began

    random, saved = np.random.default_rng(), broken / "saved_sgd.npz"

    def run_until_killed(moment, after_save):
        """Kill a run at a moment, or so long after it saved."""
        resume = ["--resume"] if saved.exists() else []
        before = saved.stat().st_mtime_ns if saved.exists() else None
        process = start(*arguments, "--output", broken, *resume)
        while after_save and (not saved.exists() or saved.stat().st_mtime_ns == before):
            assert process.poll() is None
            time.sleep(0.02)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.communicate()

    run_until_killed(duration * random.uniform(0.05, 0.2), after_save=False)
    for _ in range(saves):
        run_until_killed(duration * random.uniform(0, 0.08), after_save=True)
    assert finish(start(*arguments, "--output", broken, "--resume"))[0] == 0
    for name in [*OUTPUTS, *STATE]:
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
