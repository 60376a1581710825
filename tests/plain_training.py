"""The handout's training run by plain loops, written apart from the code it is the oracle of."""

import math
import random

import numpy as np


def read(path):
    """Give the sentences of datasetSentences.txt as lists of words in lower case."""
    with open(path, encoding="utf-8", newline="\n") as lines:
        next(lines)
        return [line.lower().split("\t")[1].split() for line in lines]


def vocabulary(sentences):
    """Give index and frequency of every word, "UNK" last."""
    frequency = {}
    for sentence in sentences:
        for word in sentence:
            frequency[word] = frequency.get(word, 0) + 1
    frequency["UNK"] = 1
    return {word: i for i, word in enumerate(frequency)}, list(frequency.values())


def draw_corpus(sentences, frequency_of, total, threshold=1e-5):
    """Subsample the sentences 30 times over."""
    corpus = []
    for _ in range(30):
        for sentence in sentences:
            kept = []
            for word in sentence:
                r = max(0, 1 - math.sqrt(threshold * total / frequency_of[word]))
                if r <= 0 or random.random() >= r:
                    kept.append(word)
            if len(kept) > 1:
                corpus.append(kept)
    return corpus


def negative_table(frequency, size):
    """Make the table of negative samples, entry by entry."""
    weights = [count**0.75 for count in frequency]
    table, word = [], 0
    reached = weights[0] / sum(weights) * size
    for i in range(size):
        while reached < i:
            word += 1
            reached += weights[word] / sum(weights) * size
        table.append(word)
    return table


def draw_window(corpus, size):
    """Draw a center word and its outside words."""
    sentence = corpus[random.randint(0, len(corpus) - 1)]
    here = random.randint(0, len(sentence) - 1)
    near = [sentence[i] for i in range(len(sentence)) if 0 < abs(i - here) <= size]
    outside = [word for word in near if word != sentence[here]]
    return (sentence[here], outside) if outside else draw_window(corpus, size)


def train(path, iterations, dim, window, negatives, step, thinning, anneal_every=20_000):
    """Train, one pair after the other; give index of words, center and outside vectors, losses."""
    sentences = read(path)
    index, frequency = vocabulary(sentences)
    table = negative_table(frequency, 1_000_000)
    random.seed(31415)
    np.random.seed(9265)
    V = (np.random.rand(len(index), dim) - 0.5) / dim
    U = np.zeros((len(index), dim))
    corpus, losses = None, []
    for iteration in range(1, iterations + 1):
        change_V, change_U, loss = {}, {}, 0.0
        for _ in range(50):
            size = random.randint(1, window)
            if corpus is None:
                frequency_of = dict(zip(index, frequency, strict=True))
                corpus = draw_corpus(sentences, frequency_of, sum(frequency), thinning)
            center, outside = draw_window(corpus, size)
            c = index[center]
            for o in (index[word] for word in outside):
                words = [o]
                while len(words) <= negatives:
                    drawn = table[random.randint(0, len(table) - 1)]
                    if drawn != o:
                        words.append(drawn)
                for position, w in enumerate(words):
                    sign = 1 if position == 0 else -1
                    p = 1 / (1 + math.exp(-sign * (U[w] @ V[c])))
                    loss -= math.log(p)
                    change_V[c] = change_V.get(c, 0) + sign * (1 - p) * U[w]
                    change_U[w] = change_U.get(w, 0) + sign * (1 - p) * V[c]
        losses.append(loss / 50)
        rate = step / 2 ** ((iteration - 1) // anneal_every) / 50
        for c, change in change_V.items():
            V[c] += rate * change
        for w, change in change_U.items():
            U[w] += rate * change
    return index, V, U, losses
