"""The picture: the right projection, and labels that hide nothing."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.text import Text

from utils.plotting import (
    GROUPS,
    MARKER,
    PLOTTED_WORDS,
    has_window,
    place_labels,
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
    return dict(zip(words, vectors.tolist(), strict=True))


def test_every_plotted_word_is_in_one_group():
    assert [word for *_, words in GROUPS for word in words] == PLOTTED_WORDS
    assert len(set(PLOTTED_WORDS)) == 24
    assert len({color for _, color, _, _ in GROUPS}) == len(GROUPS)
    assert len({marker for _, _, marker, _ in GROUPS}) == len(GROUPS)


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


@pytest.mark.parametrize("shape", [(1, 5), (2, 5), (5, 1), (1, 1)])
def test_few_words_or_dimensions_give_zero_coordinates(shape):
    points, shares = principal_components(np.ones(shape))
    assert (points == 0).all()
    assert (shares == 0).all()


def boxes_of_labels(figure):
    figure.draw_without_rendering()
    return {text.get_text(): Text.get_window_extent(text) for text in figure.axes[0].texts}


def hidden(figure):
    """Name what labels hide, or where they leave the figure."""
    boxes = boxes_of_labels(figure)
    points = np.concatenate([line.get_xydata() for line in figure.axes[0].lines])
    places = figure.axes[0].transData.transform(points)
    words, found = list(boxes), []
    for i, word in enumerate(words):
        box = boxes[word]
        found += [(word, other) for other in words[:i] if box.overlaps(boxes[other])]
        reach = MARKER / 2 * figure.dpi / 72
        found += [
            (word, "point")
            for x, y in places
            if box.x0 - reach < x < box.x1 + reach and box.y0 - reach < y < box.y1 + reach
        ]
        if not figure.bbox.containsx(box.x0) or not figure.bbox.containsx(box.x1):
            found.append((word, "left the figure"))
        if not figure.bbox.containsy(box.y0) or not figure.bbox.containsy(box.y1):
            found.append((word, "left the figure"))
    return found


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from([1e-9, 1.0, 1e6]))
def test_no_label_hides_a_point_or_another_label_or_leaves_the_figure(seed, scale):
    figure = plot_word_vectors(random_vectors(seed, scale=scale), "title")
    assert not hidden(figure)
    plt.close(figure)


def test_a_crowd_on_one_spot_is_still_labelled_legibly():
    vectors = random_vectors(1)
    for word in PLOTTED_WORDS[:9]:
        vectors[word] = (np.array(vectors["tea"]) + 1e-3 * np.array(vectors[word])).tolist()
    figure = plot_word_vectors(vectors, "title")
    assert not hidden(figure)


def ambiguous(figure):
    """Name the labels that neither stand beside their own point alone nor have a line to it."""
    labels, boxes = figure.axes[0].texts, boxes_of_labels(figure).values()
    places = figure.axes[0].transData.transform([label.xy for label in labels])
    found = []
    for label, box, place in zip(labels, boxes, places, strict=True):
        outside = np.maximum(abs(places - box.get_points().mean(axis=0)) - box.size / 2, 0)
        gaps = np.hypot(*outside.T)
        own = (places == place).all(axis=1)
        alone = gaps[own].min() < 25 and gaps[~own].min() > gaps[own].min() + 5
        if not label.arrow_patch.get_visible() and not alone:
            found.append(label.get_text())
    return found


@pytest.mark.parametrize("seed", range(3))
def test_each_label_is_seen_to_be_of_its_point(seed):
    vectors = random_vectors(seed)
    for word in PLOTTED_WORDS[:4]:
        vectors[word] = (np.array(vectors["tea"]) + 0.05 * np.array(vectors[word])).tolist()
    figure = plot_word_vectors(vectors, "title")
    assert not ambiguous(figure)
    tied = [text for text in figure.axes[0].texts if text.arrow_patch.get_visible()]
    places = figure.axes[0].transData.transform([text.xy for text in figure.axes[0].texts])
    for text in tied:
        place = figure.axes[0].transData.transform(text.xy)
        assert np.sort(np.hypot(*(places - place).T))[1] < 100  # in room enough, none needs a line
        text.arrow_patch.set_visible(False)
    assert ambiguous(figure)


def test_the_title_is_clear_of_the_edge():
    for words in (PLOTTED_WORDS, ["ship", "sea"]):
        figure = plot_word_vectors(random_vectors(0, words), "title")
        figure.draw_without_rendering()
        assert figure.bbox.y1 - figure.axes[0].title.get_window_extent().y1 > 8


def test_the_check_of_labels_sees_bad_ones():
    figure = plot_word_vectors(random_vectors(2), "title")
    texts = figure.axes[0].texts
    texts[3].set_position((0, 0))
    texts[4].set_position((5000, 0))
    problems = hidden(figure)
    assert (texts[3].get_text(), "point") in problems
    assert (texts[4].get_text(), "left the figure") in problems


def test_where_there_is_no_room_labels_hide_as_little_as_can_be():
    offsets, _ = place_labels(np.zeros((3, 2)), [(500, 500)] * 3, (-10, -10, 10, 10))
    assert np.isfinite(offsets).all()


def test_all_words_and_axes_are_named_and_scales_are_equal():
    figure = plot_word_vectors(random_vectors(3), "A title")
    axes = figure.axes[0]
    assert sorted(boxes_of_labels(figure)) == sorted(PLOTTED_WORDS)
    assert axes.get_title() == "A title"
    assert axes.get_xlabel().startswith("first principal component (")
    assert axes.get_ylabel().startswith("second principal component (")
    assert axes.get_aspect() == 1
    assert [text.get_text() for text in axes.get_legend().texts] == [name for name, *_ in GROUPS]


@pytest.mark.parametrize("words", [["tea"], ["tea", "rain"], PLOTTED_WORDS[:5]])
@pytest.mark.parametrize("d", [1, 2, 10])
def test_some_words_are_enough(words, d):
    figure = plot_word_vectors(random_vectors(4, words, d=d), "title")
    assert sorted(boxes_of_labels(figure)) == sorted(words)
    assert not hidden(figure)


def test_the_same_vectors_give_the_same_bytes():
    pictures = {to_png(plot_word_vectors(random_vectors(5), "title")) for _ in range(2)}
    assert len(pictures) == 1
    assert pictures.pop().startswith(b"\x89PNG")


def test_words_without_a_group_are_plotted_in_a_neutral_color():
    words = ["tea", "ship", "$x$", "a_b^c", "王", "🚢"]
    figure = plot_word_vectors(random_vectors(6, words), "A $ title")
    assert sorted(boxes_of_labels(figure)) == sorted(words)
    assert [text.get_text() for text in figure.axes[0].get_legend().texts] == [
        "drinks",
        "other words",
    ]
    assert len({text.get_color() for text in figure.axes[0].texts}) == 2
    assert not hidden(figure)
    assert to_png(figure).startswith(b"\x89PNG")


def test_where_no_word_has_a_group_there_is_no_legend():
    figure = plot_word_vectors(random_vectors(7, ["ship", "sea"]), "title")
    assert figure.axes[0].get_legend() is None
    assert to_png(figure).startswith(b"\x89PNG")


DRAW = r"""
import sys
from utils.plotting import plot_losses
from utils.plotting import has_window, plot_word_vectors, to_png
figure = plot_word_vectors({"tea": [1.0, 2.0], "rain": [2.0, 1.0]}, "title")
assert to_png(figure).startswith(b"\x89PNG")
assert to_png(plot_losses({})).startswith(b"\x89PNG")
sys.exit(has_window())
"""


@pytest.mark.parametrize(
    "backend", ["", "Qt4Agg", "TkAgg", "module://no.such_module", "module://json"]
)
def test_a_backend_that_is_not_here_is_done_without(backend):
    root = Path(__file__).resolve().parents[1]
    environ = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    done = subprocess.run(
        [sys.executable, "-c", DRAW],
        env=environ | {"MPLBACKEND": backend},
        cwd=root / "src",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_backend_with_windows_is_told_by_its_figures(monkeypatch):
    assert not has_window()
    figure = plot_word_vectors(random_vectors(0), "title")
    assert not has_window()
    monkeypatch.setattr(type(figure.canvas), "required_interactive_framework", "tk")
    assert has_window()
