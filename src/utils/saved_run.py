"""What run it is whose state was saved: its options and its text, beside the checkpoint."""

import hashlib
from dataclasses import asdict
from pathlib import Path

from .checkpoint import FILE, load_checkpoint
from .utils import InputError, dump, load

RUN_FILE = "saved_run.json"


def start_run(treebank, settings):
    """Write down what run begins; a state that is there is dropped.

    Parameters
    ----------
    treebank : utils.treebank.StanfordSentiment
        Its treebank.
    settings : utils.training.Settings
        What it is to do.
    """
    dump(_identity(treebank, settings), RUN_FILE)
    Path(FILE).unlink(missing_ok=True)


def load_run(treebank, settings):
    """Load the state to go on from, and make sure that it is of this run.

    Parameters
    ----------
    treebank : utils.treebank.StanfordSentiment
        The treebank of this run.
    settings : utils.training.Settings
        What it is to do; the number of iterations may be another one.

    Returns
    -------
    utils.checkpoint.Checkpoint
        The state.

    Raises
    ------
    InputError
        If there is none, or it is of another run.
    """
    saved = load_checkpoint()
    if saved is None:
        raise InputError(
            f"there is nothing to resume: no {FILE} in {Path.cwd()}. "
            "Leave out --resume to start anew."
        )
    before, now = load(RUN_FILE), _identity(treebank, settings)
    if not isinstance(before, dict) or before.keys() != now.keys():
        raise InputError(f"{RUN_FILE} is damaged. Leave out --resume to start anew.")
    for name, value in now.items():
        if before[name] != value:
            raise InputError(
                f"the run to resume had --{name} {before[name]}, this one has {value}. "
                "Give the same options, or leave out --resume to start anew."
            )
    return saved


def _identity(treebank, settings):
    """Tell what makes a run what it is: all but the number of iterations, which may grow."""
    options = {name: value for name, value in asdict(settings).items() if name != "iterations"}
    text = repr(treebank.sentences()).encode()
    return {"data": f"text of SHA-256 {hashlib.sha256(text).hexdigest()}", **options}
