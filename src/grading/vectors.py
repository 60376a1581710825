"""2c: the file of word vectors that run.py wrote."""

import json
import math
from statistics import median

FILE = "sample_vectors_(soln).json"
DIM = 10
MAX_BYTES = 2**20  # the file of a run has 6,000
MAX_NAMED = 5  # missing words
SHOWN = 30  # longest quotation from the file, in characters
REMEDY = "run 'make data', then python run.py"
HAND_IN = "hand in the file that run.py wrote"
KINDS = {dict: "an object", list: "a list", float: "a number"}

PUBLISHED = {
    "female": [
        *(0.60297238, 0.16789319, 0.22520087, -0.28873306, -0.91461572),
        *(-0.2206997, 0.2238455, -0.27169215, 0.6634933, 0.23203231),
    ],
    "cool": [
        *(0.56412561, 0.13722983, 0.20823648, -0.29296957, -0.87044809),
        *(-0.18822963, 0.24239616, -0.29410092, 0.69796447, 0.21475298),
    ],
}
OF_SAMPLE = {  # how the vectors of the sample treebank begin: python run.py --data ../data/sample
    "female": [-1.53000164, -0.46092717, -0.53000711],
    "cool": [0.29658129, 0.15262819, 0.10695413],
}
SAME = 1e-3  # largest difference of vectors that are the same
# Entries begin within 0.05 of zero and are hardly larger after 2,000 iterations; of the published
# vectors every one has an entry above 0.6, and half of them are 0.07 of their length from the mean.
BARELY_TRAINED = 0.1
NEARLY_ONE = 0.02


class VectorsError(ValueError):
    """The file is not there, or does not hold word vectors; the message says why in one line."""


def check_vectors(data, expected, *, rtol, atol, words=None, reveal=False):
    """Say what is wrong with the vectors in a file, bytes or None for no file; nothing if right.

    An entry may differ by ``atol + rtol * abs(expected)``. The file must hold the `words`, those
    of `expected` by default; one without an expected vector must have 10 numbers.
    """
    try:
        vectors = read_vectors(data, list(expected) if words is None else words)
    except VectorsError as error:
        return str(error)

    def excess(word):
        pairs = zip(vectors[word], expected[word], strict=True)
        return [abs(yours - ours) - atol - rtol * abs(ours) for yours, ours in pairs]

    compared = [word for word in vectors if word in expected]
    wrong = [word for word in compared if not all(x <= 0 for x in excess(word))]
    if not wrong:
        return ""
    word = wrong[0]
    what = f"{FILE}: the vector of {word!r} is not the published one"
    if reveal:
        i = max(range(DIM), key=excess(word).__getitem__)
        what += f": entry {i} is {vectors[word][i]:.8g}, expected {expected[word][i]:.8g}"
    cause = _cause(vectors, expected, wrong)
    return f"{what} ({len(wrong)} of {len(compared)} words differ). {cause}."


def _cause(vectors, expected, wrong):
    """Say why vectors may differ from those published."""
    begins = [(vectors[word], begin) for word, begin in OF_SAMPLE.items() if word in vectors]
    if begins and all(_same(vector, begin) for vector, begin in begins):
        return f"They are those of the sample treebank: {REMEDY}"
    if all(_same(vectors[word], [-x for x in expected[word]]) for word in wrong):
        return "They are negated"
    if all(any(_same(vectors[word], other) for other in expected.values()) for word in wrong):
        return f"The vectors are those of other words: {HAND_IN}"
    if median(max(map(abs, vector)) for vector in vectors.values()) < BARELY_TRAINED:
        return (
            "They are barely trained. Likely causes: fewer iterations than 40,000 (--iterations), "
            "or functions that hardly change them"
        )
    mean = [sum(entries) / len(vectors) for entries in zip(*vectors.values(), strict=True)]
    distances = [math.dist(vector, mean) for vector in vectors.values()]
    if len(vectors) > 1 and median(distances) < NEARLY_ONE * math.hypot(*mean):
        return (
            "All words have nearly the same vector. Likely cause: skipgram changes the vectors of "
            "all words, expected: only the center word's row of the gradient is not zero"
        )
    return (
        "Likely causes: another treebank, fewer iterations (--iterations), other options, a "
        "changed random seed, or functions that differ"
    )


def _same(vector, other):
    """Tell whether a vector is another one, or begins with it."""
    return all(abs(x - y) <= SAME for x, y in zip(vector, other, strict=False))


def read_vectors(data, words):
    """Read the vectors of words from a file, 10 finite numbers each; raise `VectorsError`."""
    found = _parse(data)
    if not isinstance(found, dict):
        raise VectorsError(
            f"{FILE} holds {_kind(found)}, expected an object with a list of {DIM} numbers "
            f"for each word: {REMEDY}"
        )
    missing = [word for word in words if word not in found]
    if missing:
        named = ", ".join(map(repr, missing[:MAX_NAMED]))
        more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        raise VectorsError(f"{FILE} has no vector of {named}{more}: {REMEDY}")
    for word in words:
        if wrong := _fault(found[word]):
            raise VectorsError(f"{FILE}: the vector of {word!r} {wrong}")
    return {word: found[word] for word in words}


def _parse(data):
    """Read JSON, every number of it as a float."""
    if data is None:
        raise VectorsError(f"there is no {FILE}: {REMEDY}, which writes it")
    if not data.strip():
        raise VectorsError(f"{FILE} is empty: {REMEDY}, which writes it")
    wrong = f"too large: {len(data):,} bytes, expected at most {MAX_BYTES:,}"
    try:
        if len(data) <= MAX_BYTES:
            return json.loads(data.decode("utf-8-sig"), parse_int=float)
    except UnicodeDecodeError as error:
        wrong = f"not in UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        wrong = f"no valid JSON: {error.msg}, line {error.lineno}, column {error.colno}"
    except RecursionError:
        wrong = "nested too deeply"
    raise VectorsError(f"{FILE} is {wrong}; {HAND_IN}")


def _fault(vector):
    """Say what is wrong with a vector; nothing if it is 10 finite numbers."""
    if not isinstance(vector, list):
        return f"is {_kind(vector)}, expected a list of {DIM} numbers"
    if len(vector) != DIM:
        return f"has length {len(vector)}, expected {DIM} (run.py without --dim)"
    for i, entry in enumerate(vector):
        if not isinstance(entry, float):
            return f"has an entry that is no number: entry {i} is {_kind(entry)}"
        if not math.isfinite(entry):
            return f"has an entry that is not finite: entry {i} is {entry}"
    return ""


def _kind(value):
    """Say what a value of JSON is; a string is quoted, capped."""
    if isinstance(value, str):
        return f"the string {value[:SHOWN]!a}"
    return KINDS.get(type(value)) or json.dumps(value)
