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
from pathlib import Path

import hypothesis
import numpy as np
import plain_training as plain
import pytest
from hypothesis import given
from hypothesis import strategies as st

import submission
import training
from grading.vectors import PUBLISHED
from training import Settings, check, loops
from utils.checkpoint import FILE, RUN_FILE, load_checkpoint, save_checkpoint
from utils.corpus import Corpus
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE, SENTENCES
from utils.utils import InputError, SubmissionError

MODULE = sys.modules["training.train"]
BY_LOOPS = "Trained by plain loops: your functions do the same, checked on 9 steps.\n"
SHORT = Settings(iterations=60, dim=3, window=2, negatives=4, step=0.1)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture(params=["auto", "submission"])
def train(request):
    """Give a function that trains by an engine, and makes sure that it was that one."""

    def train(treebank, settings, resume=False, callback=nothing):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            trained = training.train(
                submission, treebank, settings, callback, True, resume, request.param
            )
        found = re.sub(r"iter \d+: .*\n|Compiling.*\n", "", printed.getvalue())
        assert found in ("", BY_LOOPS)
        assert not found or request.param == "auto"
        return vectors_of(trained), trained.loss

    return train


def nothing(iteration, loss):
    """Show no progress."""


def vectors_of(trained):
    return np.concatenate((trained.vectors, trained.outside_vectors))


@pytest.fixture
def saves_often(monkeypatch):
    for module in (sys.modules["submission.sgd"], MODULE, loops, check):
        for name, value in {"SAVE_EVERY": 20, "ANNEAL_EVERY": 30}.items():
            monkeypatch.setattr(module, name, value, raising=module is not check)


def smoothed(losses):
    value = losses[9]
    for loss in losses[19::10]:
        value = 0.95 * value + 0.05 * loss
    return value


@pytest.mark.parametrize(
    "train", ["auto", pytest.param("submission", marks=pytest.mark.slow)], indirect=True
)
def test_first_50_iterations_on_the_real_treebank_are_those_of_plain_loops(train, real_treebank):
    _, V, U, losses = plain.train(real_treebank / SENTENCES, 50)
    state = random.getstate()
    word_vectors, loss = train(StanfordSentiment(real_treebank), Settings(50))
    np.testing.assert_allclose(word_vectors, np.concatenate((V, U)), rtol=0, atol=1e-12)
    assert loss == pytest.approx(smoothed(losses), abs=1e-12)
    assert random.getstate() == state


def test_every_setting_counts_as_in_plain_loops(train, treebank):
    _, V, U, losses = plain.train(SAMPLE / SENTENCES, 60, dim=3, window=2, negatives=4, step=0.1)
    word_vectors, loss = train(treebank, SHORT)
    np.testing.assert_allclose(word_vectors, np.concatenate((V, U)), rtol=0, atol=1e-12)
    assert loss == pytest.approx(smoothed(losses), abs=1e-12)


def test_defaults_are_the_handouts_run():
    assert Settings() == Settings(iterations=40_000, dim=10, window=5, negatives=10, step=0.3)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("engine", ["auto", "submission"])
def test_a_run_that_does_not_save_leaves_what_is_there(treebank, tmp_path, engine):
    for name in (FILE, RUN_FILE):
        (tmp_path / name).write_text("of another run")
    training.train(submission, treebank, SHORT, nothing, engine=engine)
    assert sorted(path.name for path in tmp_path.iterdir()) == [RUN_FILE, FILE]
    for name in (FILE, RUN_FILE):
        assert (tmp_path / name).read_text() == "of another run"


def test_a_treebank_in_use_trains_as_a_new_one(train):
    once, loss = train(StanfordSentiment(SAMPLE), SHORT)
    used = StanfordSentiment(SAMPLE)
    random.seed(7)
    used.all_sentences()
    again, loss_again = train(used, SHORT)
    assert once.tobytes() == again.tobytes()
    assert loss == loss_again


