"""Charts: the loss of training runs, and what a classifier confuses."""

import numpy as np

from .plotting import DPI, LAYOUT, plt

DARK = 0.71  # share of a row from which on white is read better than black


def plot_losses(losses):
    """Draw the smoothed loss of training runs over their iterations.

    Parameters
    ----------
    losses : dict of str to dict of int to float
        For each run, by name, its smoothed loss by iteration.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; not one of pyplot's, so that a notebook may draw many.
    """
    figure, axes = _axes(6, 3.2)
    for name, loss_at in losses.items():
        axes.plot(list(loss_at), list(loss_at.values()), label=name)
    axes.set(xlabel="iteration", ylabel="smoothed loss of a window", ylim=(0, None))
    axes.set_title("Loss during training")
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.spines[["top", "right"]].set_visible(False)
    if len(losses) > 1:
        axes.legend(frameon=False)
    return figure


def plot_confusion(counts, classes, title):
    """Draw how often each true class was taken for which.

    Parameters
    ----------
    counts : ndarray of int, shape (C, C)
        Number of cases by true class, a row each, and predicted class.
    classes : sequence of str
        Names of the C classes.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; a cell is the darker, the larger its share of its row.
    """
    figure, axes = _axes(6.8, 6)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (i, k), count in np.ndenumerate(counts):
        text, color = f"{count:,}\n{shares[i, k]:.0%}", "white" if shares[i, k] > DARK else "black"
        axes.text(k, i, text, ha="center", va="center", color=color, fontsize=13)
    names = [name.replace(" ", "\n") for name in classes]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(title=title, xlabel="predicted", ylabel="true")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _axes(width, height):
    """Make a figure of that many inches, and its axes."""
    figure = plt.Figure(figsize=(width, height), dpi=DPI, layout=LAYOUT)
    return figure, figure.subplots()
