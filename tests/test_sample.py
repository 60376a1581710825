"""The sample treebank: made by its script to the byte, in the real one's format, with fitting labels."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from utils.treebank import StanfordSentiment
from utils.treebank_files import DICTIONARY, LABELS, SAMPLE, SENTENCES, SPLIT, read_phrase_labels
from utils.word_vectors import PLOTTED_WORDS

PRAISE, BLAME, OTHERS = PLOTTED_WORDS[:9], PLOTTED_WORDS[9:13], PLOTTED_WORDS[13:]
TREEBANK, LABEL = StanfordSentiment(SAMPLE), read_phrase_labels(SAMPLE)  # of a phrase, its label


def make_sample(folder):
    command = [sys.executable, SAMPLE / "make_sample.py", "--output", folder]
    return subprocess.run(command, capture_output=True, text=True)


def lines(name):
    return (SAMPLE / name).read_text(encoding="utf-8").splitlines()


def test_script_makes_the_same_bytes_again(tmp_path):
    done = make_sample(tmp_path / "new")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    made = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    ours = {name: (SAMPLE / name).read_bytes() for name in (SENTENCES, SPLIT, DICTIONARY, LABELS)}
    assert made == ours, "run python data/sample/make_sample.py"


def test_script_says_in_one_line_that_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = make_sample(tmp_path / "file")
    assert (done.returncode, done.stdout) == (2, "")
    told = f"make_sample.py: {tmp_path / 'file' / SENTENCES} cannot be written: Not a directory"
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


def test_phrases_are_sorted_unique_in_lower_case_and_have_every_id_once():
    phrases, ids = zip(*(line.split("|") for line in lines(DICTIONARY)), strict=True)
    assert [*phrases] == sorted(phrases)
    assert len(LABEL) == len(phrases)
    assert sorted(map(int, ids)) == list(range(len(lines(LABELS)) - 1))
    assert [*map(int, ids)] != sorted(map(int, ids)), "an id is not a line number"


def test_brackets_and_accents_are_changed_in_the_sentences_alone():
    texts = [line.split("\t")[1] for line in lines(SENTENCES)[1:]]
    assert any("-LRB-" in text for text in texts)
    assert not any(set("()") & set(text) for text in texts)
    accented = [text for text in texts if not text.isascii()]
    assert len(accented) == 11
    assert all(text.encode("latin-1").decode("utf-8") != text for text in accented)
    assert any("\u00a0" in text for text in accented), "as the à of four real sentences"
    assert {"(", "clichés"} <= LABEL.keys()
    assert not any("rb-" in phrase or "Ã" in phrase or "\u00a0" in phrase for phrase in LABEL)


def test_sizes_are_those_of_the_readme():
    classes = Counter(map(TREEBANK.categorify, TREEBANK.sent_labels()))
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for fact in [
        f"{TREEBANK.num_sentences():,}",
        " / ".join(f"{len(split):,}" for split in TREEBANK.dataset_split()),
        f"{TREEBANK.frequency().sum():,}",
        f"{len(TREEBANK.tokens()):,}",
        f"{len(LABEL):,}",
        " / ".join(str(classes[k]) for k in range(5)),
    ]:
        assert f"| {fact} " in readme, f"README.md should say {fact}"


def test_sentences_are_short_and_differ_and_words_are_frequent():
    sentences = TREEBANK.sentences()
    assert len(set(map(tuple, sentences))) == 3000
    assert max(map(len, sentences)) < 50
    assert sum(len(set(words)) < len(words) for words in sentences) > 300  # one is there twice
    frequency = dict(zip(TREEBANK.tokens(), TREEBANK.frequency(), strict=True))
    assert min(frequency[word] for word in PLOTTED_WORDS) >= 30


def test_labels_of_words_are_theirs():
    plain = {"-lrb-": "(", "-rrb-": ")", "UNK": "the"}
    assert {plain.get(word, word) for word in TREEBANK.tokens() if word.isascii()} <= set(LABEL)
    assert min(LABEL[word] for word in PRAISE) > 0.5
    assert max(LABEL[word] for word in BLAME) < 0.4
    for word in ("the", "film", *OTHERS):
        assert LABEL[word] == pytest.approx(0.5, abs=0.11)


@pytest.mark.parametrize(
    ("wanted", "unwanted", "low", "high"),
    [(PRAISE, BLAME, 0.7, 1), (BLAME, PRAISE, 0, 0.3), (OTHERS, PRAISE + BLAME, 0.42, 0.58)],
)
def test_labels_of_sentences_fit_their_words(wanted, unwanted, low, high):
    chosen = [
        label
        for words, label in zip(TREEBANK.sentences(), TREEBANK.sent_labels(), strict=True)
        if {*wanted} & {*words} and not {*unwanted, "not", "n't", "never", "hardly"} & {*words}
    ]
    assert len(chosen) > 200
    assert low < np.mean(chosen) < high


def test_negation_turns_a_label_round():
    denied = [(LABEL[phrase], LABEL.get(f"not {phrase} .")) for phrase in LABEL]
    denied = [pair for pair in denied if pair[1] is not None and pair[0] != 0.5]
    assert len(denied) >= 5
    assert all((label > 0.5) != (negated > 0.5) for label, negated in denied)
