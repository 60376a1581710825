"""run.py as people use it: what it prints, what it writes, and what it says when it cannot."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_treebank_files import BAD

import run
from utils import plotting
from utils.plotting import PLOTTED_WORDS
from utils.treebank_files import REAL, SAMPLE

SOURCE = Path(run.__file__).parent
OUTPUTS = ["sample_vectors_(soln).json", "word_vectors.png", "word_vectors.txt"]
STATE = ["saved_run.json", "saved_sgd.npz"]
QUICK = ["--iterations", "10", "--dim", "3"]


def start(*arguments, source=SOURCE, **options):
    command = [sys.executable, source / "run.py", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def finish(process):
    output, errors = process.communicate()
    return process.returncode, output, errors


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
        code = run.main([*map(str, arguments)])
    except SystemExit as error:
        code = error.code
    output, errors = capsys.readouterr()
    assert code == 2
    assert "Wrote" not in output
    assert re.fullmatch(r"run\.py: [^\n]*\n", errors), errors
    return errors


def test_a_run_prints_and_writes_what_it_promises(tmp_path, capsys):
    assert run.main([*QUICK, "--output", str(tmp_path / "new" / "folder")]) == 0
    printed, _ = capsys.readouterr()
    folder = tmp_path / "new" / "folder"
    assert re.fullmatch(
        r"Training on the sample treebank\. 'make data' fetches the real one\.\n"
        r"Trained by plain loops: your functions do the same, checked on 9 steps\.\n"
        r"Smoothed loss \d+\.\d{6} \(the handout expects around or below 10\)\.\n"
        r"10 iterations, 0:\d\d in all\.\n"
        r"Wrote .*word_vectors\.png, .*sample_vectors_\(soln\)\.json, .*word_vectors\.txt\n"
        r"Next: open .*word_vectors\.png'?\n",
        printed,
    ), printed
    assert sorted(contents(folder)) == sorted([*OUTPUTS, "saved_run.json"])
    assert (folder / "word_vectors.png").read_bytes().startswith(b"\x89PNG")

    header, *lines = (folder / "word_vectors.txt").read_text(encoding="utf-8").split("\n")[:-1]
    vectors = {line.split(" ")[0]: [float(x) for x in line.split(" ")[1:]] for line in lines}
    assert header == f"{len(lines)} 3" == f"{len(vectors)} 3"
    assert {len(vector) for vector in vectors.values()} == {3}
    sample = json.loads((folder / "sample_vectors_(soln).json").read_text(encoding="utf-8"))
    assert sample == {word: vectors[word] for word in PLOTTED_WORDS}


def test_the_same_run_writes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        assert run.main([*QUICK, "--output", str(tmp_path / name)]) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_works_from_any_folder_with_blanks_in_paths_and_writes_only_to_output(tmp_path):
    checkout = tmp_path / "check out"
    shutil.copytree(SOURCE, checkout / "src", ignore=shutil.ignore_patterns("*.png", "*.npz"))
    shutil.copytree(SAMPLE, checkout / "data" / "sample")
    before = sorted(checkout.rglob("*"))
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    code, printed, errors = finish(
        start(*QUICK, "--output", "o u t", source=checkout / "src", cwd=elsewhere, env=environment)
    )
    assert (code, errors) == (0, "")
    assert "Wrote o u t/word_vectors.png" in printed
    assert sorted(checkout.rglob("*")) == [
        path for path in before if "__pycache__" not in path.parts or path.exists()
    ]
    assert sorted(contents(elsewhere / "o u t")) == sorted([*OUTPUTS, "saved_run.json"])


def test_words_that_the_treebank_lacks_are_left_out(make_treebank, tmp_path, capsys):
    folder = make_treebank(["great tea and coffee"] * 300)
    assert run.main(["--data", str(folder), *QUICK, "--output", str(tmp_path / "out")]) == 0
    assert "Left out, as they are not in this treebank: cool, brilliant," in capsys.readouterr().out
    sample = json.loads((tmp_path / "out" / "sample_vectors_(soln).json").read_text())
    assert list(sample) == ["great", "coffee", "tea"]


def test_one_word_in_one_dimension_is_enough(make_treebank, tmp_path):
    folder = make_treebank(["hail is fine"] * 300)
    arguments = ["--data", folder, "--iterations", "1", "--dim", "1", "--output", tmp_path / "out"]
    assert run.main([*map(str, arguments)]) == 0


BOOK = ["the king and the queen drank tea", "rain and snow fell on the king", "a dog barked"] * 40


@pytest.fixture
def book(tmp_path):
    """Give a text of somebody's own."""
    file = tmp_path / "my book.txt"
    file.write_text("\n".join(BOOK), encoding="utf-8")
    return file


