"""Check that a function leaves alone what is not its own: arguments, random numbers."""

import random

from .given import drawing

ARGUMENTS = {
    "sigmoid": ["x"],
    "naive_softmax_loss_and_gradient": [
        "center_word_vec",
        "outside_word_idx",
        "outside_vectors",
        "dataset",
    ],
    "neg_sampling_loss_and_gradient": [
        "center_word_vec",
        "outside_word_idx",
        "outside_vectors",
        "dataset",
        "K",
    ],
    "skipgram": [
        "current_center_word",
        "window_size",
        "outside_words",
        "word2ind",
        "center_word_vectors",
        "outside_vectors",
        "dataset",
        "word2vec_loss_and_gradient",
    ],
    "sgd": ["f", "x0", "step", "iterations", "postprocessing", "use_saved"],
}


def check_arguments(name, changed):
    """Check that a function left its arguments as they were.

    Parameters
    ----------
    name : str
        Of the function.
    changed : object
        Numbers of the arguments that it changed, as the submission's process tells.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    names = ARGUMENTS[name]
    changed = changed if isinstance(changed, list) else []
    words = [names[i] for i in changed if type(i) is int and 0 <= i < len(names)]
    if not words:
        return ""
    return f"{name} changes the {' and the '.join(words)} that it is given: work on a copy."


def check_draws(name, seed, following, draw=lambda: None):
    """Check that a function draws the random numbers that it should, and no others.

    Parameters
    ----------
    name : str
        Of the function.
    seed : int
        That of its call.
    following : object
        The random number after the call, 32 bits, as the submission's process tells.
    draw : callable
        Draws as the function should; by default it should draw nothing.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    with drawing(seed):
        draw()
        expected = random.getrandbits(32)
    if following == expected:
        return ""
    return (
        f"{name} draws other random numbers than it should (or seeds them): with them, training "
        "gives other vectors than everybody's."
    )
