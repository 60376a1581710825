"""Training: the handout's vectors, the same after a stop, and errors that say what to do."""

import json
import random
import sys
from pathlib import Path

import numpy as np
import plain_training as plain
import pytest

import submission
from utils.checkpoint import FILE, load_checkpoint
from utils.training import RUN_FILE, Settings, initial_word_vectors, train
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE, SENTENCES
from utils.utils import InputError

SHORT = Settings(iterations=60, dim=3, window=2, negatives=4, step=0.1)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture
def saves_often(monkeypatch):
    monkeypatch.setattr(sys.modules["submission.sgd"], "SAVE_EVERY", 20)
    monkeypatch.setattr(sys.modules["submission.sgd"], "ANNEAL_EVERY", 30)


def smoothed(losses):
    value = losses[9]
    for loss in losses[19::10]:
        value = 0.95 * value + 0.05 * loss
    return value


def test_first_50_iterations_on_the_real_treebank_are_those_of_plain_loops(real_treebank):
    _, V, U, losses = plain.train(real_treebank / SENTENCES, 50)
    state = random.getstate()
    word_vectors, loss = train(submission, StanfordSentiment(real_treebank), Settings(50))
    np.testing.assert_allclose(word_vectors, np.concatenate((V, U)), rtol=0, atol=1e-12)
    assert loss == pytest.approx(smoothed(losses), abs=1e-12)
    assert random.getstate() == state


def test_every_setting_counts_as_in_plain_loops(treebank):
    _, V, U, losses = plain.train(SAMPLE / SENTENCES, 60, dim=3, window=2, negatives=4, step=0.1)
    word_vectors, loss = train(submission, treebank, SHORT)
    np.testing.assert_allclose(word_vectors, np.concatenate((V, U)), rtol=0, atol=1e-12)
    assert loss == pytest.approx(smoothed(losses), abs=1e-12)


def test_defaults_are_the_handouts_run():
    assert Settings() == Settings(iterations=40_000, dim=10, window=5, negatives=10, step=0.3)


def test_a_treebank_in_use_trains_as_a_new_one():
    once, loss = train(submission, StanfordSentiment(SAMPLE), SHORT)
    used = StanfordSentiment(SAMPLE)
    random.seed(7)
    used.all_sentences()
    again, loss_again = train(submission, used, SHORT)
    assert once.tobytes() == again.tobytes()
    assert loss == loss_again


def test_start_is_small_center_vectors_and_no_outside_vectors():
    np.random.seed(1)
    start = initial_word_vectors(40, 4)
    np.random.seed(1)
    assert (start[:40] == (np.random.rand(40, 4) - 0.5) / 4).all()
    assert (start[40:] == 0).all()


def test_callback_sees_iteration_and_the_smoothed_loss_that_sgd_prints(treebank, capsys):
    seen = []
    _, loss = train(submission, treebank, SHORT, callback=lambda *args: seen.append(args))
    assert [iteration for iteration, _ in seen] == [10, 20, 30, 40, 50, 60]
    printed = [f"iter {iteration}: {value:f}" for iteration, value in seen]
    assert capsys.readouterr().out.splitlines() == printed
    assert seen[-1][1] == loss


def test_no_loss_is_known_before_the_tenth_iteration(treebank):
    assert train(submission, treebank, Settings(9))[1] is None


class StopError(Exception):
    """Stops a run from its callback."""


def stopping_at(when):
    def callback(iteration, loss):
        if iteration >= when:
            raise StopError

    return callback


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("stops", [[30], [40], [30, 50], [50, 50, 50]])
def test_a_run_stopped_and_resumed_is_the_same_to_the_bit(treebank, stops, tmp_path):
    expected, expected_loss = train(submission, treebank, SHORT)
    state, file = random.getstate(), (tmp_path / FILE).read_bytes()
    resume = False
    for stop in stops:
        with pytest.raises(StopError):
            train(submission, treebank, SHORT, resume, stopping_at(stop))
        random.seed()
        resume = True
    seen = []
    word_vectors, loss = train(
        submission, StanfordSentiment(SAMPLE), SHORT, True, lambda *args: seen.append(args)
    )
    assert seen[0][0] == (max(stops) - 1) // 20 * 20
    assert seen[-1] == (60, loss)
    assert word_vectors.tobytes() == expected.tobytes()
    assert loss == expected_loss
    assert random.getstate() == state
    assert (tmp_path / FILE).read_bytes() == file


@pytest.mark.usefixtures("saves_often")
def test_a_finished_run_goes_on_when_more_iterations_are_asked_for(treebank):
    expected, _ = train(submission, treebank, SHORT)
    train(submission, treebank, Settings(40, 3, 2, 4, 0.1))
    word_vectors, _ = train(submission, treebank, SHORT, resume=True)
    assert word_vectors.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("saves_often")
def test_starting_anew_drops_what_was_saved(treebank):
    train(submission, treebank, SHORT)
    with pytest.raises(StopError):
        train(submission, treebank, SHORT, False, stopping_at(10))
    assert load_checkpoint() is None


def test_nothing_to_resume(treebank, tmp_path):
    with pytest.raises(InputError, match=f"nothing to resume: no {FILE} in {tmp_path}"):
        train(submission, treebank, SHORT, resume=True)


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
def test_another_run_is_not_resumed(treebank, changed, words):
    train(submission, treebank, SHORT)
    saved = Path(FILE).read_bytes()
    with pytest.raises(InputError, match=words):
        train(submission, treebank, changed, resume=True)
    assert Path(FILE).read_bytes() == saved


@pytest.mark.usefixtures("saves_often")
def test_another_treebank_is_not_resumed(treebank, make_treebank):
    train(submission, treebank, SHORT)
    other = StanfordSentiment(
        make_treebank([" ".join(words) for words in treebank.sentences()[1:]])
    )
    with pytest.raises(InputError, match="the run to resume had --data"):
        train(submission, other, SHORT, resume=True)


@pytest.mark.usefixtures("saves_often")
@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_run_whose_options_are_lost_is_not_resumed(treebank, content):
    train(submission, treebank, SHORT)
    Path(RUN_FILE).unlink()
    if content:
        Path(RUN_FILE).write_text(content)
    with pytest.raises(InputError, match=RUN_FILE):
        train(submission, treebank, SHORT, resume=True)


def test_the_options_of_a_run_lie_beside_its_state(treebank):
    train(submission, treebank, SHORT)
    saved = json.loads(Path(RUN_FILE).read_text())
    assert {name: saved[name] for name in ("dim", "window", "negatives", "step")} == {
        "dim": 3, "window": 2, "negatives": 4, "step": 0.1
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_a_loss_that_is_not_finite_stops_training(treebank):
    with pytest.raises(InputError, match=r"the loss is (nan|inf) at iteration \d+. Try a smaller"):
        train(submission, treebank, Settings(step=1000))
