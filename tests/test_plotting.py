"""The pictures: the right projection, labels that hide nothing, losses, confusions."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from utils.plotting import (
    GROUPS,
    MARKER,
    PLOTTED_WORDS,
    has_window,
    plot_confusion,
    plot_losses,
    plot_word_vectors,
    principal_components,
    to_png,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def random_vectors(seed, words=PLOTTED_WORDS, scale=1.0, d=10):
    vectors = np.random.default_rng(seed).normal(size=(len(words), d)) ** 3 * scale
    return dict(zip(words, vectors, strict=True))


def test_every_plotted_word_is_in_one_group():
    assert [word for *_, words in GROUPS for word in words] == PLOTTED_WORDS
    assert len(set(PLOTTED_WORDS)) == 24
    for looks in list(zip(*GROUPS, strict=True))[:3]:  # name, color, marker
        assert len(set(looks)) == len(GROUPS)


@given(arrays(float, (8, 4), elements=st.floats(-10, 10)))
def test_components_are_those_of_the_covariance_matrix(vectors):
    points, shares = principal_components(vectors)
    variances = np.linalg.eigvalsh(np.cov(vectors.T, bias=True))[::-1]
    np.testing.assert_allclose(points.var(axis=0), variances[:2], atol=1e-9)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    if variances.sum() > 1e-9:
        np.testing.assert_allclose(shares, variances[:2] / variances.sum(), atol=1e-9)


def test_signs_are_fixed():
    vectors = np.random.default_rng(0).normal(size=(24, 10))
    points, _ = principal_components(vectors)
    rotated, _ = principal_components(vectors @ np.linalg.qr(np.random.rand(10, 10))[0])
    np.testing.assert_allclose(points, rotated, atol=1e-9)
    assert (points.max(axis=0) == abs(points).max(axis=0)).all()


def places_of(figure):
    """Give where the words' points are on paper."""
    axes = figure.axes[0]
    return axes.transData.transform([label.xy for label in axes.texts])


def hidden(figure):
    """Name what labels hide, or where they leave the figure."""
    figure.draw_without_rendering()
    labels = figure.axes[0].texts
    boxes = [Text.get_window_extent(label) for label in labels]
    reach = MARKER / 2 * figure.dpi / 72
    found = []
    for i, (label, box) in enumerate(zip(labels, boxes, strict=True)):
        points = [box.padded(reach).contains(*place) for place in places_of(figure)]
        found += [(label.get_text(), "point")] * sum(points)
        found += [(label.get_text(), "label")] * box.count_overlaps(boxes[:i])
        if box.union([box, figure.bbox]).bounds != figure.bbox.bounds:
            found.append((label.get_text(), "left the figure"))
    return found


def ambiguous(figure):
    """Name the labels that neither stand beside their own point alone nor have a line to it."""
    places, found = places_of(figure), []
    for label, place in zip(figure.axes[0].texts, places, strict=True):
        box = Text.get_window_extent(label)
        outside = np.maximum(abs(places - box.get_points().mean(axis=0)) - box.size / 2, 0)
        gaps = np.hypot(*outside.T)
        own = (places == place).all(axis=1)
        alone = gaps[own].min() < 25 and gaps[~own].min() > gaps[own].min() + 5
        if not label.arrow_patch.get_visible() and not alone:
            found.append(label.get_text())
    return found


@pytest.mark.parametrize(
    ("seed", "scale", "words", "spread"),
    [
        (3, 1.0, [], 0),
        (4, 1e-9, [], 0),
        (1, 1.0, PLOTTED_WORDS[:9], 1e-3),  # so many words near the one of "tea"
        (0, 1e6, PLOTTED_WORDS[:4], 0.05),
    ],
)
def test_labels_hide_nothing_and_each_is_seen_to_be_of_its_point(seed, scale, words, spread):
    vectors = random_vectors(seed, scale=scale)
    vectors |= {word: vectors["tea"] + spread * vectors[word] for word in words}
    figure = plot_word_vectors(vectors, "title")
    assert not hidden(figure)
    assert not ambiguous(figure)
    places = places_of(figure)
    for label, place in zip(figure.axes[0].texts, places, strict=True):
        if label.arrow_patch.get_visible():  # in room enough, none needs a line
            assert np.sort(np.hypot(*(places - place).T))[1] < 100
            label.arrow_patch.set_visible(False)
    assert ambiguous(figure)


