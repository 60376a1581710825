"""Training: the handout's vectors, the same after a stop, and errors that say what to do."""

import contextlib
import io
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import plain_training as plain
import pytest

import submission
import training
from grading.vectors import PUBLISHED
from training import Settings, check, loops
from utils.checkpoint import FILE, RUN_FILE, load_checkpoint, save_checkpoint
from utils.commands import SOURCE
from utils.corpus import Corpus
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE, SENTENCES
from utils.utils import InputError, SubmissionError

MODULE = sys.modules["training.train"]
BY_LOOPS = "Trained by plain loops: your functions do the same, checked on 9 steps.\n"
SHORT = Settings(iterations=60, dim=3, window=2, negatives=4, step=0.1)
TINY = Settings(10, 2, thinning=1)
either = pytest.mark.parametrize("engine", ["auto", "submission"])
may_overflow = pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture
def saves_often(monkeypatch):
    """Save every 20 iterations, and halve the step every 30."""
    for module in (sys.modules["submission.sgd"], MODULE, loops, check):
        for name, value in {"SAVE_EVERY": 20, "ANNEAL_EVERY": 30}.items():
            monkeypatch.setattr(module, name, value, raising=module is not check)


def nothing(iteration, loss):
    """Show no progress."""


def train(text, settings=SHORT, callback=nothing, engine="auto", by=submission, **saving):
    """Train, make sure that it was by the engine; give all vectors, and the loss."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        trained = training.train(by, text, settings, callback, engine=engine, **saving)
    by_loops = engine == "auto" and "iter " not in printed.getvalue()
    assert (BY_LOOPS in printed.getvalue()) == by_loops, printed.getvalue()
    return np.concatenate((trained.vectors, trained.outside_vectors)), trained.loss


class Changed:
    """The submission with some functions changed."""

    def __init__(self, **functions):
        vars(self).update(functions)

    def __getattr__(self, name):
        return getattr(submission, name)


def assert_same(found, expected):
    """Compare vectors and loss to the last bit."""
    assert found[0].tobytes() == expected[0].tobytes()
    assert found[1] == expected[1]


def equal_plain_loops(folder, settings, **constants):
    """Compare vectors, loss and random state by both engines with those of plain loops."""
    _, V, U, losses = plain.train(folder / SENTENCES, *vars(settings).values(), **constants)
    state = random.getstate()
    smoothed = losses[9]
    for later in losses[19::10]:
        smoothed = 0.95 * smoothed + 0.05 * later
    for engine in ("auto", "submission"):
        vectors, loss = train(StanfordSentiment(folder), settings, engine=engine)
        np.testing.assert_allclose(vectors, np.concatenate((V, U)), rtol=0, atol=1e-12)
        assert loss == pytest.approx(smoothed, abs=1e-12)
        assert random.getstate() == state


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize(
    "settings",
    [
        Settings(40, dim=3, window=2, negatives=4, step=0.5, thinning=1e-4),
        Settings(10, dim=1, window=10, negatives=1),
    ],
)
def test_vectors_are_those_of_plain_loops(settings):
    equal_plain_loops(SAMPLE, settings, anneal_every=30)


@pytest.mark.slow
def test_the_real_treebanks_vectors_are_those_of_plain_loops(real_treebank):
    equal_plain_loops(real_treebank, Settings(50))


def test_defaults_are_the_handouts_run():
    assert Settings() == Settings(40_000, 10, 5, 10, 0.3, 1e-5)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (["salt pepper", "king queen"], Settings(10_000, thinning=1, dim=50, step=1.0)),
        pytest.param(
            ["king queen"], Settings(thinning=1, step=1.0, window=1), marks=pytest.mark.slow
        ),
        pytest.param(["a b c d"] * 3, Settings(thinning=0.001), marks=pytest.mark.slow),
    ],
)
def test_gradients_that_nearly_vanish_are_found_the_same(text, settings, capsys):
    training.train(submission, text, settings, nothing)
    assert BY_LOOPS in capsys.readouterr().out


@either
def test_nothing_outside_the_arguments_changes_a_run(treebank, engine):
    expected = train(treebank, engine=engine)
    used = StanfordSentiment(SAMPLE)
    random.seed(7)
    used.all_sentences()  # draws its corpus

    def skipgram(center, size, outside_words, word2ind, *others):
        word2ind.setdefault("another word", 0)
        return submission.skipgram(center, size, outside_words, word2ind, *others)

    how = {"callback": lambda *seen: random.random(), "by": Changed(skipgram=skipgram)}
    assert_same(train(used, engine=engine, **how), expected)


def test_a_text_is_as_good_as_a_corpus(capsys):
    text = "the cat sat on the mat\n\nthe dog sat on the log\n"
    settings = Settings(20, 2, 2, 3, 0.1, 1)
    trained = training.train(submission, text.splitlines(), settings)
    again = training.train(submission, Corpus(text), settings)
    assert trained.vectors.tobytes() == again.vectors.tobytes()
    assert trained.words == ["the", "cat", "sat", "on", "mat", "dog", "log", "UNK"]
    assert trained.frequency.tolist() == [4, 1, 2, 2, 1, 1, 1, 1]
    assert trained.vectors.shape == trained.outside_vectors.shape == (8, 2)
    assert capsys.readouterr().err == ""  # no bar, as this is no terminal


@either
def test_callback_sees_iteration_and_the_smoothed_loss_that_sgd_prints(treebank, engine, capsys):
    seen = []
    _, loss = train(treebank, callback=lambda *args: seen.append(args), engine=engine)
    assert [iteration for iteration, _ in seen] == [10, 20, 30, 40, 50, 60]
    assert seen[-1][1] == loss
    training.train(submission, treebank, SHORT, nothing, engine="submission")
    printed = [f"iter {iteration}: {value:f}" for iteration, value in seen]
    assert capsys.readouterr().out.splitlines() == printed
    assert train(treebank, Settings(9), engine=engine)[1] is None  # no loss is known so soon


def test_a_short_run_goes_through_the_submission(treebank, capsys):
    training.train(submission, treebank, Settings(7), nothing)
    assert capsys.readouterr().out == ""


# Saving and resuming


class StopError(Exception):
    """Stops a run from its callback."""


def stopping_at(when):
    def callback(iteration, loss):
        if iteration >= when:
            raise StopError

    return callback


@either
@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("stops", [[40], [30, 50, 50]])
def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(treebank, engine, stops):
    expected = train(treebank, engine=engine, save=True)
    state, file = random.getstate(), Path(FILE).read_bytes()
    resume = False
    for stop in stops:
        with pytest.raises(StopError):
            train(treebank, SHORT, stopping_at(stop), engine, save=True, resume=resume)
        random.seed()
        resume = True
    seen, text = [], StanfordSentiment(SAMPLE)
    found = train(text, SHORT, lambda *args: seen.append(args), engine, resume=True)
    assert_same(found, expected)
    assert seen[0][0] == (max(stops) - 1) // 20 * 20
    assert seen[-1] == (60, found[1])
    assert random.getstate() == state
    assert Path(FILE).read_bytes() == file


@either
@pytest.mark.usefixtures("saves_often")
def test_a_finished_run_goes_on_when_more_is_asked_for_or_starts_anew(treebank, engine):
    expected = train(treebank, engine=engine)
    train(treebank, replace(SHORT, iterations=40), engine=engine, save=True)
    assert_same(train(treebank, engine=engine, resume=True), expected)
    with pytest.raises(StopError):
        train(treebank, SHORT, stopping_at(10), engine, save=True)
    assert load_checkpoint() is None


@either
@pytest.mark.usefixtures("saves_often")
def test_a_run_that_does_not_save_leaves_what_is_there(treebank, tmp_path, engine):
    before = {FILE: "of another run", RUN_FILE: "of another run"}
    for name, text in before.items():
        Path(name).write_text(text)
    train(treebank, engine=engine)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


@pytest.fixture(scope="module")
def saved_files(treebank, tmp_path_factory):
    """Give the files that a run leaves behind, by name."""
    with contextlib.chdir(tmp_path_factory.mktemp("run")):
        train(treebank, replace(SHORT, iterations=5_000, dim=1), save=True)
        return {name: Path(name).read_bytes() for name in (FILE, RUN_FILE)}


LOST = f"{RUN_FILE} is missing, damaged, or of another version"
OTHER_SHAPE = "holds parameters of shape .* it is of another run"


def save(shape):
    """Give what saves parameters of another shape."""
    return lambda: save_checkpoint(np.zeros(shape), 40, 0.05, 11.0)


@either
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dim": 4}, "had dim=1, this one has dim=4"),
        ({"window": 3}, "had window=2, this one has window=3"),
        ({"negatives": 5}, "had negatives=4, this one has negatives=5"),
        ({"step": 0.2}, "had step=0.1, this one has step=0.2"),
        ({"thinning": 0.5}, "had thinning=1e-05, this one has thinning=0.5"),
        ({"iterations": 50}, "holds iteration 5000, more than the 50 asked for"),
        ("text", "the run to resume was of another text: give the same"),
        (Path(FILE).unlink, f"nothing to resume: no {FILE} in "),
        (Path(RUN_FILE).unlink, LOST),
        (lambda: Path(RUN_FILE).write_text("{"), LOST),
        (lambda: Path(RUN_FILE).write_text("[]"), LOST),
        (save((2142, 2)), OTHER_SHAPE),
        (save(2142), OTHER_SHAPE),
    ],
)
def test_another_run_is_not_resumed(treebank, saved_files, engine, changed, words):
    for name, content in saved_files.items():
        Path(name).write_bytes(content)
    text, settings = treebank, replace(SHORT, iterations=5_000, dim=1)
    if changed == "text":
        text = treebank.sentences()[1:]
    elif isinstance(changed, dict):
        settings = replace(settings, **changed)
    else:
        changed()
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    with pytest.raises(InputError, match=words):
        train(text, settings, engine=engine, resume=True)
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


# What cannot be trained


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 0}, "dim must be a whole number from 1 to 1,000, not 0"),
        ({"iterations": 100.0}, "iterations must be a whole number from 1 to 10,000,000, not 100.0"),
        ({"negatives": None}, "negatives must be a whole number from 1 to 1,000, not None"),
        ({"step": float("nan")}, "step must be a number from 1e-09 to 1,000, not nan"),
        ({"step": 1j}, "step must be a number from 1e-09 to 1,000, not 1j"),
        ({"thinning": 1.5}, "thinning must be a number from 1e-09 to 1, not 1.5"),
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_refused(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Settings(**change)


def test_settings_take_numbers_of_numpy():
    settings = Settings(np.int64(60), np.int32(3), step=np.float64(0.5), thinning=1)
    assert [type(value) for value in vars(settings).values()] == [int] * 4 + [float] * 2


NEARLY_ALL_TEA = Corpus([["tea"] * 50, ["tea", "time"]], tablesize=4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "arrays"}, r"engine must be 'auto' or 'submission', not 'arrays'$"),
        ({"settings": {"dim": 3}}, r"settings must be Settings\(\.\.\.\), not {'dim': 3}"),
        ({"corpus": ["one two three"] * 9}, "the text gives no window .* thinning=1 keeps all"),
        ({"corpus": NEARLY_ALL_TEA, "settings": TINY}, "the text is nearly all 'tea'"),
    ],
)
def test_arguments_that_will_not_do_are_refused(arguments, message):
    with pytest.raises(InputError, match=f"^{message}"):
        training.train(submission, **{"corpus": ["a b c d"], **arguments})


def test_where_hardly_a_word_is_left_training_says_so_and_what_to_do(capsys):
    words = [f"word{i}" for i in range(60)] * 6
    text = [words[i : i + 20] for i in range(0, 360, 10)]
    training.train(submission, text, Settings(10), nothing)
    share = r"^Thinning leaves only (\S+)% of the words of the text\. "
    told = re.search(
        share + r"To keep more, set thinning to (\S+), or to 1 for all\.$",
        capsys.readouterr().out,
        re.MULTILINE,
    )
    assert 0 < float(told[1]) < 3
    training.train(submission, text, Settings(10, thinning=float(told[2])), nothing)
    assert "Thinning" not in capsys.readouterr().out


@may_overflow  # in the submission
def test_a_loss_that_is_not_finite_stops_training(treebank):
    told = r"the loss is (nan|inf) at iteration \d+. Try a smaller"
    with pytest.raises(InputError, match=told) as broken:
        train(treebank, Settings(step=1000))
    with pytest.raises(InputError, match=told):
        train(treebank, Settings(step=1000), engine="submission")
    iteration = int(re.search(r"at iteration (\d+)", str(broken.value))[1])
    for end in range(iteration - 3, iteration + 2):  # also among the last steps, which are checked
        with contextlib.suppress(InputError):  # where the submission differed, SubmissionError
            train(treebank, Settings(end, step=1000))


# A submission that differs


@pytest.mark.parametrize(
    ("name", "change", "shown", "expected"),
    [
        ("word2vec_sgd_wrapper", lambda found: None, "None", "loss, grad"),
        ("word2vec_sgd_wrapper", lambda found: (*found, 1), r"\(.*, array.*", "loss, grad"),
        ("word2vec_sgd_wrapper", lambda found: (None, found[1]), r"\(None, array.*", "loss, grad"),
        ("sgd", lambda x: None, "None", "x alone, in the shape of x0"),
        ("sgd", lambda x: (x, 0.5), r"\(array\(.*", "x alone, in the shape of x0"),
        ("sgd", lambda x: x.ravel(), r"array\(.*", "x alone, in the shape of x0"),
    ],
)
def test_a_function_that_returns_something_else_is_told_so(name, change, shown, expected):
    changed = Changed(**{name: lambda *args: change(getattr(submission, name)(*args))})
    with pytest.raises(SubmissionError, match=f"^{name} returns {shown}, expected {expected}$"):
        training.train(changed, ["a b c d"], TINY, nothing)


def wrapper_with(change):
    """Give the submission with change(loss, grad, number of the call) for what a step returns."""
    calls = []

    def wrapper(*arguments):
        calls.append(arguments)
        return change(*submission.word2vec_sgd_wrapper(*arguments), len(calls))

    return Changed(word2vec_sgd_wrapper=wrapper)


def hides_errors(f, x, step, iterations, *others):
    for _ in range(iterations + 5):
        with contextlib.suppress(Exception):
            x = x - step * f(x)[1]
    return x


def changes_vectors(center, size, outside, word2ind, V, U, *others):
    found = submission.skipgram(center, size, outside, word2ind, V, U, *others)
    V += 1e-3
    return found


def draws(function):
    return lambda *arguments: random.random() and function(*arguments)


@pytest.mark.parametrize(
    ("changed", "difference", "question"),
    [
        (Changed(sgd=hides_errors), "sgd evaluates f 15 times in 10 iterations", "2b"),
        (Changed(sgd=draws(submission.sgd)), "sgd draws random numbers", "2b"),
        (Changed(skipgram=changes_vectors), "in a step built from edge cases your functions change the word vectors they are given", "2a"),
        (Changed(skipgram=draws(submission.skipgram)), "in a step built from edge cases other windows or samples are drawn", "2a"),
        (wrapper_with(lambda loss, grad, call: (loss * (1 + 1e-7), grad)), "in a step built from edge cases the loss is right in single precision only (float32)", "2a"),
        (wrapper_with(lambda loss, grad, call: (loss, grad[:-1])), "in a step built from edge cases the gradient has shape", "2a"),
    ],
)  # fmt: skip
def test_what_differs_is_told_with_a_command_that_finds_out_why(changed, difference, question):
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(ValueError):
        training.train(changed, ["a b c d"], TINY, nothing)
    told, _, command = printed.getvalue().partition("and run: ")
    assert f"Training through your functions, which takes minutes, because {difference}" in told
    assert BY_LOOPS not in command
    python, program, asked = shlex.split(command.splitlines()[0])
    assert shutil.which(python)
    assert Path(program).is_absolute()
    assert Path(program).exists()
    assert asked == question


def test_a_gradient_may_be_a_list(capsys):
    by = wrapper_with(lambda loss, grad, _: (loss, list(grad)))
    training.train(by, ["a b c d"], TINY, nothing)
    assert BY_LOOPS in capsys.readouterr().out


def test_a_loss_that_breaks_by_the_submission_is_not_blamed_on_the_step():
    # the first call is the check's
    changed = wrapper_with(lambda loss, grad, call: (2 * loss if call < 6 else np.nan, grad))
    with pytest.raises(SubmissionError, match=r"^the loss is nan at iteration 5$"):
        training.train(changed, ["a b c d"], TINY, nothing)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("resume", [False, True])
def test_a_check_that_fails_late_leaves_nothing_of_the_loops(treebank, resume, capsys):
    """The submission is another one in the last steps, when the loops have saved states."""
    expected = train(treebank, engine="submission", save=True)
    state = Path(FILE).read_bytes()
    train(treebank, replace(SHORT, iterations=20), engine="submission", save=True)
    changed = wrapper_with(lambda loss, grad, call: (2 * loss if call == 7 else loss, grad))
    trained = training.train(changed, treebank, SHORT, nothing, not resume, resume)
    assert "because in step 58 the loss is " in capsys.readouterr().out
    vectors = np.concatenate((trained.vectors, trained.outside_vectors))
    assert_same((vectors, trained.loss), expected)
    assert Path(FILE).read_bytes() == state


# Runs in a process of their own


def run_python(code, *arguments, **environment):
    """Run Python code that prints lines, the last of them JSON; give those before, and the data."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=SOURCE, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    *printed, data = done.stdout.splitlines()
    return "\n".join(printed), json.loads(data)


