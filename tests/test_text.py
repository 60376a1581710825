"""What submissions print or say: capped and cleaned."""

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.text import Capture, escape

TEXTS = st.text(st.characters(codec=None) | st.sampled_from("\x1b\r\n\t\0\u2028\ud800 ab"))
HIDDEN = {
    "escape": ("\x1b[2J", r"\x1b[2J"),
    "carriage return": ("a\rb", r"a\rb"),
    "line ends of Windows": ("a\r\nb\r\r\n\n\r", "a\nb\n\n\\r"),
    "backspace": ("a\bb", r"a\x08b"),
    "nul": ("\0", r"\x00"),
    "delete": ("\x7f", r"\x7f"),
    "vertical tab and form feed": ("\x0b\x0c", r"\x0b\x0c"),
    "file separators": ("\x1c\x1d\x1e\x1f", r"\x1c\x1d\x1e\x1f"),
    "C1, next line": ("\x85\x9b", r"\x85\x9b"),
    "line and paragraph separator": ("\u2028\u2029", r"\u2028\u2029"),
    "bidi overrides": ("\u202a\u202e\u2066\u2069\u200f", r"\u202a\u202e\u2066\u2069\u200f"),
    "of no width": ("\u200b\ufeff", r"\u200b\ufeff"),
    "no-break space": ("a\u00a0b", r"a\xa0b"),
    "tags": ("\U000e0041", r"\U000e0041"),
    "lone surrogates": ("\ud800\udcff", r"\ud800\udcff"),
}


@pytest.mark.parametrize(("text", "shown"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_not_seen_is_written_out(text, shown):
    assert escape(text) == shown


@pytest.mark.parametrize("text", ["", "a\tb\n c", "naïve 数学 Ω 😀", r"\x1b \\ '"])
def test_what_is_seen_stays(text):
    assert escape(text) == text


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


def test_a_character_that_comes_in_two_parts_is_whole():
    parts = [bytes([byte]) for byte in "é ü".encode()]
    assert Capture(Parts(parts), first=1, last=10).text() == "é ü"


def test_a_capture_of_a_long_stream_stays_small():
    capture = Capture(Parts([b"\x1b" * 65536] * 2000))
    capture.reader.join()
    assert (len(capture.start), len(capture.end)) == (4096, 16_384)
    assert len(capture.text()) < 83_000
    assert "[... 131,051,520 bytes left out ...]" in capture.text()
