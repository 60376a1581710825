"""What submissions print or say: capped and cleaned."""

import os
import unicodedata

import pytest
from hypothesis import example, given, settings
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


def captured(*parts, **sizes):
    """Capture a stream that comes in parts."""
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as stream, open(writer, "wb", buffering=0) as end:
        capture = Capture(stream, **sizes)
        for part in parts:
            end.write(part)
        end.close()
        capture.reader.join()
    return capture


@example([bytes([byte]) for byte in "é ü".encode()], 1, 10)  # letters that come in two parts
@settings(max_examples=50)
@given(st.lists(st.binary(max_size=30)), st.integers(1, 20), st.integers(1, 20))
def test_a_capture_keeps_both_ends_of_a_stream(parts, first, last):
    capture, stream = captured(*parts, first=first, last=last), b"".join(parts)
    left_out = len(stream) - first - last
    shown = stream.decode("utf-8", "replace")
    if left_out > 0:
        start, end = (b.decode("utf-8", "replace") for b in (stream[:first], stream[-last:]))
        shown = f"{start}\n[... {left_out:,} bytes left out ...]\n{end}"
    assert capture.text() == escape(shown)


def test_a_capture_of_a_long_stream_stays_small():
    capture = captured(*[b"\x1b" * 65536] * 200)
    assert (len(capture.start), len(capture.end)) == (4096, 16_384)
    assert "[... 13,086,720 bytes left out ...]" in capture.text()
