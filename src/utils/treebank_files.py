"""The files of the Stanford Sentiment Treebank: where they are, and what they say."""

from pathlib import Path

import numpy as np

from .utils import InputError

DATA = Path(__file__).resolve().parents[2] / "data"
REAL, SAMPLE = DATA / "stanfordSentimentTreebank", DATA / "sample"
SENTENCES, SPLIT = "datasetSentences.txt", "datasetSplit.txt"
DICTIONARY, LABELS = "dictionary.txt", "sentiment_labels.txt"


def find_treebank():
    """Find the treebank to use when none is named: the real one if it is there, else the sample.

    Returns
    -------
    Path
        Its folder.
    """
    return REAL if (REAL / SENTENCES).exists() else SAMPLE


def read_sentences(folder):
    """Read datasetSentences.txt.

    Parameters
    ----------
    folder : Path
        The treebank's folder.

    Returns
    -------
    list of str
        The sentences as the file has them.

    Raises
    ------
    InputError
        Names file and line of what is wrong.
    """
    sentences = []
    for number, (index, sentence) in _records(folder, SENTENCES, "sentence_index\tsentence", "\t"):
        _expect(folder, SENTENCES, number, index == str(number - 1), f"index {number - 1}", index)
        _expect(folder, SENTENCES, number, bool(sentence.split()), "a sentence", sentence)
        sentences.append(sentence)
    return sentences


def read_split(folder, num_sentences):
    """Read datasetSplit.txt.

    Parameters
    ----------
    folder : Path
        The treebank's folder.
    num_sentences : int
        Number of sentences that it must tell of.

    Returns
    -------
    list of list of int
        Positions of the sentences for training, test and development.

    Raises
    ------
    InputError
        Names file and line of what is wrong.
    """
    splits = {"1": [], "2": [], "3": []}
    number = 1
    for number, (index, label) in _records(folder, SPLIT, "sentence_index,splitset_label", ","):
        _expect(folder, SPLIT, number, index == str(number - 1), f"index {number - 1}", index)
        _expect(folder, SPLIT, number, label in splits, "1 (train), 2 (test) or 3 (dev)", label)
        splits[label].append(number - 2)
    if number - 1 != num_sentences:
        raise InputError(
            f"{folder / SPLIT} tells of {number - 1} sentences, but {SENTENCES} has "
            f"{num_sentences}: they are not of one treebank, or one is cut off."
        )
    return list(splits.values())


def read_phrase_labels(folder):
    """Read dictionary.txt and sentiment_labels.txt.

    Parameters
    ----------
    folder : Path
        The treebank's folder.

    Returns
    -------
    dict of str to float
        Sentiment in 0..1 of each phrase, in lower case.

    Raises
    ------
    InputError
        Names file and line of what is wrong.
    """
    labels = []
    for number, (index, label) in _records(folder, LABELS, "phrase ids|sentiment values", "|"):
        _expect(folder, LABELS, number, index == str(number - 2), f"phrase id {number - 2}", index)
        value = _number(label)
        _expect(folder, LABELS, number, 0 <= value <= 1, "a number in 0..1", label)
        labels.append(value)
    phrases = {}
    for number, (phrase, index) in _records(folder, DICTIONARY, None, "|"):
        known = index.isascii() and index.isdigit() and int(index) < len(labels)
        _expect(folder, DICTIONARY, number, known, f"a phrase id below {len(labels)}", index)
        phrases[_key(phrase)] = labels[int(index)]
    return phrases


def sentence_labels(folder, sentences):
    """Look up the sentiment of each sentence: that of the phrase equal to it.

    Parameters
    ----------
    folder : Path
        The treebank's folder.
    sentences : list of str
        The sentences as `read_sentences` gives them.

    Returns
    -------
    ndarray of float, shape (number of sentences,)
        Sentiments in 0..1.

    Raises
    ------
    InputError
        If a file is missing or wrong, or a sentence is not among the phrases.
    """
    phrases = read_phrase_labels(folder)
    labels = np.empty(len(sentences))
    for position, sentence in enumerate(sentences):
        key = _key(_undo_double_encoding(sentence)).replace("-lrb-", "(").replace("-rrb-", ")")
        if key not in phrases:
            raise InputError(
                f"{folder / DICTIONARY} has no phrase equal to sentence {position + 1} of "
                f"{SENTENCES}: {_shown(key)}. They are not of one treebank, or one is cut off."
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


def _records(folder, name, header, separator):
    """Yield line number and the two fields of each line, parted by the last separator."""
    lines = _lines(folder, name)
    start = 0
    if header is not None:
        start = 1
        found = lines[0] if lines else ""
        _expect(folder, name, 1, found == header, f"the header {_shown(header)}", found)
    _expect(folder, name, start + 1, len(lines) > start, "at least one entry", "")
    for number, line in enumerate(lines[start:], start + 1):
        first, found, second = (
            line.partition(separator) if separator == "\t" else line.rpartition(separator)
        )
        _expect(folder, name, number, bool(found), f"two fields parted by {separator!r}", line)
        yield number, (first, second)


def _lines(folder, name):
    path = Path(folder) / name
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{name} not found in {folder}. Run 'make data', or pass --data DIR."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        _expect(path.parent, name, number, False, "UTF-8 text", content[error.start :][:20])
    if text and not text.endswith("\n"):
        number = text.count("\n") + 1
        _expect(path.parent, name, number, False, "a line end: the file is cut off", text[-20:])
    return text.replace("\r\n", "\n").split("\n")[:-1]


def _expect(folder, name, number, condition, expected, found):
    if not condition:
        raise InputError(
            f"{Path(folder) / name}, line {number}: expected {expected}, found {_shown(found)}. "
            "Mend the file, or get it anew with 'make data'."
        )


def _shown(text):
    return repr(text if len(text) <= 60 else text[:57] + text[:0].join(["..."]))
