"""Pictures: word vectors on their principal components, losses, and what a classifier confuses."""

import contextlib
import io
import os
import sys
import warnings

import numpy as np

from .word_vectors import PLOTTED_WORDS

# Importing matplotlib fails where MPLBACKEND names a backend that does not exist.
_backend = "" if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", "")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: E402
from matplotlib.text import Text  # noqa: E402

if _backend:
    os.environ["MPLBACKEND"] = _backend
    with contextlib.suppress(ValueError):
        plt.rcParams["backend"] = _backend

# Name, color, marker and words of each group. The colors are Okabe and Ito's, made to be told
# apart by color-blind eyes.
GROUPS = (
    ("praise", "#009E73", "o", PLOTTED_WORDS[:9]),
    ("blame", "#D55E00", "s", PLOTTED_WORDS[9:13]),
    ("people", "#0072B2", "^", PLOTTED_WORDS[13:19]),
    ("weather", "#CC79A7", "D", PLOTTED_WORDS[19:22]),
    ("drinks", "#000000", "P", PLOTTED_WORDS[22:]),
)

DPI = 120
DARK = 0.71  # share of a row from which on white is read better than black
LAYOUT = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)  # inches from all to the edges
WIDTH = 9.0  # inches
OTHERS = "other words", "#555555", "o"
MARKER = 7.0  # diameter in points
NEAR = 12  # points from the center of a marker: a label farther off is tied to it by a line

# Where a label may stand: 24 directions, to the right first, at growing distances in points.
DISTANCES = np.repeat((3, 9, 16, 24, 34, 46, 60, 76, 94, 120, 150, 190), 24)
ANGLES = np.tile(2 * np.pi * np.arange(24) / 24, 12)
LINE_SPOTS = np.linspace(0.2, 0.9, 8)[:, None]  # where a line is checked for what it crosses
DIRECTIONS = np.column_stack((np.cos(ANGLES), np.sin(ANGLES)))


@contextlib.contextmanager
def _any_sign():
    """Let a box stand for a sign that the font does not have, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


def principal_components(vectors):
    """Project vectors on the two directions in which they vary most; tell their shares of that.

    The sign of each direction is such that the vector farthest out lies on its positive side.
    """
    centered = vectors - vectors.mean(axis=0)
    _, lengths, directions = np.linalg.svd(centered, full_matrices=False)
    points, shares = np.zeros((len(vectors), 2)), np.zeros(2)
    for i, direction in enumerate(directions[:2]):
        along = centered @ direction
        points[:, i] = along * np.sign(along[np.argmax(abs(along))])
        shares[i] = lengths[i] ** 2 / max(np.sum(lengths**2), np.finfo(float).tiny)
    return points, shares


@_any_sign()
def plot_word_vectors(vectors, title):
    """Draw word vectors on their first two principal components.

    Parameters
    ----------
    vectors : dict of str to sequence of float
        Vector of each word to plot. Words not in `PLOTTED_WORDS` have no group.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    points, shares = principal_components(np.array(list(vectors.values()), float))
    point_of = dict(zip(vectors, points, strict=True))
    spread = np.ptp(points, axis=0)
    height = WIDTH * np.clip(spread[1] / max(spread[0], np.finfo(float).tiny), 0.6, 1)

    figure, axes = _axes(WIDTH, height)
    others = [word for word in vectors if word not in PLOTTED_WORDS]
    for name, color, marker, words in (*GROUPS, (*OTHERS, others)):
        here = np.array([point_of[word] for word in words if word in point_of])
        if len(here):
            axes.plot(*here.T, marker, color=color, markersize=MARKER, label=name)
    has_legend = len(others) < len(vectors)
    axes.set_title(title, pad=32 if has_legend else 10, parse_math=False)
    axes.set(
        xlabel=f"first principal component ({shares[0]:.0%} of the variance)",
        ylabel=f"second principal component ({shares[1]:.0%})",
    )
    axes.set_aspect("equal", "datalim")
    axes.margins(0.1)
    axes.spines[["top", "right"]].set_visible(False)
    if has_legend:
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
        axes.legend(ncols=len(GROUPS) + 1, frameon=False, **above)
    _label(figure, axes, point_of)
    return figure


def _axes(width, height):
    """Make a figure of that many inches, and its axes; in no window where the backend fails."""
    how = {"figsize": (width, height), "dpi": DPI, "layout": LAYOUT}
    try:
        return plt.subplots(**how)
    except Exception:  # each backend has its own: no package, no screen, no server
        plt.switch_backend("Agg")
        return plt.subplots(**how)