def test_callback_sees_iteration_and_the_smoothed_loss_that_sgd_prints(train, treebank, capsys):
    seen = []
    _, loss = train(treebank, SHORT, callback=lambda *args: seen.append(args))
    assert [iteration for iteration, _ in seen] == [10, 20, 30, 40, 50, 60]
    assert seen[-1][1] == loss
    capsys.readouterr()
    training.train(submission, treebank, SHORT, nothing, engine="submission")
    printed = [f"iter {iteration}: {value:f}" for iteration, value in seen]
    assert capsys.readouterr().out.splitlines() == printed


def test_no_loss_is_known_before_the_tenth_iteration(train, treebank):
    assert train(treebank, Settings(9))[1] is None


class StopError(Exception):
    """Stops a run from its callback."""


def stopping_at(when):
    def callback(iteration, loss):
        if iteration >= when:
            raise StopError

    return callback


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("stops", [[30], [40], [30, 50], [50, 50, 50]])
def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(train, treebank, stops, tmp_path):
    expected, expected_loss = train(treebank, SHORT)
    state, file = random.getstate(), (tmp_path / FILE).read_bytes()
    resume = False
    for stop in stops:
        with pytest.raises(StopError):
            train(treebank, SHORT, resume, stopping_at(stop))
        random.seed()
        resume = True
    seen = []
    word_vectors, loss = train(
        StanfordSentiment(SAMPLE), SHORT, True, lambda *args: seen.append(args)
    )
    assert seen[0][0] == (max(stops) - 1) // 20 * 20
    assert seen[-1] == (60, loss)
    assert word_vectors.tobytes() == expected.tobytes()
    assert loss == expected_loss
    assert random.getstate() == state
    assert (tmp_path / FILE).read_bytes() == file


@pytest.mark.usefixtures("saves_often")
def test_a_finished_run_goes_on_when_more_iterations_are_asked_for(train, treebank):
    expected, _ = train(treebank, SHORT)
    train(treebank, Settings(40, 3, 2, 4, 0.1))
    word_vectors, _ = train(treebank, SHORT, resume=True)
    assert word_vectors.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("saves_often")
def test_starting_anew_drops_what_was_saved(train, treebank):
    train(treebank, SHORT)
    with pytest.raises(StopError):
        train(treebank, SHORT, False, stopping_at(10))
    assert load_checkpoint() is None


def test_nothing_to_resume(train, treebank, tmp_path):
    with pytest.raises(InputError, match=f"nothing to resume: no {FILE} in {tmp_path}"):
        train(treebank, SHORT, resume=True)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (Settings(60, 4, 2, 4, 0.1), "had dim=3, this one has dim=4"),
        (Settings(60, 3, 3, 4, 0.1), "had window=2, this one has window=3"),
        (Settings(60, 3, 2, 5, 0.1), "had negatives=4, this one has negatives=5"),
        (Settings(60, 3, 2, 4, 0.2), "had step=0.1, this one has step=0.2"),
        (Settings(60, 3, 2, 4, 0.1, 0.5), "had thinning=1e-05, this one has thinning=0.5"),
        (Settings(50, 3, 2, 4, 0.1), "holds iteration 60, more than the 50 asked for"),
    ],
)
def test_another_run_is_not_resumed(train, treebank, changed, words):
    train(treebank, SHORT)
    saved = Path(FILE).read_bytes()
    with pytest.raises(InputError, match=words):
        train(treebank, changed, resume=True)
    assert Path(FILE).read_bytes() == saved


@pytest.mark.usefixtures("saves_often")
def test_another_treebank_is_not_resumed(train, treebank, make_treebank):
    train(treebank, SHORT)
    other = StanfordSentiment(
        make_treebank([" ".join(words) for words in treebank.sentences()[1:]])
    )
    with pytest.raises(InputError, match="the run to resume was of another text: give the same"):
        train(other, SHORT, resume=True)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_run_whose_options_are_lost_is_not_resumed(train, treebank, content):
    train(treebank, SHORT)
    Path(RUN_FILE).unlink()
    if content:
        Path(RUN_FILE).write_text(content)
    with pytest.raises(InputError, match=f"{RUN_FILE} is missing, damaged, or of another version"):
        train(treebank, SHORT, resume=True)


