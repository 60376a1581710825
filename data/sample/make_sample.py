"""Make a small treebank of film reviews, in the files of the Stanford Sentiment Treebank.

Sentences are grown from the grammar beside this script. Every phrase of a sentence has a label
from 0 (blame) to 1 (praise): its words' values are added up, a rule may turn them round, and three
imaginary readers move a slider. All chance comes from one seed: running it again gives the same
bytes.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))
import program  # isort: split

import contextlib
import random
import re

from utils.treebank_files import DICTIONARY, LABELS, SENTENCES, SPLIT
from utils.utils import write_files

HERE = Path(__file__).resolve().parent
SEED = 9
SIZE = 3000  # sentences
SPLITS = {1: 2162, 2: 559, 3: 279}  # train, test, dev: in proportion 8544, 2210, 1101
PHRASE_LENGTHS = range(2, 9)  # phrases kept besides whole sentences and single words
NOTCHES = 24  # a reader's slider stands at one of 0..24
BRACKETS = {"-LRB-": "(", "-RRB-": ")"}


class Grammar:
    """Rules, and values of words, as in the grammar files; grammar_reviews.txt explains them."""

    def __init__(self, paths):
        self.values = {}  # of lower-case words: praise is above 0, blame below
        self.rules = {}  # the alternatives of each; one marked {3} is listed three times
        for path in paths:
            text = re.sub(r"\n +", " ", path.read_text(encoding="utf-8"))
            for line in text.splitlines():
                if re.match(r"[+-]\d", line):
                    value, *words = line.split()
                    self.values.update(dict.fromkeys(words, float(value)))
                elif line and not line.startswith("#"):
                    self._add_rule(*line.split(":", 1))

    def _add_rule(self, name, alternatives):
        """Note a rule, every alternative as often as it is to be dealt."""
        if name in self.rules:
            raise ValueError(f"the grammar has two rules named {name!r}; rename one")
        self.rules[name] = []
        for alternative in alternatives.split("|"):
            words, times = re.fullmatch(r"\s*(.+?)\s*(?:\{(\d+)\}\s*)?", alternative).groups()
            self.rules[name] += [words] * int(times or 1)


class Grower:
    """Grow sentences with the values of their phrases; all chance comes from `rng`."""

    def __init__(self, grammar, rng):
        self.grammar = grammar
        self.rng = rng
        self.decks = {name: [] for name in grammar.rules}
        self.used = set()

    def sentence(self):
        """Grow the words of a sentence, and start, end and value of its phrases, itself last."""
        self.used.clear()
        words, phrases = [], []
        self._grow("sentence", words, phrases)
        for i, following in enumerate(words[1:]):
            if words[i] == "a" and following[0].lower() in "aeiou":
                words[i] = "an"
        first = words[0] == "``"  # the capital stands behind an opening quotation mark
        words[first] = words[first][0].upper() + words[first][1:]
        return words, phrases

    def _grow(self, name, words, phrases):
        """Append a rule's expansion to words, its phrases to phrases; return its value."""
        start, value = len(words), 0.0
        for part in self._deal(name).split():
            reference = re.fullmatch(r"<([\w-]+)(?:\*(-?[\d.]+))?>", part)
            if reference:
                rule, scale = reference.groups()
                value += float(scale or 1) * self._grow(rule, words, phrases)
            else:
                words.append(part)
                value += self.grammar.values.get(part.lower(), 0.0)
        phrases.append((start, len(words), value))
        return value

    def _deal(self, name):
        """Take an alternative from a rule's shuffled deck, one new to the sentence if possible.

        The deck makes all alternatives of a rule equally frequent.
        """
        deck = self.decks[name]
        if all(card in self.used for card in deck):
            fresh = list(self.grammar.rules[name])
            self.rng.shuffle(fresh)
            deck[:0] = fresh
        new = [i for i, card in enumerate(deck) if card not in self.used]
        card = deck.pop(new[-1] if new else -1)
        self.used.add(card)
        return card


def label(value, rng):
    """Give a phrase of some value its label: the mean of three readers' sliders, from 0 to 1."""
    if not value and rng.randrange(3):
        return "0.5"  # two neutral phrases of three leave the sliders where they are
    place = round(NOTCHES / 2 * (1 + value / (2 + abs(value))))
    readers = [min(max(place + rng.randint(-3, 3), 0), NOTCHES) for _ in range(3)]
    return f"{sum(readers) / (3 * NOTCHES):.5g}"


def plain(words):
    """Return words as dictionary.txt has them, with real brackets."""
    return " ".join(BRACKETS.get(word, word) for word in words)


def make_treebank(grammar):
    """Grow sentences, no two alike; give them, the split of each, and the label of each phrase."""
    rng = random.Random(SEED)
    grower = Grower(grammar, rng)
    sentences, labels, seen = [], {}, set()

    def note(words, value):
        phrase = plain(words)
        if phrase.lower() not in seen:
            seen.add(phrase.lower())
            labels[phrase] = label(value, rng)

    while len(sentences) < SIZE:
        words, phrases = grower.sentence()
        if plain(words).lower() in seen:
            continue
        sentences.append(" ".join(words))
        note(words, phrases[-1][2])
        for start, end, value in phrases:
            if end - start in PHRASE_LENGTHS:
                note(words[start:end], value)
        for word in words:
            note([word], grammar.values.get(word.lower(), 0.0))
    splits = [split for split, count in SPLITS.items() for _ in range(count)]
    rng.shuffle(splits)
    return sentences, splits, labels


def format_files(sentences, splits, labels):
    """Lay a treebank out as the lines of the four files."""
    ids = {phrase: i for i, phrase in enumerate(labels)}
    twice = (sentence.encode("utf-8").decode("latin-1") for sentence in sentences)
    return {
        SENTENCES: [
            "sentence_index\tsentence",
            *(f"{i}\t{sentence}" for i, sentence in enumerate(twice, 1)),
        ],
        SPLIT: [
            "sentence_index,splitset_label",
            *(f"{i},{split}" for i, split in enumerate(splits, 1)),
        ],
        DICTIONARY: [f"{phrase}|{ids[phrase]}" for phrase in sorted(ids)],
        LABELS: [
            "phrase ids|sentiment values",
            *(f"{i}|{value}" for i, value in enumerate(labels.values())),
        ],
    }


def write(folder):
    """Make the treebank and say what was written."""
    grammar = Grammar(sorted(HERE.glob("grammar_*.txt")))
    sentences, splits, labels = make_treebank(grammar)
    files = format_files(sentences, splits, labels)
    with contextlib.suppress(OSError):  # write_files says what is in the way
        folder.mkdir(parents=True, exist_ok=True)
    write_files({folder / name: "\n".join([*lines, ""]) for name, lines in files.items()})
    words = [word.lower() for sentence in sentences for word in sentence.split()]
    print(
        f"wrote {len(sentences)} sentences, {len(words)} words ({len(set(words))} different) and"
        f" {len(labels)} labelled phrases to {folder}"
    )


def main(arguments=None):
    """Run the program; return 0, or 2 if nothing can be written."""
    parser = program.OneLineParser(prog="make_sample.py", description="Make the sample treebank.")
    about = "default: beside this script"
    parser.add_argument("--output", type=Path, default=HERE, metavar="DIR", help=about)
    options = parser.parse_args(arguments)
    return program.run("make_sample.py", lambda: write(options.output))


if __name__ == "__main__":
    program.launch(main)