def run_on(book, out, *arguments):
    return run.main(["--data", str(book), *QUICK, "--output", str(out), *map(str, arguments)])


def test_a_text_of_ones_own_is_trained_on(book, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / OUTPUTS[0]).write_text("handed in")
    assert run_on(book, out, "--thinning", 1) == 0
    printed = capsys.readouterr().out
    assert re.fullmatch(
        r"Plotting the most frequent words\. To plot others: --words A,B,\.\.\.\n"
        r"Trained by plain loops: your functions do the same, checked on 9 steps\.\n"
        r"Smoothed loss \d+\.\d{6}\.\n"
        r"10 iterations, 0:\d\d in all\.\n"
        r"Wrote [^,]*word_vectors\.png, [^,]*word_vectors\.txt\n"
        r"Next: open .*word_vectors\.png'?\n",
        printed,
    ), printed
    assert (out / OUTPUTS[0]).read_text() == "handed in"
    words = [line.split(" ")[0] for line in (out / "word_vectors.txt").read_text().splitlines()]
    expected = "the king and queen drank tea rain snow fell on a dog barked UNK".split()
    assert words[1:] == expected


def test_a_packed_text_is_trained_on(tmp_path, book):
    packed = tmp_path / "book.gz"
    packed.write_bytes(gzip.compress(book.read_bytes()))
    for name, text in (("one", book), ("two", packed)):
        assert run_on(text, tmp_path / name, "--thinning", 1) == 0
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one["word_vectors.txt"] == two["word_vectors.txt"]


def test_words_to_plot_can_be_named(book, tmp_path, capsys, monkeypatch):
    plotted = []
    plot = plotting.plot_word_vectors
    monkeypatch.setattr(
        plotting, "plot_word_vectors", lambda *args: [plotted.extend(args[0]), plot(*args)][1]
    )
    arguments = ["--thinning", 1, "--words", "King, dog,cat,KING"]
    assert run_on(book, tmp_path / "out", *arguments) == 0
    assert plotted == ["king", "dog"]
    assert "Left out, as they are not in this text: cat.\n" in capsys.readouterr().out
    assert run_on(SAMPLE, tmp_path / "sample", "--words", "film,tea") == 0
    assert plotted[2:] == ["film", "tea"]
    sample = json.loads((tmp_path / "sample" / OUTPUTS[0]).read_text())
    assert list(sample) == PLOTTED_WORDS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--words", "cat,mouse"], "has none of the words to plot (cat, mouse). Name others with"),
        ([], "gives no window to train on: of its 640 words, taken 30 times and thinned, no "),
        ([], "--thinning 1 keeps all"),
        (["--thinning", "0"], "--thinning: expected a number from 1e-09 to 1, not '0'"),
        (["--words", ","], "--words: expected words, as in king,queen, not ','"),
    ],
)
def test_a_text_or_words_that_will_not_do_are_refused_before_training(
    tmp_path, capsys, arguments, words
):
    book = tmp_path / "book.txt"
    book.write_text("a dog barked loudly\n" * 160)
    message = refused(capsys, "--data", book, "--output", tmp_path / "out", *arguments)
    assert words in message
    assert not list((tmp_path / "out").glob("*.txt"))


