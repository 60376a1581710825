"""2c: the file of word vectors that run.py wrote."""

import json

import numpy as np

from sandbox.upload import VECTORS as FILE

from .compare import difference, to_array_of_shape

DIM = 10
MAX_BYTES = 2**20  # the file of a run has 6,000
REMEDY = "Run data/fetch.py, then run.py without options: it writes the file to hand in."

# fmt: off
PUBLISHED = {  # two of a run on the real treebank, as it writes them
    "female": [
        0.6029723815239835, 0.16789318536724746, 0.22520087305967568, -0.2887330648792561,
        -0.914615719505456, -0.2206997036383445, 0.2238454978107194, -0.27169214724889107,
        0.6634932978039564, 0.2320323110106518,
    ],
    "cool": [
        0.5641256072125872, 0.13722982658305444, 0.2082364803517175, -0.2929695723456364,
        -0.8704480862547578, -0.18822962799771015, 0.24239616047158674, -0.29410091959922546,
        0.6979644655991716, 0.2147529764765611,
    ],
}
# fmt: on
OF_SAMPLE = {  # how the vectors of the sample treebank begin: python run.py --data ../data/sample
    "female": [-1.53000164, -0.46092717, -0.53000711],
    "cool": [0.29658129, 0.15262819, 0.10695413],
}
CLOSE = 1e-3  # largest difference of vectors that are the same
# Entries begin within 0.05 of zero and are hardly larger after 2,000 iterations; of the published
# vectors every one has an entry above 0.6, and half of them are 0.07 of their length from the mean.
BARELY_TRAINED = 0.1
NEARLY_ONE = 0.02


def check_vectors(data, expected, *, rtol, atol, words=None, reveal=False):
    """Say what is wrong with the vectors of words in a file; nothing if all is right."""
    words = list(expected) if words is None else words
    if not (data or b"").strip():
        return f"{FILE} is {'missing' if data is None else 'empty'}. {REMEDY}"
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"too large, {len(data):,} bytes, expected at most {MAX_BYTES:,}")
        vectors = json.loads(data.decode("utf-8-sig"), parse_int=float)
        if not isinstance(vectors, dict):
            raise ValueError("no object of words and vectors")
    except (ValueError, RecursionError) as error:
        return f"{FILE} is not the JSON that run.py writes: {error}. {REMEDY}"
    if missing := [word for word in words if word not in vectors]:
        count = f"{len(missing)} of {len(words)} words are missing"
        return f"{FILE} has no vector of {missing[0]!r}: {count}. {REMEDY}"
    found, wrong = {}, {}
    for word in words:
        what, right = f"{FILE}: the vector of {word!r}", expected.get(word, np.zeros(DIM))
        problem = difference(what, vectors[word], right, rtol, atol, reveal).where
        found[word] = to_array_of_shape(vectors[word], (DIM,))
        if found[word] is None:
            return f"{problem} {REMEDY}"
        if problem and word in expected:
            wrong[word] = problem
    if not wrong:
        return ""
    count = f"{len(wrong)} of {len(expected)} words differ from those published."
    return f"{next(iter(wrong.values()))} {count} {cause_of(found, expected, wrong)}"


@np.errstate(all="ignore")
def cause_of(vectors, expected, wrong):
    """Say why vectors may differ from those published."""

    def are_close(one, other):
        return np.all(abs(one - np.array(other)) <= CLOSE, axis=-1)

    begins = [are_close(vectors[word][:3], x) for word, x in OF_SAMPLE.items() if word in vectors]
    found, published = np.array([*vectors.values()]), np.array([*expected.values()])
    distances = np.linalg.norm(found - found.mean(axis=0), axis=1)
    length = np.linalg.norm(found.mean(axis=0))
    if begins and all(begins):
        return f"They are those of the sample treebank. {REMEDY}"
    if all(are_close(vectors[word], [-x for x in expected[word]]) for word in wrong):
        return "They are negated."
    if all(are_close(vectors[word], published).any() for word in wrong):
        return f"The vectors are those of other words. {REMEDY}"
    if np.median(abs(found).max(axis=1)) < BARELY_TRAINED:
        return (
            "They are barely trained. Likely causes: fewer iterations than 40,000 (--iterations), "
            "or functions that hardly change them."
        )
    if len(found) > 1 and np.median(distances) < NEARLY_ONE * length:
        return (
            "All words have nearly the same vector. Likely cause: skipgram changes the vectors of "
            "all words, expected: only the center word's row of the gradient is not zero."
        )
    return (
        "Likely causes: another treebank, fewer iterations (--iterations), other options, a "
        "changed random seed, or functions that differ."
    )