BROKEN = """
import os, sys
{}
import submission
from training import Settings, train
trained = train(submission, ["a b c d e f"] * 30, Settings(12, 3, 2, 4, 0.1, 1), print)
print(trained.vectors.tolist())
"""
SLOW = r"Training is slow without Numba \(%s\)%s\n.*\n" + re.escape(BY_LOOPS.strip())


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("sys.modules['numba'] = None", SLOW % (".*numba.*", ": pip install numba")),
        ("os.environ['NUMBA_DISABLE_JIT'] = '1'", SLOW % ("NUMBA_DISABLE_JIT is set", r"\.")),
        ("os.environ['NUMBA_NUM_THREADS'] = '0'", SLOW % (".* must be > 0.", r"\.")),
        (
            "import numba.core.compiler; numba.core.compiler.compile_extra = None",
            r".*\nTraining through your functions, which takes minutes, because Numba cannot compile "
            r"here \(.*NoneType.*\)\.\n10 .*\niter 10: .*",
        ),
    ],
    ids=["absent", "switched off", "not importable", "not compiling"],
)
def test_without_numba_training_goes_on_and_says_why_it_is_slow(fault, told, tmp_path):
    printed, vectors = run_python(BROKEN.format(fault), NUMBA_CACHE_DIR=str(tmp_path))
    assert re.fullmatch(told, printed), printed
    settings = Settings(12, 3, 2, 4, 0.1, 1)
    expected = training.train(submission, ["a b c d e f"] * 30, settings, nothing)
    np.testing.assert_allclose(vectors, expected.vectors, rtol=0, atol=1e-12)


