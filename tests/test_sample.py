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


def make_sample(folder):
    command = [sys.executable, SAMPLE / "make_sample.py", "--output", folder]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture(scope="module")
def labels():
    return read_phrase_labels(SAMPLE)


@pytest.fixture(scope="module")
def classes(treebank):
    return Counter(map(treebank.categorify, treebank.sent_labels()))


def lines(name):
    return (SAMPLE / name).read_text(encoding="utf-8").splitlines()


def test_script_makes_the_same_bytes_again(tmp_path):
    done = make_sample(tmp_path / "new")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    names = [SENTENCES, SPLIT, DICTIONARY, LABELS]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    for name in names:
        assert (tmp_path / "new" / name).read_bytes() == (SAMPLE / name).read_bytes(), (
            f"{name} is not what make_sample.py makes: run python data/sample/make_sample.py"
        )


@pytest.mark.parametrize("place", ["file", "folder"])
def test_script_says_in_one_line_that_it_cannot_write(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / f"{SPLIT}.tmp").mkdir(parents=True)
    done = make_sample(tmp_path / place)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path / place) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


# The real one's format, beyond what reading it checks


def test_phrases_are_sorted_unique_in_lower_case_and_have_every_id_once(labels):
    entries = [line.split("|") for line in lines(DICTIONARY)]
    phrases = [phrase for phrase, _ in entries]
    ids = [int(i) for _, i in entries]
    assert phrases == sorted(phrases)
    assert len(labels) == len(entries)
    assert sorted(ids) == list(range(len(lines(LABELS)) - 1))
    assert ids != sorted(ids), "an id is not a line number"


def test_brackets_and_accents_are_changed_in_the_sentences_alone(treebank, labels):
    texts = [line.split("\t")[1] for line in lines(SENTENCES)[1:]]
    assert any("-LRB-" in text for text in texts)
    assert not any(set("()") & set(text) for text in texts)
    assert "(" in labels
    assert not any("rb-" in phrase for phrase in labels)
    accented = [text for text in texts if not text.isascii()]
    assert 8 <= len(accented) <= 12
    assert all(text.encode("latin-1").decode("utf-8") != text for text in accented)
    assert any("\u00a0" in text for text in accented), "as the à of four real sentences"
    assert "clichés" in labels
    assert not any("Ã" in phrase or "\u00a0" in phrase for phrase in labels)


def test_folder_is_small():
    sizes = [path.stat().st_size for path in SAMPLE.iterdir() if path.is_file()]
    assert max(sizes) < 400_000
    assert sum(sizes) < 700_000


# The content


def test_sizes_are_those_of_the_readme(treebank, labels, classes):
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    for fact in [
        f"{treebank.num_sentences():,}",
        f"{treebank.frequency().sum():,}",
        f"{len(treebank.tokens()):,}",
        f"{len(labels):,}",
        " / ".join(str(classes[k]) for k in range(5)),
    ]:
        assert f"| {fact} " in readme, f"README.md should say {fact}"


def test_splits_have_the_real_proportions_from_the_start(treebank):
    train, test, dev = treebank.dataset_split()
    assert (len(train), len(test), len(dev)) == (2162, 559, 279)
    assert sum(np.array(test) < 1500) == pytest.approx(559 / 2, rel=0.2)
    assert sum(np.array(dev) < 1500) == pytest.approx(279 / 2, rel=0.2)


def test_sentences_differ_and_some_repeat_a_word(treebank):
    sentences = treebank.sentences()
    assert len(set(map(tuple, sentences))) == 3000
    assert 2 <= min(map(len, sentences)) <= 4
    assert max(map(len, sentences)) < 50
    assert sum(len(set(words)) < len(words) for words in sentences) > 300


def test_plotted_words_are_frequent_and_every_class_occurs(treebank, classes):
    frequency = dict(zip(treebank.tokens(), treebank.frequency(), strict=True))
    assert min(frequency[word] for word in PLOTTED_WORDS) >= 30
    assert all(300 <= classes[k] <= 1000 for k in range(5))


def test_labels_of_words_are_theirs(treebank, labels):
    plain = {"-lrb-": "(", "-rrb-": ")", "UNK": "the"}
    words = {plain.get(word, word) for word in treebank.tokens() if word.isascii()}
    assert words <= set(labels)
    assert min(labels[word] for word in PRAISE) > 0.5
    assert max(labels[word] for word in BLAME) < 0.4
    for word in ("the", "film", *OTHERS):
        assert labels[word] == pytest.approx(0.5, abs=0.11)


@pytest.mark.parametrize(
    ("wanted", "unwanted", "low", "high"),
    [(PRAISE, BLAME, 0.7, 1), (BLAME, PRAISE, 0, 0.3), (OTHERS, PRAISE + BLAME, 0.42, 0.58)],
)
def test_labels_of_sentences_fit_their_words(treebank, wanted, unwanted, low, high):
    chosen = [
        label
        for words, label in zip(treebank.sentences(), treebank.sent_labels(), strict=True)
        if {*wanted} & {*words} and not {*unwanted, "not", "n't", "never", "hardly"} & {*words}
    ]
    assert len(chosen) > 200
    assert low < np.mean(chosen) < high


def test_negation_turns_a_label_round(labels):
    denied = [(labels[phrase], labels.get(f"not {phrase} .")) for phrase in labels]
    denied = [pair for pair in denied if pair[1] is not None and pair[0] != 0.5]
    assert len(denied) >= 5
    assert all((label > 0.5) != (negated > 0.5) for label, negated in denied)