def test_a_text_that_is_not_there_is_told(tmp_path, capsys):
    message = refused(capsys, "--data", tmp_path / "book.txt", "--output", tmp_path)
    assert f"{tmp_path / 'book.txt'} not found. Name a file of text" in message


def test_the_file_of_sentences_stands_for_its_treebank(tmp_path, capsys):
    assert run_on(SAMPLE / "datasetSentences.txt", tmp_path) == 0
    assert list(json.loads((tmp_path / OUTPUTS[0]).read_text())) == PLOTTED_WORDS


def test_the_title_names_the_folder_of_data_as_it_is_outside_of_output(tmp_path, monkeypatch):
    titles = []
    plot = plotting.plot_word_vectors
    monkeypatch.setattr(
        plotting, "plot_word_vectors", lambda *args: [titles.append(args[1]), plot(*args)][1]
    )
    monkeypatch.chdir(SAMPLE)
    assert run_on(".", tmp_path / "out") == 0
    for name in (REAL.name, "mine"):
        shutil.copytree(SAMPLE, tmp_path / name)
        assert run_on(tmp_path / name, tmp_path / "out") == 0
    texts = "the sample treebank", "the Stanford Sentiment Treebank", "the treebank mine"
    assert titles == [f"Word vectors of {text}, 10 iterations" for text in texts]


def test_stopped_before_the_first_iterations_no_state_is_offered(output, capsys, monkeypatch):
    monkeypatch.setattr("run.words_to_plot", interrupt)
    assert run.main(["--output", str(output)]) == 130
    assert capsys.readouterr().err == "Stopped before the first iterations.\n"


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_what_to_resume_is_told_in_options(tmp_path, book, capsys):
    assert run_on(book, tmp_path / "out", "--thinning", 1, "--iterations", 5000) == 0
    capsys.readouterr()
    arguments = ["--data", book, "--output", tmp_path / "out", "--resume", "--dim", 4]
    message = refused(capsys, *arguments, "--thinning", 1)
    assert (
        "the run to resume had --dim 3, this one has --dim 4: give the same. Leave out --r"
        in message
    )


def test_help_gives_default_and_range_of_each_option(capsys):
    with pytest.raises(SystemExit) as exit_:
        run.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert exit_.value.code == 0
    for words in ("1 to 10,000,000, default: 40,000", "1 to 1,000, default: 10",
                  "1 to 100, default: 5", "1e-09 to 1,000, default: 0.3", "beside run.py"):  # fmt: skip
        assert words in text


BAD_SENTENCES = {key: case for key, case in BAD.items() if case[0] == "datasetSentences.txt"}


@pytest.mark.parametrize(
    ("name", "damage", "line", "words"), BAD_SENTENCES.values(), ids=BAD_SENTENCES
)
def test_bad_files_are_refused(make_treebank, output, capsys, name, damage, line, words):
    folder, before = make_treebank(["rain and snow", "coffee or tea", "a b c"]), contents(output)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage:
        (folder / name).write_bytes(damage(content))
    message = refused(capsys, "--data", folder, "--output", output)
    assert re.search(words, message), message
    assert line is None or f"{folder / name}, line {line}: " in message
    assert "make data" in message
    assert contents(output) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--iteration", "10"], "unrecognized arguments: --iteration 10. See --help."),
        (["--iterations", "0"], "--iterations: expected a whole number from 1 to 10,000,000, not '0'"),
        (["--iterations", "1e4"], "expected a whole number from 1 to 10,000,000, not '1e4'"),
        (["--iterations"], "--iterations: expected one argument"),
        (["--dim", "-1"], "--dim: expected a whole number from 1 to 1,000, not '-1'"),
        (["--dim", "1000000"], "--dim: expected a whole number from 1 to 1,000"),
        (["--window", "0"], "--window: expected a whole number from 1 to 100, not '0'"),
        (["--negatives", "x"], "--negatives: expected a whole number from 1 to 1,000, not 'x'"),
        (["--step", "nan"], "--step: expected a number from 1e-09 to 1,000, not 'nan'"),
        (["--step", "0"], "--step: expected a number from 1e-09 to 1,000, not '0'"),
        (["--step", "inf"], "--step: expected a number from 1e-09 to 1,000, not 'inf'"),
        (["more"], "unrecognized arguments: more"),
        (["--data", "nowhere"], "nowhere not found. Name a file of text, or the folder of a treebank, with --data, or run 'make data'."),
        (["--resume"], "saved_sgd.npz is damaged"),
    ],
)  # fmt: skip
def test_bad_options_are_refused(output, capsys, arguments, words):
    before = contents(output)
    assert words in refused(capsys, "--output", output, *arguments)
    assert contents(output) == before


