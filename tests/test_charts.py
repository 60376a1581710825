"""Charts: what they show."""

import numpy as np
from matplotlib.colors import to_rgb

from utils.plotting import plot_confusion, plot_losses, to_png


def test_losses_are_lines_with_names():
    figure = plot_losses({"naive": {1: 5.0, 2: 4.0}, "sampled": {10: 3.0}})
    axes = figure.axes[0]
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 5], [2, 4]], [[10, 3]]]
    assert [text.get_text() for text in axes.get_legend().texts] == ["naive", "sampled"]
    assert axes.get_ylim()[0] == 0
    assert axes.get_title() == "Loss during training"


def test_iterations_are_written_with_commas():
    figure = plot_losses({"training": {1: 5.0, 40_000: 3.0}})
    figure.draw_without_rendering()
    assert "20,000" in [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_one_line_needs_no_legend_and_none_no_line():
    assert plot_losses({"training": {1: 5.0}}).axes[0].get_legend() is None
    assert to_png(plot_losses({})).startswith(b"\x89PNG")


def test_confusions_stand_in_their_cells():
    counts = np.array([[1200, 0], [1, 3]])
    figure = plot_confusion(counts, ["very bad", "good"], "a title")
    axes = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1,200\n100%", (1, 0): "0\n0%", (0, 1): "1\n25%", (1, 1): "3\n75%"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["very\nbad", "good"]
    assert axes.get_ylabel() == "true"
    assert axes.get_title() == "a title"


def test_cells_fill_the_picture_and_are_legible():
    counts = np.array([[k, 100 - k] for k in range(0, 51, 3)])
    figure = plot_confusion(np.pad(counts, ((0, 0), (0, 15))), ["a"] * 17, "title")
    figure.draw_without_rendering()
    box, axes = figure.axes[0].bbox, figure.axes[0]
    assert 5 < figure.bbox.x1 - box.x1 < 20
    assert 8 < figure.bbox.y1 - axes.title.get_window_extent().y1 < 20
    cells = axes.images[0].cmap(axes.images[0].get_array())
    for text in axes.texts:
        k, i = text.get_position()
        light, dark = sorted([brightness(cells[i, k]), brightness(to_rgb(text.get_color()))])[::-1]
        assert (light + 0.05) / (dark + 0.05) > 4.5  # the contrast that the web's guidelines want
        assert text.get_fontsize() >= 12


def brightness(color):
    """Give the relative luminance of a color, as the web's guidelines compute it."""
    linear = [x / 12.92 if x <= 0.04 else ((x + 0.055) / 1.055) ** 2.4 for x in color[:3]]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def test_a_class_without_cases_is_no_division_by_zero():
    assert to_png(plot_confusion(np.zeros((2, 2), int), ["a", "b"], "")).startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_bytes():
    counts = np.arange(4).reshape(2, 2)
    pictures = {to_png(plot_confusion(counts, ["a", "b"], "t")) for _ in range(2)}
    assert len(pictures) == 1