def test_the_options_of_a_run_lie_beside_its_state(train, treebank):
    train(treebank, SHORT)
    saved = json.loads(Path(RUN_FILE).read_text())
    del saved["data"], saved["iterations"]
    assert saved == {"dim": 3, "window": 2, "negatives": 4, "step": 0.1, "thinning": 1e-5}


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # in the submission
def test_a_loss_that_is_not_finite_stops_training(train, treebank):
    with pytest.raises(InputError, match=r"the loss is (nan|inf) at iteration \d+. Try a smaller"):
        train(treebank, Settings(step=1000))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # in the submission
def test_a_loss_that_breaks_in_the_last_steps_is_no_fault_of_the_submission(train, treebank):
    with pytest.raises(InputError, match="Try a smaller step") as broken:
        train(treebank, Settings(step=1000))
    iteration = int(re.search(r"at iteration (\d+)", str(broken.value))[1])
    for end in range(iteration - 9, iteration + 3):
        with contextlib.suppress(InputError):  # where the submission differed, SubmissionError
            train(treebank, Settings(end, step=1000))


def both_engines(corpus, settings, seeds):
    """Train by both engines; compare vectors, loss, random state."""
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MODULE, "SEEDS", seeds)
        for engine in ("auto", "submission"):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                trained = training.train(submission, corpus, settings, nothing, engine=engine)
            assert (BY_LOOPS in printed.getvalue()) == (engine == "auto"), printed.getvalue()
            results.append((vectors_of(trained), trained.loss, random.getstate()))
    (one, loss_one, state_one), (other, loss_other, state_other) = results
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    assert loss_one == pytest.approx(loss_other, abs=1e-12)
    assert state_one == state_other


@pytest.mark.parametrize(
    ("settings", "seeds"),
    [
        (Settings(300), (31415, 9265)),
        (Settings(300, dim=1, window=10, negatives=1), (1, 2)),
        (Settings(300, dim=50, window=1, negatives=20, step=1.0), (3, 4)),
    ],
)
def test_engines_agree_on_the_sample(treebank, settings, seeds):
    both_engines(treebank, settings, seeds)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (["king queen"], Settings(thinning=1)),
        (["king queen"], Settings(thinning=1, step=1.0, window=1)),
        (["salt pepper", "king queen"], Settings(10_000, thinning=1, dim=50, step=1.0)),
        (["a b c d"] * 3, Settings(thinning=0.001)),
    ],
)
def test_gradients_that_nearly_vanish_are_found_the_same(text, settings, capsys):
    training.train(submission, text, settings, nothing)
    assert BY_LOOPS in capsys.readouterr().out


@pytest.mark.usefixtures("saves_often")
def test_engines_agree_when_steps_are_halved(treebank):
    both_engines(treebank, Settings(100, step=1.0), (1, 2))


@pytest.mark.slow
def test_engines_agree_on_the_real_treebank(real_treebank):
    both_engines(StanfordSentiment(real_treebank), Settings(300), (5, 6))


words = st.sampled_from(["a", "b", "c", "d", "e", "f"])
texts = st.lists(st.lists(words, min_size=2, max_size=9), min_size=3, max_size=30)


@pytest.mark.slow
@hypothesis.settings(max_examples=6, phases=[hypothesis.Phase.generate])
@given(
    texts,
    st.integers(1, 4),
    st.integers(1, 10),
    st.integers(1, 20),
    st.integers(0, 1000),
    st.sampled_from([20, 1000]),
)
def test_engines_agree_on_small_texts(text, dim, window, negatives, seed, size):
    hypothesis.assume(any(len(set(words)) > 1 for words in text))
    # larger steps on so few words are chaotic: rounding errors grow to differences
    settings = Settings(300, dim, window, negatives, 0.01, thinning=1)
    both_engines(Corpus(text, size), settings, (seed, seed))


