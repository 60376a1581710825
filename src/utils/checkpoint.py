"""The state of `sgd` between two iterations, on disk, and which run it belongs to."""

import contextlib
import io
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .utils import InputError, dump, load, write_files

FILE, RUN_FILE = "saved_sgd.npz", "saved_run.json"


@dataclass(frozen=True)
class Checkpoint:
    """All that the next iteration needs."""

    x: np.ndarray  # the parameters
    iteration: int  # how many made them
    step: float  # of the next iteration
    smoothed_loss: float | None  # as printed last; None before the first
    random_state: tuple  # as random.setstate takes it

    def check_fits(self, x0, iterations):
        """Raise InputError unless a run from `x0` over so many iterations can go on here."""
        if self.x.shape != np.shape(x0):
            raise InputError(
                f"{FILE} holds parameters of shape {self.x.shape}, but x0 has {np.shape(x0)}: "
                "it is of another run. Delete it to start anew."
            )
        if self.iteration > iterations:
            raise InputError(
                f"{FILE} holds iteration {self.iteration}, more than the {iterations} asked for. "
                "Ask for more, or delete it to start anew."
            )


def save_checkpoint(x, iteration, step, smoothed_loss):
    """Save the state and Python's random state after an iteration in the working directory."""
    version, words, gauss_next = random.getstate()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        x=np.asarray(x),
        iteration=iteration,
        step=float(step),
        smoothed_loss=_list_of(smoothed_loss),
        random_version=version,
        random_words=np.array(words, np.uint32),
        gauss_next=_list_of(gauss_next),
    )
    write_files({FILE: buffer.getvalue()})


def load_checkpoint(folder="."):
    """Load the state saved in a folder; None if there is none, InputError if it is damaged."""
    path = Path(folder).absolute() / FILE
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as saved:
            words = tuple(saved["random_words"].tolist())
            state = int(saved["random_version"]), words, _only_of(saved["gauss_next"])
            random.Random().setstate(state)  # raises if it is no state
            return Checkpoint(
                saved["x"][()],
                int(saved["iteration"]),
                float(saved["step"]),
                _only_of(saved["smoothed_loss"]),
                state,
            )
    except Exception as error:  # zipfile, zlib and NumPy have no common word for damaged
        reason = f"cannot be read: {error.strerror}" if getattr(error, "errno", 0) else "is damaged"
        raise InputError(f"{path} {reason}. Delete it to start anew.") from None


def begin_run(identity):
    """Write down what identifies a run, its settings by name; delete the state of another run."""
    try:
        Path(FILE).unlink(missing_ok=True)
    except OSError as error:
        path = Path(FILE).absolute()
        raise InputError(f"{path} cannot be deleted: {error.strerror}. Train elsewhere.") from None
    dump(identity, RUN_FILE)


def resume_run(identity):
    """Load the state that a run goes on from; InputError if it is from another run."""
    saved, anew = load_checkpoint(), "Leave out resume=True to start anew."
    if saved is None:
        raise InputError(f"there is nothing to resume: no {FILE} in {Path.cwd()}. {anew}")
    before = None
    with contextlib.suppress(InputError):
        before = load(RUN_FILE)
    if not isinstance(before, dict) or before.keys() != identity.keys():
        path = Path(RUN_FILE).absolute()
        raise InputError(f"{path} is missing, damaged, or of another version. {anew}")
    for name, value in identity.items():
        if before[name] != value:
            had = f"the run to resume had {name}={before[name]}, this one has {name}={value}"
            if name == "data":
                had = "the run to resume was of another text"
            raise InputError(f"{had}: give the same. {anew}")
    return saved


def _list_of(number):
    return np.array([] if number is None else [number], float)


def _only_of(numbers):
    return float(numbers.item()) if numbers.size else None