@pytest.mark.parametrize(
    ("words", "d", "groups"),
    [
        (PLOTTED_WORDS, 10, [name for name, *_ in GROUPS]),
        (["tea"], 1, ["drinks"]),
        (PLOTTED_WORDS[:5], 1, ["praise"]),
        (["tea", "ship", "$x$", "a_b^c", "王", "🚢"], 10, ["drinks", "other words"]),
        (["ship", "sea"], 10, []),
    ],
    ids=str,
)
def test_what_is_written_in_the_picture(words, d, groups):
    figure = plot_word_vectors(random_vectors(4, words, d=d), "A $ title")
    (axes,) = figure.axes
    assert not hidden(figure)
    assert sorted(text.get_text() for text in axes.texts) == sorted(words)
    assert axes.get_title() == "A $ title"
    assert figure.bbox.y1 - axes.title.get_window_extent().y1 > 8
    assert axes.get_xlabel().startswith("first principal component (")
    assert axes.get_ylabel().startswith("second principal component (")
    assert axes.get_aspect() == 1
    legend = axes.get_legend()
    assert [text.get_text() for text in (legend.texts if legend else [])] == groups
    assert len({text.get_color() for text in axes.texts}) == max(len(groups), 1)
    assert to_png(figure).startswith(b"\x89PNG")


def test_losses_are_lines_with_names():
    figure = plot_losses({"naive": {1: 5.0, 40_000: 4.0}, "sampled": {10: 3.0}})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert plot_losses({"training": {1: 5.0}}).axes[0].get_legend() is None
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 5], [40_000, 4]], [[10, 3]]]
    assert [text.get_text() for text in axes.get_legend().texts] == ["naive", "sampled"]
    assert "20,000" in [label.get_text() for label in axes.get_xticklabels()]
    assert axes.get_ylim()[0] == 0
    assert axes.get_title() == "Loss during training"


def test_confusions_stand_in_their_cells():
    counts = np.array([[1200, 0, 0], [1, 3, 0], [0, 0, 0]])
    (axes,) = plot_confusion(counts, ["very bad", "good", "none"], "a title").axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    shown = [[cells[k, i] for k in range(3)] for i in range(3)]
    none = "0\n0%"
    assert shown == [["1,200\n100%", none, none], ["1\n25%", "3\n75%", none], [none] * 3]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["very\nbad", "good", "none"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title() == "a title"


def test_cells_fill_the_picture_and_are_legible():
    counts = np.array([[k, 100 - k] for k in range(0, 51, 3)])
    figure = plot_confusion(np.pad(counts, ((0, 0), (0, 15))), ["a"] * 17, "title")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert 5 < figure.bbox.x1 - axes.bbox.x1 < 20
    assert 8 < figure.bbox.y1 - axes.title.get_window_extent().y1 < 20
    cells = axes.images[0].cmap(axes.images[0].get_array())
    for text in axes.texts:
        k, i = text.get_position()
        dark, light = sorted([brightness(cells[i, k]), brightness(to_rgb(text.get_color()))])
        assert (light + 0.05) / (dark + 0.05) > 4.5  # the contrast that the web's guidelines want
        assert text.get_fontsize() >= 12


def brightness(color):
    """Give the relative luminance of a color, as the web's guidelines compute it."""
    linear = [x / 12.92 if x <= 0.04 else ((x + 0.055) / 1.055) ** 2.4 for x in color[:3]]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_word_vectors({word: [1.0, 2.0] for word in PLOTTED_WORDS}, "one spot"),
        lambda: plot_confusion(np.arange(4).reshape(2, 2), ["a", "b"], "t"),
    ],
)
def test_the_same_numbers_give_the_same_bytes(draw):
    assert to_png(draw()) == to_png(draw())


DRAW = r"""
import sys
from utils.plotting import has_window, plot_losses, plot_word_vectors, to_png
figure = plot_word_vectors({"tea": [1.0, 2.0], "rain": [2.0, 1.0]}, "title")
assert to_png(figure).startswith(b"\x89PNG")
assert to_png(plot_losses({})).startswith(b"\x89PNG")
sys.exit(has_window())
"""


@pytest.mark.parametrize("backend", ["TkAgg", "module://no.such_module"])
def test_a_backend_that_is_not_here_is_done_without(backend):
    root = Path(__file__).resolve().parents[1]
    environ = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    done = subprocess.run(
        [sys.executable, "-c", DRAW], env=environ | {"MPLBACKEND": backend}, cwd=root / "src",
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_backend_with_windows_is_told_by_its_figures(monkeypatch):
    assert not has_window()
    figure = plot_word_vectors(random_vectors(0), "title")
    assert not has_window()
    monkeypatch.setattr(type(figure.canvas), "required_interactive_framework", "tk")
    assert has_window()