def test_fewer_than_eight_iterations_go_through_the_submission(treebank, capsys):
    training.train(submission, treebank, Settings(7), nothing)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "window must be a whole number from 1 to 100, not 0"),
        ({"dim": 0}, "dim must be a whole number from 1 to 1,000, not 0"),
        ({"iterations": 100.0}, "iterations must be a whole number from 1 to 10,000,000, not 100.0"),
        ({"iterations": -5}, "iterations must be a whole number from 1 to 10,000,000, not -5"),
        ({"iterations": "9"}, "iterations must be a whole number from 1 to 10,000,000, not '9'"),
        ({"negatives": None}, "negatives must be a whole number from 1 to 1,000, not None"),
        ({"step": float("nan")}, "step must be a number from 1e-09 to 1,000, not nan"),
        ({"step": 1j}, "step must be a number from 1e-09 to 1,000, not 1j"),
        ({"thinning": 0}, "thinning must be a number from 1e-09 to 1, not 0"),
        ({"thinning": 1.5}, "thinning must be a number from 1e-09 to 1, not 1.5"),
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_refused(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Settings(**change)


def test_settings_take_numbers_of_numpy():
    settings = Settings(np.int64(60), np.int32(3), step=np.float64(0.5), thinning=1)
    assert [type(value) for value in vars(settings).values()] == [int] * 4 + [float] * 2


def test_an_unknown_engine_is_refused(treebank):
    with pytest.raises(ValueError, match=r"^engine must be 'auto' or 'submission', not 'arrays'$"):
        training.train(submission, treebank, SHORT, engine="arrays")


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


def test_where_hardly_a_word_is_left_training_says_so_and_what_to_do(capsys):
    words = [f"word{i}" for i in range(60)] * 6
    text = [words[i : i + 20] for i in range(0, 360, 10)]
    training.train(submission, text, Settings(10), nothing)
    told = re.search(
        r"^Thinning leaves only (\S+)% of the words of the text\. "
        r"To keep more, set thinning to (\S+), or to 1 for all\.$",
        capsys.readouterr().out,
        re.MULTILINE,
    )
    assert 0 < float(told[1]) < 3
    training.train(submission, text, Settings(10, thinning=float(told[2])), nothing)
    assert "Thinning" not in capsys.readouterr().out


def test_where_no_word_is_left_training_is_refused():
    with pytest.raises(InputError, match=r"^the text gives no window .* thinning=1 keeps all"):
        training.train(submission, ["one two three"] * 9)


def test_a_text_of_nearly_one_word_is_refused():
    corpus = Corpus([["tea"] * 50, ["tea", "time"]], tablesize=4)
    with pytest.raises(InputError, match="nearly all 'tea'"):
        training.train(submission, corpus, Settings(10, thinning=1))


class Changed:
    """The submission with some functions changed."""

    def __init__(self, **functions):
        vars(self).update(functions)

    def __getattr__(self, name):
        return getattr(submission, name)


@pytest.mark.parametrize("engine", ["auto", "submission"])
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda loss, grad: None, "None"),
        (lambda loss, grad: loss, ".*[0-9].*"),
        (lambda loss, grad: (loss, grad, 1), r"\(.*, array.*"),
        (lambda loss, grad: (None, grad), r"\(None, array.*"),
        (lambda loss, grad: (grad, loss), r"\(array.*"),
    ],
)
def test_a_wrapper_that_returns_something_else_is_told_so(engine, change, shown):
    changed = Changed(word2vec_sgd_wrapper=lambda *a: change(*submission.word2vec_sgd_wrapper(*a)))
    expected = f"^word2vec_sgd_wrapper returns {shown}, expected loss, grad$"
    with pytest.raises(SubmissionError, match=expected):
        training.train(changed, ["a b c d"], Settings(10, 2, thinning=1), nothing, engine=engine)


