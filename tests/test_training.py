"""Training: the handout's vectors, the same after a stop, and errors that say what to do."""

import json
import random
import sys
from pathlib import Path

import hypothesis
import numpy as np
import plain_training as plain
import pytest
from conftest import write_treebank
from hypothesis import given
from hypothesis import strategies as st

import submission
from utils import training
from utils.checkpoint import FILE, load_checkpoint
from utils.saved_run import RUN_FILE
from utils.training import Settings, initial_word_vectors
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE, SENTENCES
from utils.utils import InputError

BY_ARRAYS = "Trained by arrays, after your functions were checked on 9 steps."
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

    def train(treebank, settings, resume=False, callback=None):
        lines = []
        options = {"engine": request.param, "say": lines.append}
        result = training.train(submission, treebank, settings, callback, True, resume, **options)
        assert lines in ([], [BY_ARRAYS])
        assert not lines or request.param == "auto"
        return result

    return train


@pytest.fixture
def saves_often(monkeypatch):
    for module in "submission.sgd", "utils.array_training":
        monkeypatch.setattr(sys.modules[module], "SAVE_EVERY", 20)
        monkeypatch.setattr(sys.modules[module], "ANNEAL_EVERY", 30)
    monkeypatch.setattr("utils.checking.ANNEAL_EVERY", 30)
    monkeypatch.setattr("utils.array_training.BLOCK", 10)


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
    training.train(submission, treebank, SHORT, engine=engine)
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


def test_start_is_small_center_vectors_and_no_outside_vectors():
    np.random.seed(1)
    start = initial_word_vectors(40, 4)
    np.random.seed(1)
    assert (start[:40] == (np.random.rand(40, 4) - 0.5) / 4).all()
    assert (start[40:] == 0).all()


def test_callback_sees_iteration_and_the_smoothed_loss_that_sgd_prints(train, treebank, capsys):
    seen = []
    _, loss = train(treebank, SHORT, callback=lambda *args: seen.append(args))
    assert [iteration for iteration, _ in seen] == [10, 20, 30, 40, 50, 60]
    assert seen[-1][1] == loss
    capsys.readouterr()
    training.train(submission, treebank, SHORT, engine="submission")
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
        (Settings(60, 4, 2, 4, 0.1), "had --dim 3, this one has 4"),
        (Settings(60, 3, 3, 4, 0.1), "had --window 2, this one has 3"),
        (Settings(60, 3, 2, 5, 0.1), "had --negatives 4, this one has 5"),
        (Settings(60, 3, 2, 4, 0.2), "had --step 0.1, this one has 0.2"),
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
    with pytest.raises(InputError, match="the run to resume had --data"):
        train(other, SHORT, resume=True)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_run_whose_options_are_lost_is_not_resumed(train, treebank, content):
    train(treebank, SHORT)
    Path(RUN_FILE).unlink()
    if content:
        Path(RUN_FILE).write_text(content)
    with pytest.raises(InputError, match=RUN_FILE):
        train(treebank, SHORT, resume=True)


def test_the_options_of_a_run_lie_beside_its_state(train, treebank):
    train(treebank, SHORT)
    saved = json.loads(Path(RUN_FILE).read_text())
    assert {name: saved[name] for name in ("dim", "window", "negatives", "step")} == {
        "dim": 3, "window": 2, "negatives": 4, "step": 0.1
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_a_loss_that_is_not_finite_stops_training(train, treebank):
    with pytest.raises(InputError, match=r"the loss is (nan|inf) at iteration \d+. Try a smaller"):
        train(treebank, Settings(step=1000))


def both_engines(treebank, settings, seeds):
    """Train by both engines; compare vectors, loss, random state."""
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "SEEDS", seeds)
        for engine in ("auto", "submission"):
            lines = []
            word_vectors, loss = training.train(
                submission, treebank, settings, engine=engine, say=lines.append
            )
            assert lines == ([BY_ARRAYS] if engine == "auto" else [])
            results.append((word_vectors, loss, random.getstate()))
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


@pytest.mark.slow
def test_engines_agree_on_the_real_treebank(real_treebank):
    both_engines(StanfordSentiment(real_treebank), Settings(300), (5, 6))


words = st.sampled_from(["a", "b", "c", "d", "e", "f"])
texts = st.lists(st.lists(words, min_size=2, max_size=9).map(" ".join), min_size=3, max_size=30)


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
def test_engines_agree_on_small_texts(tmp_path_factory, texts, dim, window, negatives, seed, size):
    hypothesis.assume(any(len(set(text.split())) > 1 for text in texts))
    folder = write_treebank(tmp_path_factory.mktemp("tree"), texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.corpus.THRESHOLD", 1.0)  # nothing is dropped
        treebank = StanfordSentiment(folder, tablesize=size)
        hypothesis.assume(len(set(treebank.sample_table().tolist())) > 1)
        # larger steps on so few words are chaotic: rounding errors grow to differences
        both_engines(treebank, Settings(300, dim, window, negatives, 0.01), (seed, seed))


def test_without_a_second_process_the_vectors_are_the_same(treebank, monkeypatch):
    expected, _ = training.train(submission, treebank, SHORT)
    monkeypatch.setattr("utils.ahead.os.sched_getaffinity", lambda pid: {0}, raising=False)
    alone, _ = training.train(submission, treebank, SHORT)
    assert alone.tobytes() == expected.tobytes()


def test_fewer_than_eight_iterations_go_through_the_submission(treebank):
    lines = []
    training.train(submission, treebank, Settings(7), say=lines.append)
    assert lines == []


@pytest.mark.slow
def test_the_handouts_run_gives_the_published_vectors(real_treebank):
    published = json.loads((Path(__file__).parent / "published_vectors.json").read_text())
    lines, treebank = [], StanfordSentiment(real_treebank)
    word_vectors, loss = training.train(submission, treebank, Settings(), say=lines.append)
    assert lines == [BY_ARRAYS]
    for word, vector in published.items():
        np.testing.assert_allclose(
            word_vectors[treebank.tokens()[word]], vector, rtol=0, atol=1e-12
        )
    assert f"{loss:.6f}" == "9.812206"
