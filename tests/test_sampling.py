"""NumPy on the stream of Python's ``random``; for the corpus and the table see test_treebank."""

import random

from hypothesis import given
from hypothesis import strategies as st

from utils.sampling import PythonStream


@given(st.integers(0, 2**64), st.integers(0, 1500), st.integers(0, 1500), st.booleans())
def test_numpy_draws_what_python_would_and_leaves_the_stream_there(seed, before, count, with_gauss):
    random.seed(seed)
    for _ in range(before):
        random.getrandbits(32)
    if with_gauss:
        random.gauss(0, 1)
    start = random.getstate()
    expected = [random.random() for _ in range(count)]
    end = random.getstate()

    random.setstate(start)
    stream = PythonStream()
    assert stream.uniforms(count).tolist() == expected
    assert random.getstate() == start
    stream.advance(2 * count)
    assert random.getstate() == end


@given(st.integers(0, 2**64), st.integers(0, 1500), st.integers(0, 1500))
def test_words_are_the_bits_of_pythons_draws(seed, before, count):
    random.seed(seed)
    for _ in range(before):
        random.getrandbits(32)
    stream = PythonStream()
    assert stream.words(count).tolist() == [random.getrandbits(32) for _ in range(count)]
    end = random.getstate()
    stream.advance(count)
    assert random.getstate() == end
