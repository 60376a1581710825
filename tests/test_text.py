"""What submissions print or say: capped and cleaned."""

import contextlib
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.text import Capture, escape

TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\x1b\r\n\t\0\u2028\ud800 ab"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\b\0\x7f\x85", r"\x1b[2J\x08\x00\x7f\x85"), ("a\rb", r"a\rb"), ("a\r\nb\r\r\n\n\r", "a\nb\n\n\\r"),
        ("\u2028\u202e\u200b\ufeff\U000e0041", r"\u2028\u202e\u200b\ufeff\U000e0041"), ("a\u00a0b", r"a\xa0b"), ("\ud800", r"\ud800"),
        ("a\tb\n c", "a\tb\n c"), ("naïve 数学 Ω 😀", "naïve 数学 Ω 😀"), (r"\x1b \\ '", r"\x1b \\ '"),
    ],
)  # fmt: skip
def test_what_is_not_seen_is_written_out_and_the_rest_stays(text, shown):
    assert escape(text) == shown


@given(TEXTS)
def test_escaped_text_is_harmless_and_stays_as_it_is(text):
    shown = escape(text)
    assert {unicodedata.category(c) for c in shown if c not in "\n\t"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert escape(shown) == shown


class Parts(contextlib.nullcontext):
    """A stream that comes in parts."""

    def __init__(self, parts):
        super().__init__()
        self.parts = iter([part for part in parts if part])

    def read(self, size):
        return next(self.parts, b"")


@example([bytes([byte]) for byte in "é ü".encode()], 1, 10)  # letters that come in two parts
@given(st.lists(st.binary(max_size=30)), st.integers(1, 20), st.integers(1, 20))
def test_a_capture_keeps_both_ends_of_a_stream(parts, first, last):
    capture, stream = Capture(Parts(parts), first, last), b"".join(parts)
    left_out = len(stream) - first - last
    if left_out <= 0:
        assert capture.text() == escape(stream.decode("utf-8", "replace"))
    else:
        start, end = (b.decode("utf-8", "replace") for b in (stream[:first], stream[-last:]))
        shown = f"{start}\n[... {left_out:,} bytes left out ...]\n{end}"
        assert capture.text() == escape(shown)


def test_a_capture_of_a_long_stream_stays_small():
    capture = Capture(Parts([b"\x1b" * 65536] * 2000))
    capture.reader.join()
    assert (len(capture.start), len(capture.end)) == (4096, 16_384)
    assert len(capture.text()) < 83_000
    assert "[... 131,051,520 bytes left out ...]" in capture.text()
