"""The files of the Stanford Sentiment Treebank: where they are, and what they say."""

from pathlib import Path

import numpy as np

from .commands import command
from .utils import InputError

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
        raise InputError(
            f"{path} tells of {found} sentences, but {SENTENCES} has {num_sentences}: they are "
            f"not of one treebank, or one is cut off. Get both anew with '{command('data')}'."
        )
    return list(splits.values())


def read_phrase_labels(folder):
    """Read dictionary.txt and sentiment_labels.txt: 0..1 for each phrase in lower case."""
    path, labels = Path(folder) / LABELS, []
    for number, index, label in _records(path, "phrase ids|sentiment values", "|"):
        _expect(index == str(number - 2), path, number, f"phrase id {number - 2}", index)
        _expect(0 <= _number(label) <= 1, path, number, "a number in 0..1", label)
        labels.append(float(label))
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
            raise InputError(
                f"{Path(folder) / DICTIONARY} has no phrase equal to sentence {position + 1} of "
                f"{SENTENCES}, {_shown(key)}: they are not of one treebank, or one is cut off. "
                f"Get both anew with '{command('data')}'."
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


def _number(text):
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _records(path, header, separator):
    """Yield the number of each line and its two fields."""
    lines = list(enumerate(_lines(path), 1))
    if header:
        found = lines.pop(0)[1] if lines else ""
        _expect(found == header, path, 1, f"the header {_shown(header)}", found)
    _expect(lines, path, 2 if header else 1, "an entry", "the end of the file")
    for number, line in lines:
        # a sentence may hold another tab, and a phrase, whose index comes last, another "|"
        part = line.partition if separator == "\t" else line.rpartition
        first, found, second = part(separator)
        _expect(found, path, number, f"two fields parted by {_shown(separator)}", line)
        yield number, first, second


def _lines(path):
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        where = f"{path.name} not found in {path.parent.absolute()}"
        raise InputError(f"{where}. Run '{command('data')}', or name another folder.") from None
    except OSError as error:
        where = f"{path} cannot be read: {error.strerror}"
        raise InputError(f"{where}. Run '{command('data')}', or name another folder.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        _expect(False, path, number, "text in UTF-8", f"byte 0x{content[error.start]:02x}")
    *lines, rest = text.replace("\r\n", "\n").split("\n")
    _expect(not rest, path, len(lines) + 1, "a whole line (the file is cut off)", rest)
    return lines


def _expect(condition, path, number, expected, found):
    if not condition:
        raise InputError(
            f"{path}, line {number}: expected {expected}, found {_shown(found)}. "
            f"Mend it, or get the file anew with '{command('data')}'."
        )


def _shown(text):
    return repr(text if len(text) <= 50 else text[:47] + "...")
