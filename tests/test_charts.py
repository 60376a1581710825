"""Charts: what they show."""

import numpy as np

from utils.charts import plot_confusion, plot_losses
from utils.plotting import to_png


def test_losses_are_lines_with_names():
    figure = plot_losses({"naive": {1: 5.0, 2: 4.0}, "sampled": {10: 3.0}})
    axes = figure.axes[0]
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 5], [2, 4]], [[10, 3]]]
    assert [text.get_text() for text in axes.get_legend().texts] == ["naive", "sampled"]
    assert axes.get_ylim()[0] == 0


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


def test_a_class_without_cases_is_no_division_by_zero():
    assert to_png(plot_confusion(np.zeros((2, 2), int), ["a", "b"], "")).startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_bytes():
    counts = np.arange(4).reshape(2, 2)
    pictures = {to_png(plot_confusion(counts, ["a", "b"], "t")) for _ in range(2)}
    assert len(pictures) == 1
