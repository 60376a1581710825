"""The sample treebank: made by its script to the byte, in the real one's format, with fitting labels."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
FILES = ["datasetSentences.txt", "datasetSplit.txt", "dictionary.txt", "sentiment_labels.txt"]
PRAISE = "great cool brilliant wonderful well amazing worth sweet enjoyable".split()
BLAME = "boring bad dumb annoying".split()
OTHERS = "female male queen king man woman rain snow hail coffee tea".split()


def make_sample(*arguments):
    command = [sys.executable, SAMPLE / "make_sample.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def read_lines(name):
    return (SAMPLE / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")


def undo_double_encoding(text):
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def look_up(sentence, labels):
    """Return a sentence's label as the treebank's readers find it."""
    phrase = undo_double_encoding(sentence).lower()
    return labels[phrase.replace("-lrb-", "(").replace("-rrb-", ")")]


def class_of(label):
    return sum(label > bound for bound in (0.2, 0.4, 0.6, 0.8))


@pytest.fixture(scope="module")
def treebank():
    sentences = [line.split("\t")[1] for line in read_lines("datasetSentences.txt")[1:]]
    splits = [int(line.split(",")[1]) for line in read_lines("datasetSplit.txt")[1:]]
    values = [float(line.split("|")[1]) for line in read_lines("sentiment_labels.txt")[1:]]
    entries = [line.split("|") for line in read_lines("dictionary.txt")]
    labels = {phrase.lower(): values[int(i)] for phrase, i in entries}
    words = Counter(word.lower() for sentence in sentences for word in sentence.split())
    return SimpleNamespace(
        sentences=sentences,
        splits=splits,
        entries=entries,
        labels=labels,
        words=words,
        sentence_labels=[look_up(sentence, labels) for sentence in sentences],
    )


# ------------------------------------------------------------------------------------ the script


def test_script_makes_the_same_bytes_again(tmp_path):
    result = make_sample("--output", tmp_path / "new")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / "new" / name).read_bytes() == (SAMPLE / name).read_bytes(), (
            f"{name} is not what make_sample.py makes: run python data/sample/make_sample.py"
        )


def test_script_says_in_one_line_that_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = make_sample("--output", tmp_path / "file")
    assert result.returncode == 2
    assert "cannot write to" in result.stderr
    assert "Traceback" not in result.stderr


# ------------------------------------------------------------------------------------- the format


@pytest.mark.parametrize(
    ("name", "header", "line"),
    [
        ("datasetSentences.txt", "sentence_index\tsentence", r"\d+\t[^ \t]+( [^ \t]+)*"),
        ("datasetSplit.txt", "sentence_index,splitset_label", r"\d+,[123]"),
        ("sentiment_labels.txt", "phrase ids|sentiment values", r"\d+\|(0|1|0\.\d{1,6})"),
        ("dictionary.txt", None, r"[^ |]+( [^ |]+)*\|\d+"),
    ],
)
def test_format(name, header, line):
    text = (SAMPLE / name).read_bytes().decode("utf-8")
    assert "\r" not in text
    assert text.endswith("\n")
    lines = read_lines(name)
    if header:
        assert lines.pop(0) == header
    assert not [bad for bad in lines if not re.fullmatch(line, bad)]


@pytest.mark.parametrize(
    ("name", "separator", "first"),
    [
        ("datasetSentences.txt", "\t", 1),
        ("datasetSplit.txt", ",", 1),
        ("sentiment_labels.txt", "|", 0),
    ],
)
def test_indices_run_in_order(name, separator, first):
    indices = [int(line.split(separator)[0]) for line in read_lines(name)[1:]]
    assert indices == list(range(first, first + len(indices)))


def test_dictionary_is_sorted_and_has_every_id_once(treebank):
    phrases = [phrase for phrase, _ in treebank.entries]
    ids = [int(i) for _, i in treebank.entries]
    assert phrases == sorted(phrases)
    assert sorted(ids) == list(range(len(read_lines("sentiment_labels.txt")) - 1))
    assert ids != sorted(ids), "an id is not a line number"


def test_phrases_are_unique_in_lower_case(treebank):
    assert len(treebank.labels) == len(treebank.entries)


def test_brackets_are_escaped_in_the_sentences_alone(treebank):
    assert any("-LRB-" in sentence for sentence in treebank.sentences)
    assert not any(set("()") & set(sentence) for sentence in treebank.sentences)
    assert "(" in treebank.labels
    assert not any("rb-" in phrase for phrase in treebank.labels)


def test_accents_are_encoded_twice_in_the_sentences_alone(treebank):
    accented = [sentence for sentence in treebank.sentences if not sentence.isascii()]
    assert 8 <= len(accented) <= 12
    assert all(undo_double_encoding(sentence) != sentence for sentence in accented)
    assert any("clichÃ©s" in sentence for sentence in accented)
    assert any("\u00a0" in sentence for sentence in accented), "as the à of four real sentences"
    assert "clichés" in treebank.labels
    assert not any("Ã" in phrase or "\u00a0" in phrase for phrase, _ in treebank.entries)


def test_folder_is_small():
    sizes = [path.stat().st_size for path in SAMPLE.iterdir() if path.is_file()]
    assert max(sizes) < 400_000
    assert sum(sizes) < 700_000


# ------------------------------------------------------------------------------------ the content


def test_sizes_are_those_of_the_readme(treebank):
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    classes = Counter(map(class_of, treebank.sentence_labels))
    for fact in [
        f"{len(treebank.sentences):,}",
        f"{sum(treebank.words.values()) + 1:,}",
        f"{len(treebank.words) + 1:,}",
        f"{len(treebank.entries):,}",
        " / ".join(str(classes[c]) for c in range(5)),
    ]:
        assert f"| {fact} " in readme, f"README.md should say {fact}"


def test_splits_have_the_real_proportions(treebank):
    assert Counter(treebank.splits) == {1: 2162, 2: 559, 3: 279}
    first_half = Counter(treebank.splits[:1500])
    assert first_half[2] == pytest.approx(559 / 2, rel=0.2)
    assert first_half[3] == pytest.approx(279 / 2, rel=0.2)


def test_sentences_differ_and_some_repeat_a_word(treebank):
    assert len({sentence.lower() for sentence in treebank.sentences}) == 3000
    lengths = [len(sentence.split()) for sentence in treebank.sentences]
    assert 2 <= min(lengths) <= 4
    assert max(lengths) < 50
    repeats = [s for s in treebank.sentences if len(set(s.lower().split())) < len(s.split())]
    assert len(repeats) > 300


@pytest.mark.parametrize("word", PRAISE + BLAME + OTHERS)
def test_plotted_words_are_frequent(treebank, word):
    assert treebank.words[word] >= 30


def test_every_word_has_a_label(treebank):
    plain = {"-lrb-": "(", "-rrb-": ")"}
    words = {plain.get(word, word) for word in treebank.words if word.isascii()}
    assert words <= set(treebank.labels)


@pytest.mark.parametrize("number", range(5))
def test_every_class_occurs(treebank, number):
    count = Counter(map(class_of, treebank.sentence_labels))[number]
    assert 300 <= count <= 1000


@pytest.mark.parametrize("word", PRAISE)
def test_praise_has_high_labels(treebank, word):
    assert treebank.labels[word] > 0.5


@pytest.mark.parametrize("word", BLAME)
def test_blame_has_low_labels(treebank, word):
    assert treebank.labels[word] < 0.4


@pytest.mark.parametrize("word", ["the", "film", *OTHERS])
def test_neutral_words_have_middling_labels(treebank, word):
    assert treebank.labels[word] == pytest.approx(0.5, abs=0.11)


def test_sentence_labels_fit_their_words(treebank):
    def mean_label(wanted, unwanted):
        chosen = [
            label
            for sentence, label in zip(treebank.sentences, treebank.sentence_labels, strict=True)
            for words in [set(sentence.lower().split())]
            if words & set(wanted) and not words & {*unwanted, "not", "n't", "never", "hardly"}
        ]
        assert len(chosen) > 200
        return sum(chosen) / len(chosen)

    assert mean_label(PRAISE, BLAME) > 0.7
    assert mean_label(BLAME, PRAISE) < 0.3
    assert mean_label(OTHERS, PRAISE + BLAME) == pytest.approx(0.5, abs=0.08)


def test_negation_turns_a_label_round(treebank):
    denied = [
        (treebank.labels[phrase], treebank.labels[f"not {phrase} ."])
        for phrase in treebank.labels
        if f"not {phrase} ." in treebank.labels
    ]
    assert len(denied) >= 5
    assert all((label > 0.5) != (negated > 0.5) for label, negated in denied if label != 0.5)
