"""The treebank's files: what is read of them, and what is said of bad ones."""

import re

import pytest
from conftest import write_treebank

from utils import treebank_files
from utils.treebank import StanfordSentiment
from utils.treebank_files import read_sentences
from utils.utils import InputError

TEXTS = ["rain and snow", "coffee or tea", "a b c"]


def replaced(old, new):
    return lambda content: content.replace(old, new)


# file, what is done to its bytes (None: it is deleted), line to be named, words of the message
BAD = {
    "missing": ("datasetSentences.txt", None, None, "not found in .* Run 'make data', or name another folder"),
    "empty": ("datasetSentences.txt", lambda c: b"", 1, r"expected the header 'sentence_index\\tsentence', found 'the end of the file'"),
    "no header": ("datasetSentences.txt", lambda c: c.split(b"\n", 1)[1], 1, r"the header .* found '1\\train and snow'"),
    "header only": ("datasetSentences.txt", lambda c: c.split(b"\n")[0] + b"\n", 2, "expected an entry"),
    "truncated": ("datasetSentences.txt", lambda c: c[:-3], 4, r"a whole line \(the file is cut off\)"),
    "binary": ("datasetSentences.txt", lambda c: c[:40] + b"\x89PNG\r\n" + c[40:], 3, "text in UTF-8, found the byte 0x89"),
    "UTF-16": ("datasetSentences.txt", lambda c: c.decode().encode("utf-16"), 1, "text in UTF-8, found the byte 0xff"),
    "a long line": ("datasetSentences.txt", lambda c: c.replace(b"2\tcoffee", b"2 " + b"x" * 1000), 3, r"found '2 x{43}\.\.\.'\. "),
    "no tab": ("datasetSentences.txt", replaced(b"2\t", b"2 "), 3, r"two fields separated by '\\t', found '2 coffee or tea'"),
    "index out of order": ("datasetSentences.txt", replaced(b"2\t", b"4\t"), 3, "expected index 2, found '4'"),
    "empty sentence": ("datasetSentences.txt", replaced(b"coffee or tea", b" "), 3, "expected a sentence, found ' '"),
    "split header": ("datasetSplit.txt", replaced(b"splitset_label", b"label"), 1, "the header 'sentence_index,splitset_label'"),
    "split label": ("datasetSplit.txt", replaced(b"2,2", b"2,4"), 3, r"expected 1 \(train\), 2 \(test\) or 3 \(dev\), found '4'"),
    "split index": ("datasetSplit.txt", replaced(b"2,2", b"02,2"), 3, "expected index 2, found '02'"),
    "split too short": ("datasetSplit.txt", replaced(b"3,3\n", b""), None, "lists 2 sentences, but datasetSentences.txt has 3"),
    "labels header": ("sentiment_labels.txt", replaced(b"phrase ids", b"ids"), 1, r"the header 'phrase ids\|sentiment values'"),
    "label beyond 1": ("sentiment_labels.txt", replaced(b"1|0.5", b"1|1.5"), 3, r"a number in 0\.\.1, found '1.5'"),
    "label NaN": ("sentiment_labels.txt", replaced(b"1|0.5", b"1|nan"), 3, r"a number in 0\.\.1, found 'nan'"),
    "label no number": ("sentiment_labels.txt", replaced(b"1|0.5", b"1|good"), 3, r"a number in 0\.\.1, found 'good'"),
    "label id": ("sentiment_labels.txt", replaced(b"1|0.5", b"7|0.5"), 3, "phrase id 1, found '7'"),
    "dictionary missing": ("dictionary.txt", None, None, "dictionary.txt not found"),
    "dictionary empty": ("dictionary.txt", lambda c: b"", 1, "an entry"),
    "dictionary no bar": ("dictionary.txt", replaced(b"|1", b"#1"), 2, r"two fields separated by '\|'"),
    "dictionary id": ("dictionary.txt", replaced(b"|1", b"|3"), 2, "a phrase id below 3, found '3'"),
    "dictionary negative id": ("dictionary.txt", replaced(b"|1", b"|-1"), 2, "a phrase id below 3, found '-1'"),
    "dictionary other phrases": ("dictionary.txt", replaced(b"coffee", b"cocoa"), None, "no phrase equal to sentence 2 .* 'coffee or tea'"),
}  # fmt: skip


def read_all(folder):
    treebank = StanfordSentiment(folder)
    return treebank.sentences(), treebank.dataset_split(), treebank.sent_labels().tolist()


@pytest.mark.parametrize(("name", "damage", "line", "words"), BAD.values(), ids=list(BAD))
def test_a_bad_file_gives_one_line_with_file_line_and_remedy(
    make_treebank, name, damage, line, words
):
    folder = make_treebank(TEXTS)
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage:
        assert damage(content) != content
        (folder / name).write_bytes(damage(content))
    with pytest.raises(InputError) as caught:
        read_all(folder)
    message = str(caught.value)
    assert re.search(words, message), message
    assert "make data" in message
    assert name in message
    assert "\n" not in message
    assert line is None or f"{folder / name}, line {line}: " in message


def test_sentences_are_given_as_the_file_has_them(make_treebank):
    texts = ["The  Rock is\u00a0clichÃ©", "tab\tinside", "line\u2028end\x85inside"]
    assert read_sentences(make_treebank(texts)) == texts


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(make_treebank):
    folder = make_treebank(TEXTS)
    expected = read_all(folder)
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_all(folder) == expected


def test_a_folder_that_is_a_file_and_a_file_that_is_a_folder_are_told(tmp_path, monkeypatch):
    (tmp_path / "x").write_text("")
    (tmp_path / "datasetSentences.txt").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(f"not found in {tmp_path / 'x'}. ")):
        read_sentences("x")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory\. Correct it"):
        read_sentences(tmp_path)


def test_the_real_treebank_is_preferred_to_the_sample(tmp_path, monkeypatch):
    monkeypatch.setattr(treebank_files, "REAL", tmp_path / "real")
    assert StanfordSentiment().path == treebank_files.SAMPLE
    write_treebank(tmp_path / "real", TEXTS)
    assert StanfordSentiment().path == tmp_path / "real"