@pytest.mark.parametrize(
    ("sentences", "words"),
    [
        (["all quiet here"] * 100, "has none of the words to plot (great, cool, ...)"),
        (["tea tea", "great"] * 100, "no sentence with two different words is left"),
        (["great tea"], "gives no window to train on"),
    ],
)
def test_texts_that_cannot_be_trained_on_are_refused(
    make_treebank, output, capsys, sentences, words
):
    before = contents(output)
    message = refused(capsys, "--data", make_treebank(sentences), "--output", output)
    assert words in message
    assert "another text" in message
    assert {name: contents(output)[name] for name in OUTPUTS} == {n: before[n] for n in OUTPUTS}


def test_nothing_to_resume_is_refused(tmp_path, capsys):
    message = refused(capsys, "--resume", "--output", tmp_path)
    assert f"there is nothing to resume: no saved_sgd.npz in {tmp_path}" in message
    assert "Leave out --resume to start anew" in message


def test_an_output_folder_that_cannot_be_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", "/proc/word vectors"):
        message = refused(capsys, *QUICK, "--output", folder)
        assert f"{folder} cannot be used: " in message
        assert "--output DIR" in message


def test_an_output_folder_that_cannot_be_written_is_refused_before_training(tmp_path, capsys):
    message = refused(capsys, "--output", "/proc/self/net", "--iterations", "100000")
    assert "saved_run.json cannot be written" in message


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
def test_a_full_disk_is_reported_and_leaves_earlier_outputs_alone(output):
    import resource

    before = contents(output)

    def at_most_20_kb_a_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start(*QUICK, "--data", SAMPLE, "--output", output, preexec_fn=at_most_20_kb_a_file)
    code, _, errors = finish(process)
    assert code == 2
    assert re.fullmatch(
        r"run\.py: .*word_vectors\.txt cannot be written: File too large.*\n", errors
    )
    assert {name: contents(output)[name] for name in OUTPUTS} == {n: before[n] for n in OUTPUTS}
    assert not list(output.glob("*.tmp"))


def test_a_state_that_cannot_be_saved_stops_the_run_with_one_line(output, capsys, monkeypatch):
    import submission  # noqa: F401 (makes the module below known)

    monkeypatch.setattr(sys.modules["submission.sgd"], "SAVE_EVERY", 10)
    replace = os.replace

    def no_room(source, target):
        if Path(target).name == "saved_sgd.npz":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", no_room)
    message = refused(capsys, "--output", output, "--iterations", "20", "--engine", "submission")
    assert "saved_sgd.npz cannot be written: No space left on device" in message
    assert not list(output.glob("*.tmp"))


def test_a_loss_that_is_not_finite_stops_the_run(output):
    code, _, errors = finish(start("--data", SAMPLE, "--step", "1000", "--output", output))
    assert code == 2
    assert re.search(
        r"^run\.py: the loss is (nan|inf) at iteration \d+\. Try a smaller", errors, re.M
    )
    assert "Traceback" not in errors


