"""NumPy on the stream of Python's ``random``; for the corpus and the table see test_treebank."""

import random

from hypothesis import given
from hypothesis import strategies as st

from utils.sampling import python_random_stream


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
    with python_random_stream() as stream:
        drawn = stream.random_sample(count).tolist()
    assert drawn == expected
    assert random.getstate() == end