def test_a_loss_that_breaks_by_the_submission_is_not_blamed_on_the_step():
    calls = []

    def wrapper(*arguments):
        loss, grad = submission.word2vec_sgd_wrapper(*arguments)
        calls.append(loss)
        return (2 * loss if len(calls) < 6 else np.nan), grad  # the first call is the check's

    changed = Changed(word2vec_sgd_wrapper=wrapper)
    with pytest.raises(SubmissionError, match=r"^the loss is nan at iteration 5$"):
        training.train(changed, ["a b c d"], Settings(10, 2, thinning=1), nothing)


@pytest.mark.parametrize("change", [list, lambda grad: grad[:1], lambda grad: None])
def test_a_gradient_of_another_kind_is_refused(change):
    def wrapper(*arguments):
        loss, grad = submission.word2vec_sgd_wrapper(*arguments)
        return loss, change(grad)

    settings = Settings(10, 2, thinning=1)
    with contextlib.suppress(TypeError), contextlib.redirect_stdout(io.StringIO()) as printed:
        training.train(Changed(word2vec_sgd_wrapper=wrapper), ["a b c d"], settings, nothing)
    assert (BY_LOOPS in printed.getvalue()) == (change is list)
    assert ("the gradient has shape" in printed.getvalue()) == (change is not list)


def test_an_sgd_that_hides_that_it_goes_on_too_long_is_refused():
    def sgd(f, x, step, iterations, *others):
        for _ in range(iterations + 5):
            with contextlib.suppress(Exception):
                x = x - step * f(x)[1]
        return x

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        training.train(Changed(sgd=sgd), ["a b c d"], Settings(10, 2, thinning=1), nothing)
    told = printed.getvalue()
    assert "because sgd evaluates f 15 times in 10 iterations" in told
    python, program, question = shlex.split(told.partition("and run: ")[2])
    assert shutil.which(python)
    assert question == "2b"
    assert Path(program).is_absolute()
    assert Path(program).exists()


def test_a_submission_that_adds_words_to_its_vocabulary_changes_nothing(treebank):
    def skipgram(center, size, outside_words, word2ind, *others):
        word2ind.setdefault("another word", 0)
        return submission.skipgram(center, size, outside_words, word2ind, *others)

    trained = training.train(Changed(skipgram=skipgram), treebank, SHORT, nothing)
    assert len(trained.words) == len(trained.vectors) == len(treebank.tokens()) == 1071
    expected = training.train(submission, treebank, SHORT, nothing)
    assert vectors_of(trained).tobytes() == vectors_of(expected).tobytes()


def test_a_callback_may_draw_random_numbers(train, treebank):
    expected, _ = train(treebank, SHORT)
    found, _ = train(treebank, SHORT, callback=lambda iteration, loss: random.random())
    assert found.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("shape", [(2142, 2), (2142, 6), (1071, 3), (4284, 3), (6426,)])
def test_a_state_of_another_shape_is_not_resumed(train, treebank, shape):
    train(treebank, SHORT)
    save_checkpoint(np.zeros(shape), 40, 0.05, 11.0)
    with pytest.raises(InputError, match=r"holds parameters of shape .* it is of another run"):
        train(treebank, SHORT, resume=True)


@pytest.mark.parametrize("settings", [2000, {"dim": 3}, "quick"])
def test_settings_of_another_kind_are_refused(treebank, settings):
    with pytest.raises(ValueError, match=r"^settings must be Settings\(\.\.\.\), not "):
        training.train(submission, treebank, settings)


@pytest.mark.parametrize("engine", ["auto", "submission"])
@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda x: None, "None"),
        (lambda x: (x, 0.5), "(array("),
        (lambda x: x.ravel(), "array("),
        (lambda x: x.tolist(), "[["),
    ],
)
def test_sgd_that_returns_something_else_than_x_is_told_so(engine, returned, words):
    changed = Changed(sgd=lambda *arguments: returned(submission.sgd(*arguments)))
    text, settings = ["a b c d"], Settings(10, 2, thinning=1)
    with pytest.raises(
        SubmissionError, match=rf"^sgd returns {re.escape(words)}.*, expected x alo"
    ):
        training.train(changed, text, settings, nothing, engine=engine)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("resume", [False, True])