def test_numba_is_loaded_by_the_loops_only():
    code = "import run, grader, sys; from training import train; print(int('numba' in sys.modules))"
    assert run_python(code) == ("", 0)


HANDOUT = """
import json, submission, sys
from training import train
from utils.treebank import StanfordSentiment
trained = train(submission, StanfordSentiment(sys.argv[1]), callback=lambda *args: None)
print(json.dumps([trained.loss, {word: trained[word].tolist() for word in trained.words}]))
"""


@pytest.mark.slow
def test_the_handouts_run_gives_the_published_vectors_on_every_machine(real_treebank, tmp_path):
    """Once with all that the processor can, once without its newer instructions."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    newer = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    assert newer
    old = {
        "NPY_DISABLE_CPU_FEATURES": " ".join(newer),
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4",
    }
    printed, (loss, vectors) = run_python(HANDOUT, real_treebank)
    printed_old, (loss_old, vectors_old) = run_python(HANDOUT, real_treebank, **old)
    assert BY_LOOPS.strip() in printed
    assert BY_LOOPS.strip() in printed_old  # compiled anew, which is told, too
    assert f"{loss:.6f}" == f"{loss_old:.6f}" == "9.812206"
    assert len(vectors) == 19_539
    for word, vector in PUBLISHED.items():
        np.testing.assert_allclose(vectors[word], vector, rtol=0, atol=1e-12)
    for word, vector in vectors.items():
        np.testing.assert_allclose(vectors_old[word], vector, rtol=0, atol=1e-12)
