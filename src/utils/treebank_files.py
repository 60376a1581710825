"""The files of the Stanford Sentiment Treebank: where they are, and what they say."""

from pathlib import Path

import numpy as np

from .commands import command
from .utils import InputError, read_text, shown

DATA = Path(__file__).resolve().parents[2] / "data"
REAL, SAMPLE = DATA / "stanfordSentimentTreebank", DATA / "sample"
SENTENCES, SPLIT = "datasetSentences.txt", "datasetSplit.txt"
DICTIONARY, LABELS = "dictionary.txt", "sentiment_labels.txt"


def find_treebank():
    """Find the treebank to use when none is named: the real one if there, else the sample."""
    return REAL if (REAL / SENTENCES).exists() else SAMPLE


def read_sentences(folder):
    """Read datasetSentences.txt: the sentences as the file has them."""
    path, sentences = Path(folder) / SENTENCES, []
    for number, index, sentence in _records(path, "sentence_index\tsentence", "\t"):
        _expect(index == str(number - 1), path, number, f"index {number - 1}", index)
        _expect(sentence.split(), path, number, "a sentence", sentence)
        sentences.append(sentence)
    return sentences


def read_split(folder, num_sentences):
    """Read datasetSplit.txt: positions of sentences for training, test and development."""
    path, splits = Path(folder) / SPLIT, {"1": [], "2": [], "3": []}
    for number, index, label in _records(path, "sentence_index,splitset_label", ","):
        _expect(index == str(number - 1), path, number, f"index {number - 1}", index)
        _expect(label in splits, path, number, "1 (train), 2 (test) or 3 (dev)", label)
        splits[label].append(number - 2)
    found = sum(map(len, splits.values()))
    if found != num_sentences:
        raise _mismatch(f"{path} lists {found} sentences, but {SENTENCES} has {num_sentences}")
    return list(splits.values())


def read_phrase_labels(folder):
    """Read dictionary.txt and sentiment_labels.txt: 0..1 for each phrase in lower case."""
    path, labels = Path(folder) / LABELS, []
    for number, index, label in _records(path, "phrase ids|sentiment values", "|"):
        _expect(index == str(number - 2), path, number, f"phrase id {number - 2}", index)
        labels.append(_label(path, number, label))
    path, phrases = Path(folder) / DICTIONARY, {}
    for number, phrase, index in _records(path, None, "|"):
        is_id = index.isascii() and index.isdigit() and int(index) < len(labels)
        _expect(is_id, path, number, f"a phrase id below {len(labels)}", index)
        phrases[_key(phrase)] = labels[int(index)]
    return phrases


def sentence_labels(folder, sentences):
    """Look up the sentiment in 0..1 of each sentence: that of the phrase equal to it."""
    phrases = read_phrase_labels(folder)
    labels = np.empty(len(sentences))
    for position, sentence in enumerate(sentences):
        key = _key(_undo_double_encoding(sentence)).replace("-lrb-", "(").replace("-rrb-", ")")
        if key not in phrases:
            raise _mismatch(
                f"{Path(folder) / DICTIONARY} has no phrase equal to sentence {position + 1} of "
                f"{SENTENCES}, {shown(key)}"
            )
        labels[position] = phrases[key]
    return labels


def _key(text):
    return " ".join(text.lower().split())


def _undo_double_encoding(text):
    """Give "clichés" for "clichÃ©s": 107 sentences of the treebank were encoded twice."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _label(path, number, text):
    try:
        label = float(text)
    except ValueError:
        label = -1
    _expect(0 <= label <= 1, path, number, "a number in 0..1", text)
    return label


def _records(path, header, separator):
    """Yield the number of each line and its two fields."""
    if not path.exists():
        where = f"{path.name} not found in {path.parent.absolute()}"
        raise InputError(f"{where}. Run '{command('data')}', or name another folder.")
    first_lines = [f"the header {header!r}", "an entry"] if header else ["an entry"]
    number = 0
    for number, line in enumerate(read_text(path, _remedy()), 1):
        _expect(line.endswith("\n"), path, number, "a whole line (the file is cut off)", line)
        line = line.removesuffix("\n").removesuffix("\r")
        if header and number == 1:
            _expect(line == header, path, number, first_lines[0], line)
            continue
        # a sentence may hold another tab, and a phrase, whose index comes last, another "|"
        part = line.partition if separator == "\t" else line.rpartition
        first, found, second = part(separator)
        _expect(found, path, number, f"two fields separated by {separator!r}", line)
        yield number, first, second
    if number < len(first_lines):
        _expect(False, path, number + 1, first_lines[number], "the end of the file")


def _expect(condition, path, number, expected, found):
    if not condition:
        raise InputError(
            f"{path}, line {number}: expected {expected}, found {shown(found)}. {_remedy()}"
        )


def _remedy():
    return f"Correct it, or get the file anew with '{command('data')}'."


def _mismatch(problem):
    return InputError(
        f"{problem}: they are not of one treebank, or one is cut off. "
        f"Get both anew with '{command('data')}'."
    )