def _label(figure, axes, point_of):
    """Write each word beside its point."""
    figure.draw_without_rendering()  # settles the layout, so that places on paper are known
    figure.set_layout_engine("none")
    color_of = {word: color for _, color, _, words in GROUPS for word in words}
    to_points, labels = 72 / DPI, []
    for word, point in point_of.items():
        color = color_of.get(word, OTHERS[1])
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.8, "shrinkB": 3}
        # a word may hold dollar signs, which are no mathematics
        look = {"color": color, "ha": "center", "va": "center", "parse_math": False}
        where = {"xytext": (0, 0), "textcoords": "offset points"}
        labels.append(axes.annotate(word, point, arrowprops=line, **look, **where))
    sizes = [Text.get_window_extent(label).size * to_points for label in labels]
    places = axes.transData.transform(list(point_of.values())) * to_points
    frame = np.array(axes.bbox.extents) * to_points
    for label, offset, tied in zip(labels, *place_labels(places, sizes, frame), strict=True):
        label.set_position(offset)
        label.arrow_patch.set_visible(tied)


def place_labels(points, sizes, frame):
    """Find a place beside each point where its label hides neither a point nor another label.

    One label after the other, those in the densest neighborhoods first, takes the place where it
    hides least: the nearest one beside its own point and no other, or else one from which a line
    to its point crosses little. Gives the center of each label, seen from its point, and whether
    it takes a line.
    """
    distance = np.hypot(*(points[:, None] - points[None]).T)
    crowd = np.exp(-distance / 30).sum(axis=0)
    taken = _boxes(points, MARKER / 2)
    offsets, tied = np.zeros(points.shape), np.zeros(len(points), bool)
    for i in np.argsort(-crowd, kind="stable"):
        half = np.array(sizes[i]) / 2
        places = DIRECTIONS * (half + MARKER / 2 + DISTANCES[:, None])
        labels = _boxes(points[i] + places, half + 2.5)
        outside = (labels[:, :2] < frame[:2]).any(1) | (labels[:, 2:] > frame[2:]).any(1)
        hidden = _overlaps(labels, taken) + outside
        free = np.flatnonzero(hidden == hidden.min())
        centers = points[i] + places[free]
        gaps = np.maximum(abs(centers - points[:, None]) - half, 0)
        gaps = np.hypot(*gaps.T)  # from each free place to each point
        others = np.delete(gaps, i, axis=1).min(axis=1, initial=np.inf)
        alone = (gaps[:, i] < NEAR) & (others > gaps[:, i] + MARKER)
        choice, line, tied[i] = np.argmax(alone), taken[:0], not alone.any()
        if tied[i]:
            lines = _boxes(points[i] + places[free, None] * LINE_SPOTS, 0.5)
            crossed = _overlaps(lines, np.delete(taken, i, axis=0)).sum(axis=1)
            choice = np.argmin(100 * crossed + DISTANCES[free])
            line = lines[choice]
        offsets[i] = places[free[choice]]
        taken = np.concatenate((taken, labels[free[[choice]]], line))
    return offsets, tied


def _boxes(centers, half):
    """Give left, bottom, right and top of boxes."""
    return np.concatenate((centers - half, centers + half), axis=-1)


def _overlaps(boxes, taken):
    """Count for each box the taken ones that it overlaps."""
    a, b = boxes[..., None, :], taken
    apart = (a[..., :2] >= b[:, 2:]).any(-1) | (b[:, :2] >= a[..., 2:]).any(-1)
    return (~apart).sum(axis=-1)


def plot_losses(losses):
    """Draw the smoothed loss of training runs over their iterations.

    Parameters
    ----------
    losses : dict of str to dict of int to float
        For each run, by name, its smoothed loss by iteration.

    Returns
    -------
    matplotlib.figure.Figure
        Not one of pyplot's, so that a notebook may draw many.
    """
    figure, axes = _chart(6, 3.2)
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
    """Draw how often each true class, a row of the counts each, was taken for which class."""
    figure, axes = _chart(6.8, 6)
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


def _chart(width, height):
    """Make a figure of that many inches, which is not one of pyplot's, and its axes."""
    figure = plt.Figure(figsize=(width, height), dpi=DPI, layout=LAYOUT)
    return figure, figure.subplots()


@_any_sign()
def to_png(figure):
    """Draw a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def has_window():
    """Tell whether `plt.show` would show the figure made last in a window."""
    return bool(plt.get_fignums() and plt.gcf().canvas.required_interactive_framework)