@pytest.fixture
def changed_source(tmp_path):
    """Give a function that copies the source with one text of a file of the submission changed."""

    def change(file, old, new):
        source = tmp_path / "changed"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
        text = (source / "submission" / file).read_text(encoding="utf-8")
        assert old in text
        (source / "submission" / file).write_text(text.replace(old, new), encoding="utf-8")
        return source

    return change


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("word2vec.py", "    c = word2ind[current_center_word]\n", '    raise NotImplementedError("2a: skipgram")\n',
         r"run\.py: not written yet: 2a: skipgram\n"),
        ("word2vec.py", "c = word2ind[current_center_word]", "c = word2ind[0]",
         r'run\.py: error in the submission\n.*File ".*word2vec\.py", line \d+, in skipgram\n.*KeyError: 0\n'),
        ("word2vec.py", "import random", "import random (", r'.*word2vec\.py", line 3\n.*SyntaxError.*'),
        ("sgd.py", "def sgd(", "def sdg(", r"run\.py: error in the submission\n.*ImportError: cannot import name 'sgd'.*"),
        ("sgd.py", "    return x\n", "    return x\n\n\nimport sys\nsys.exit()\n",
         r'run\.py: error in the submission\n.*File ".*sgd\.py", line \d+, in <module>\n.*SystemExit.*'),
        ("sgd.py", "    return x\n", "    return x\n\n\nraise BaseException('mine')\n",
         r"run\.py: error in the submission\n.*BaseException: mine\n"),
        ("word2vec.py", "    c = word2ind[current_center_word]\n", "    raise SystemExit(0)\n",
         r'run\.py: error in the submission\n.*File ".*word2vec\.py", line \d+, in skipgram\n.*SystemExit: 0\n'),
        ("sgd.py", "    return x\n", "    return None\n",
         r"run\.py: error in the submission: sgd returns None, expected x alone, in the shape of x0\n"),
    ],
)  # fmt: skip
def test_a_bug_in_the_submission_shows_its_own_frames(
    changed_source, tmp_path, file, old, new, words
):
    source = changed_source(file, old, new)
    code, _, errors = finish(
        start(*QUICK, "--data", SAMPLE, "--output", tmp_path / "o", source=source)
    )
    assert code == 1
    assert re.fullmatch(words, errors, re.DOTALL), errors
    assert 'run.py"' not in errors
    assert "training/" not in errors


def test_what_the_submission_prints_is_seen_but_not_the_lines_of_sgd(changed_source, tmp_path):
    source = changed_source(
        "sgd.py", "        loss, grad = f(x)", "        loss, grad = f(x)\n        print('hello')"
    )
    code, printed, _ = finish(
        start(
            *QUICK,
            "--engine",
            "submission",
            "--data",
            SAMPLE,
            "--output",
            tmp_path / "o",
            source=source,
        )
    )
    assert code == 0
    assert printed.startswith("hello\n" * 10 + "Smoothed loss")
    assert "iter " not in printed.split("Smoothed")[0]


def test_ctrl_c_says_how_to_resume(tmp_path):
    out = tmp_path / "o u t"
    few = [
        "--dim",
        3,
        "--window",
        1,
        "--negatives",
        1,
    ]  # it takes 5,000 iterations to the first save
    process = start("--data", SAMPLE, *few, "--output", out, "--iterations", 200_000)
    while not (out / "saved_sgd.npz").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    code, _, errors = finish(process)
    assert code == 130
    assert "Traceback" not in errors
    told = re.search(
        rf"Stopped at iteration [\d,]+\. To go on from iteration ([\d,]+):\n{re.escape(sys.executable)} (.*)\n$",
        errors,
    )
    assert told, errors
    assert int(told[1].replace(",", "")) % 5_000 == 0
    assert told[2].startswith(
        f"{SOURCE}/run.py --data {SAMPLE} --dim 3 --window 1 --negatives 1 --output '{out}'"
    )
    assert told[2].endswith(" --resume")


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "iterations"), [("auto", 60_000), ("submission", 13_000)])
def test_a_run_killed_at_random_moments_and_resumed_is_the_same_to_the_bit(
    tmp_path, engine, iterations
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
    for _ in range(2):
        run_until_killed(duration * random.uniform(0, 0.08), after_save=True)
    assert finish(start(*arguments, "--output", broken, "--resume"))[0] == 0
    for name in [*OUTPUTS, *STATE]:
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