def test_a_check_that_fails_late_leaves_nothing_of_the_loops(treebank, resume):
    """The submission is another one in the last steps, when the loops have saved states."""
    calls = []
    expected = training.train(submission, treebank, SHORT, nothing, True, engine="submission")
    state = Path(FILE).read_bytes()
    first = Settings(20, 3, 2, 4, 0.1)
    training.train(submission, treebank, first, nothing, True, engine="submission")

    def wrapper(*arguments):
        loss, grad = submission.word2vec_sgd_wrapper(*arguments)
        calls.append(loss)
        return (2 if len(calls) == 7 else 1) * loss, grad

    changed = Changed(word2vec_sgd_wrapper=wrapper)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        trained = training.train(changed, treebank, SHORT, nothing, not resume, resume)
    assert "because in step 58 the loss is " in printed.getvalue()
    assert vectors_of(trained).tobytes() == vectors_of(expected).tobytes()
    assert Path(FILE).read_bytes() == state


BROKEN = """
import os, sys
{}
import submission
from training import Settings, train
trained = train(submission, ["a b c d e f"] * 30, Settings(12, 3, 2, 4, 0.1, 1), print)
print(trained.vectors.tolist())
"""


SLOW = r"Training is slow without Numba \(%s\)%s\n.*\n" + BY_LOOPS.replace(".", r"\.")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("sys.modules['numba'] = None", SLOW % (".*numba.*", ": pip install numba")),
        ("os.environ['NUMBA_DISABLE_JIT'] = '1'", SLOW % ("NUMBA_DISABLE_JIT is set", r"\.")),
        ("os.environ['NUMBA_NUM_THREADS'] = '0'", SLOW % (".* must be > 0.", r"\.")),
        (
            "import numba.core.compiler; numba.core.compiler.compile_extra = None",
            r".*\nTraining through your functions, which takes minutes, because Numba cannot compile "
            r"here \(.*NoneType.*\)\.\n10 .*\niter 10: .*\n",
        ),
    ],
    ids=["absent", "switched off", "not importable", "not compiling"],
)
def test_without_numba_training_goes_on_and_says_why_it_is_slow(fault, told, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BROKEN.format(fault)],
        cwd=Path(MODULE.__file__).parents[1], env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    printed, vectors = done.stdout.rstrip("\n").rpartition("\n")[::2]
    assert re.fullmatch(told, f"{printed}\n"), printed
    expected = training.train(
        submission, ["a b c d e f"] * 30, Settings(12, 3, 2, 4, 0.1, 1), nothing
    )
    np.testing.assert_allclose(json.loads(vectors), expected.vectors, rtol=0, atol=1e-12)


def test_numba_is_loaded_by_the_loops_only():
    code = "import run, grader, sys; from training import train; print('numba' in sys.modules)"
    source = Path(MODULE.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


HANDOUT = """
import json, submission, sys
from training import train
from utils.treebank import StanfordSentiment
trained = train(submission, StanfordSentiment(sys.argv[1]), callback=lambda *args: None)
print(json.dumps([trained.loss, {word: trained[word].tolist() for word in trained.words}]))
"""


def handouts_run(folder, **environment):
    """Do the handout's run in a process of its own; give its loss, and the vector of each word."""
    source = Path(MODULE.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", HANDOUT, folder],
        cwd=source, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert BY_LOOPS in done.stdout
    loss, vectors = json.loads(done.stdout.splitlines()[-1])
    return loss, vectors


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
    (loss, vectors), (loss_old, vectors_old) = (
        handouts_run(real_treebank),
        handouts_run(real_treebank, **old),
    )
    assert f"{loss:.6f}" == f"{loss_old:.6f}" == "9.812206"
    assert len(vectors) == 19_539
    for word, vector in PUBLISHED.items():
        np.testing.assert_allclose(vectors[word], vector, rtol=0, atol=1e-12)
    for word, vector in vectors.items():
        np.testing.assert_allclose(vectors_old[word], vector, rtol=0, atol=1e-12)
