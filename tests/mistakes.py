"""Wrong submissions, and right ones in another style: the reference with a few words changed.

Who checks a submission, be it training or the autograder, must notice every row of `MISTAKES` and
accept every row of `STYLES`. The autograder must notice those of `QUIZ_MISTAKES` and
`VECTORS_MISTAKES`, too, and accept those of `FLOAT32` unless a loss is in single precision.
"""

import importlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import submission.quiz
from grading.quiz import OPTIONS, QUESTIONS
from grading.vectors import OF_SAMPLE, PUBLISHED, REMEDY

REFERENCE = Path(__file__).resolve().parents[1] / "src" / "submission"
REGION = "region"  # as an old text: all that stands between the marks of the student's region


@dataclass(frozen=True)
class Mistake:
    """A submission that is wrong in one thing."""

    function: str  # where it is wrong
    name: str  # what is wrong, after the part that it belongs to
    old: str  # code of the reference; lines after the first are indented as far as the first is
    new: str  # and what stands there instead
    fails: tuple = ()  # graded tests that must fail; others may
    words: tuple = ()  # what their messages must hold
    why: str = ""  # why training gives the right vectors nevertheless; empty if it does not
    shows_after: int = 0  # iterations of a run before its vectors are wrong
    ungraded: str = ""  # why the graded tests give full marks nevertheless; empty if they do not
    unnamed: str = ""  # why the messages cannot name it, only where numbers differ
    is_noted: bool = False  # whether a note in the basic tests of its question tells it, too

    @property
    def edits(self):
        """Give the changes as those of a `Style`."""
        return ((self.function, self.old, self.new),)


@dataclass(frozen=True)
class Style:
    """A submission that is written in another way."""

    name: str  # what is different
    edits: tuple  # of function, old text and new text, as in `Mistake`


@dataclass(frozen=True)
class WrongVectors:
    """A file of word vectors that is wrong."""

    name: str  # what is wrong
    change: Callable  # gets 24 vectors by word; gives others, or bytes, or None for no file
    fails: tuple  # these are as in `Mistake`
    words: tuple
    unnamed: str = ""

    def content(self, vectors):
        """Give what the file holds, as bytes; None if there is no file."""
        changed = self.change(vectors)
        return json.dumps(changed).encode() if isinstance(changed, (dict, list)) else changed


def file_of(function):
    """Name the file of the submission that a function is in."""
    if function.startswith("question_"):
        return "quiz.py"
    return "sgd.py" if function == "sgd" else "word2vec.py"


def apply(row, folder):
    """Write the package ``submission`` of a row into a folder, its region marks kept; give that."""
    package = Path(folder) / "submission"
    shutil.copytree(REFERENCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for function, old, new in row.edits:
        path = package / file_of(function)
        source = path.read_text(encoding="utf-8")
        path.write_text(_edited(source, function, old, new), encoding="utf-8")
    return Path(folder)


def load(folder):
    """Import the package ``submission`` in a folder; one imported before stays what it was."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "submission"]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(folder)
        package = importlib.import_module("submission")
    assert Path(package.__file__).parents[1] == Path(folder), package.__file__
    return package


def _edited(source, function, old, new):
    """Replace a text that occurs just once in the code of a function."""
    start = source.index(f"\ndef {function}(")
    start = source.index('"""', source.index('"""', start) + 3) + 3  # behind its docstring
    end = source.find("\ndef ", start)
    end = len(source) if end < 0 else end
    code = source[start:end]
    if old == REGION:
        old = re.search(r"START_CODE_HERE ###\n(.*?)\n +### END", code, re.DOTALL)[1]
        indent = re.match(" *", old)[0]
        old = old.removeprefix(indent)
    else:
        first = re.escape(old.partition("\n")[0])
        indent = re.search(rf"^( *).*{first}", code, re.MULTILINE)[1]
        old = old.replace("\n", "\n" + indent)
    assert code.count(old) == 1, f"{function} has {old!r} {code.count(old)} times"
    new = new.replace("\n", "\n" + indent)
    return source[:start] + code.replace(old, new) + source[end:]


# The graded tests that must fail when a function is quite wrong.
SIGMOID = "2a-2-basic", "2a-3-hidden", "2a-4-hidden", "2a-5-hidden", "2a-8-basic"
OTHER_SIGMOIDS = "2a-3-hidden", "2a-4-hidden", "2a-5-hidden"
SOFTMAX = "2a-0-basic", "2a-1-basic", "2a-6-hidden"
SAMPLING = ("2a-8-basic",)
SKIPGRAM = "2a-0-basic", "2a-7-hidden"
OTHER_WINDOWS = ("2a-7-hidden",)
SGD = "2b-0-basic", "2b-2-basic", "2b-3-hidden", "2b-4-hidden"
ALL_OF_SGD = "2b-1-basic", *SGD
SCALARS = ("2b-3-hidden",)
PATHS = "2b-3-hidden", "2b-4-hidden"

# Words that many messages must hold.
SUMMED = "the sum of what naive_softmax_loss_and_gradient gives: the mistake is there"
LAST = "that of the last outside word only"
SWAPPED = "It is the gradient of the outside vectors", "It is the gradient of the center vector"
HANDS = "hands the loss function other outside words than the window has, or in another order"
GIVEN = "is given: put its original lines back"
OTHER_DRAWS = "draws other random numbers than it should"
HALVED = "it must be halved after every 20,000 iterations"
A_STEP = "A step is: loss, grad = f(x), then x <- x - step * grad."

# Why a graded test must not fail.
SINGLE = "within what single precision needs, which is no mistake"


def in_function(function, part, fails, *words, **common):
    """Give what makes rows of a function; what many have in common stands here."""

    def row(name, old, new, *own, fails=fails, shows_after=0, **more):
        told = own or (words if fails else ())
        if shows_after:
            told = f"x after iteration {shows_after + 1:,} differs", *told
        more = common | more | {"shows_after": shows_after}
        return Mistake(function, f"{part}: {name}", old, new, fails, told, **more)

    return row


in_sigmoid = in_function("sigmoid", "sigmoid", SIGMOID)
in_softmax = in_function(
    "naive_softmax_loss_and_gradient", "softmax", SOFTMAX, why="training uses negative sampling"
)
in_negatives = in_function("get_negative_samples", "negatives", SAMPLING, GIVEN)
in_sampling = in_function("neg_sampling_loss_and_gradient", "sampling", SAMPLING, GIVEN)
in_skipgram = in_function("skipgram", "skip-gram", SKIPGRAM)
in_wrapper = in_function("word2vec_sgd_wrapper", "wrapper", SAMPLING, GIVEN)
in_sgd = in_function("sgd", "sgd", PATHS)
in_annealing = in_function("sgd", "annealing", SCALARS)
in_postprocessing = in_function(
    "sgd", "postprocessing", SCALARS, why="training has no postprocessing", is_noted=True
)
in_printing = in_function(
    "sgd", "printing", (), why="only prints", ungraded="what a submission prints earns no points"
)


def style(name, function, old, new):
    """Make a style of a single change."""
    return Style(name, ((function, old, new),))


# Pieces of the reference that many rows change.
LOGISTIC = "np.where(np.greater_equal(x, 0), 1, small) / (1 + small)"
LOG_Y_HAT = "np.log(np.exp(scores).sum()) - scores[outside_word_idx]"
RETURN = "return loss, grad_center_vec, grad_outside_vecs"
RETURN_WINDOW = "return loss, grad_center_vecs, grad_outside_vectors"
ADD_ROWS = "np.add.at(grad_outside_vecs, words, np.outer(error, center_word_vec))"
UPDATE = "x = x - step * grad"

# fmt: off
MISTAKES = [
    in_sigmoid("of -x", "np.greater_equal", "np.less", "-x"),
    in_sigmoid("its derivative", LOGISTIC, "small / (1 + small) ** 2", "derivative"),
    in_sigmoid("negated", LOGISTIC, f"-{LOGISTIC}", "negated"),
    in_sigmoid("tanh", LOGISTIC, "np.tanh(x)", "It is tanh(x)"),
    in_sigmoid("powers of 2", "np.exp(", "np.exp2(", "that of base 2"),
    in_sigmoid("exp(x) over the sum of all", LOGISTIC, "np.exp(x) / np.exp(x).sum()", "the softmax: exp(x) divided by the sum"),
    in_sigmoid("1 / exp(-x)", LOGISTIC, "1 / np.exp(-x)", "exp(x): the 1 of the denominator is missing"),
    in_sigmoid("1 / 1 + exp(-x)", LOGISTIC, "1 / 1 + np.exp(-x)", "1 + exp(-x): is it in parentheses?"),
    in_sigmoid("//", LOGISTIC, "1 // (1 + np.exp(-x))", "// rounds down"),
    in_sigmoid("whole numbers for whole numbers", f"return {LOGISTIC}", f"s = np.zeros_like(x)\ns[...] = {LOGISTIC}\nreturn s", "whole numbers only, as np.zeros_like", fails=("2a-3-hidden",), why="no score is a whole number by its kind"),
    in_sigmoid("three digits", LOGISTIC, f"np.round({LOGISTIC}, 3)", "rounded to 3 decimals"),
    in_sigmoid("x kept within 6", "np.abs(x)", "np.minimum(np.abs(x), 6)", "wrong only where |x| is large", fails=OTHER_SIGMOIDS),
    in_sigmoid("0 or 1 beyond 6", "np.abs(x))", "np.abs(x)) * (np.abs(x) <= 6)", "wrong only where |x| is large", fails=OTHER_SIGMOIDS),
    in_sigmoid("nan for large x", LOGISTIC, "np.exp(x) / (1 + np.exp(x))", "nan", "exp overflows", fails=("2a-3-hidden",), why="no score is above 700"),
    in_sigmoid("of a matrix transposed", LOGISTIC, f"({LOGISTIC}).T", "transposed", fails=("2a-4-hidden", "2a-5-hidden"), why="the scores are a vector"),
    in_sigmoid("written over x", f"return {LOGISTIC}", f"x[...] = {LOGISTIC}\nreturn x", "sigmoid changes the x", "copy", fails=OTHER_SIGMOIDS, why="nothing uses the scores any more"),
    in_sigmoid("of numbers only", f"return {LOGISTIC}", "import math\nreturn 1 / (1 + math.exp(-x))", "TypeError: only", "math.exp takes one number, np.exp takes arrays"),
    in_sigmoid("not written yet", REGION, "raise NotImplementedError('2a: sigmoid')", "sigmoid is not written yet"),
    in_softmax("loss negated", LOG_Y_HAT, f"-({LOG_Y_HAT})", "loss", "negated"),
    in_softmax("log to base 2", LOG_Y_HAT, f"({LOG_Y_HAT}) / np.log(2)", "loss", "logarithm to base 2", SUMMED),
    in_softmax("loss without log", LOG_Y_HAT, "softmax(scores)[outside_word_idx]", "loss", "logarithm is missing", SUMMED),
    in_softmax("loss over all words", LOG_Y_HAT, "-np.log(softmax(scores)).sum()", "the sum over the whole vocabulary", SUMMED),
    in_softmax("loss of word 0", "- scores[outside_word_idx]", "- scores[0]", "that of word 0, expected that of the outside word, 3", SUMMED),
    in_softmax("not divided by the sum", REGION, "scores = np.exp(outside_vectors @ center_word_vec)\nloss = -np.log(scores[outside_word_idx])\nscores[outside_word_idx] -= 1\ngrad_center_vec = scores @ outside_vectors\ngrad_outside_vecs = np.outer(scores, center_word_vec)", "exp(u . v), which is not divided by its sum", SUMMED),
    in_softmax("along the wrong axis", REGION, "y_hat = softmax((outside_vectors @ center_word_vec)[:, np.newaxis])[:, 0]\nloss = -np.log(y_hat[outside_word_idx])\ny_hat[outside_word_idx] -= 1\ngrad_center_vec = y_hat @ outside_vectors\ngrad_outside_vecs = np.outer(y_hat, center_word_vec)", "along the wrong axis", SUMMED),
    in_softmax("a sigmoid for the softmax", "softmax(scores)", "sigmoid(outside_vectors @ center_word_vec)", "that of sigma(u . v), expected the softmax", SUMMED),
    in_softmax("loss the number of words", LOG_Y_HAT, "len(scores)", "the number of words in the vocabulary", SUMMED),
    in_softmax("y subtracted before the loss", REGION, "error = softmax(outside_vectors @ center_word_vec)\nerror[outside_word_idx] -= 1\nloss = -np.log(error[outside_word_idx])\ngrad_center_vec = error @ outside_vectors\ngrad_outside_vecs = np.outer(error, center_word_vec)", "the loss is nan", "is y subtracted from y_hat before?"),
    in_softmax("center vector for the outside vectors", "error @ outside_vectors", "softmax(scores).sum() * center_word_vec", "made of the center vector", SUMMED),
    in_softmax("outside vectors for the center vector", "np.outer(error, center_word_vec)", "error[:, np.newaxis] * outside_vectors", "made of the outside vectors", SUMMED),
    in_softmax("outside vectors changed", RETURN, f"outside_vectors -= grad_outside_vecs\n{RETURN}", "naive_softmax_loss_and_gradient changes the outside_vectors", fails=("2a-0-basic", "2a-6-hidden")),
    in_softmax("no one-hot subtracted", "error[outside_word_idx] -= 1", "pass", "gradient", "no one-hot vector y subtracted", SUMMED),
    in_softmax("one-hot added", "-= 1", "+= 1", "gradient", "y added, not subtracted", SUMMED),
    in_softmax("no one-hot subtracted for word 0", "-= 1", "-= outside_word_idx > 0", "gradient", "no one-hot vector y subtracted", SUMMED, fails=("2a-0-basic", "2a-6-hidden")),
    in_softmax("one-hot always at 3", "error[outside_word_idx] -= 1", "error[3] -= 1", "y for word 3, expected for the outside word", SUMMED, fails=("2a-0-basic", "2a-6-hidden")),
    in_softmax("five words at most", "scores = outside_vectors", "outside_vectors = outside_vectors[:5]\nscores = outside_vectors", "IndexError", "size 5", "scores has shape (5,)", fails=("2a-6-hidden",)),
    in_softmax("gradients negated", "-= 1", "-= 1\nerror = -error", "gradient", "negated"),
    in_softmax("center gradient negated", "error @", "-error @", "center", "negated"),
    in_softmax("outside gradient negated", "np.outer(error", "np.outer(-error", "outside", "negated"),
    in_softmax("outside gradient transposed", "np.outer(error, center_word_vec)", "np.outer(center_word_vec, error)", "outside", "has shape (3, 5), expected shape (5, 3). It is transposed"),
    in_softmax("outside gradient of the outside word only", RETURN, f"grad_outside_vecs *= np.eye(len(error))[outside_word_idx][:, np.newaxis]\n{RETURN}", "outside", "right in the row of the outside word alone", SUMMED),
    in_softmax("center gradient from the outside word only", "error @ outside_vectors", "error[outside_word_idx] * outside_vectors[outside_word_idx]", "center", "the outside word's part alone", SUMMED),
    in_softmax("center gradient a column", RETURN, f"grad_center_vec = grad_center_vec[:, np.newaxis]\n{RETURN}", "center", "has shape (3, 1), expected shape (3,)", "Its numbers are right"),
    in_softmax("center gradient halved", "error @", "error / 2 @", "center", "1/2 times the right value", SUMMED),
    in_softmax("mean over the vocabulary", RETURN, "V = len(outside_vectors)\nreturn loss / V, grad_center_vec / V, grad_outside_vecs / V", "divided by the number of words in the vocabulary", SUMMED),
    in_softmax("gradients swapped", RETURN, "return loss, grad_outside_vecs, grad_center_vec", *SWAPPED),
    in_softmax("no loss returned", RETURN, "return grad_center_vec, grad_outside_vecs", "returned 2 values, expected 3: the loss, the gradient of the center vector", "not enough values to unpack"),
    in_softmax("nothing returned", RETURN, "", "None", "did you forget `return`?"),
    in_softmax("not written yet", REGION, "raise NotImplementedError('2a: softmax')", "naive_softmax_loss_and_gradient is not written yet"),
    in_negatives("may be the outside word", "word != outside_word_idx", "True"),
    in_negatives("never word 0", "if word", "if word and word"),
    in_negatives("never the same twice", "if word != outside_word_idx", "if word not in (outside_word_idx, *negatives)"),
    in_negatives("one word K times", ".append(word)", ".extend([word] * K)"),
    in_negatives("one missing", "< K", "< K - 1"),
    in_negatives("one drawn in vain", "negatives = []", "negatives = []\ndataset.sample_token_idx()"),
    in_sampling("K ignored", "words = [", "K = 10\nwords = ["),
    in_sampling("repeated negatives counted once", "vectors = outside_vectors[words]", "words = list(dict.fromkeys(words))\nK = len(words) - 1\nvectors = outside_vectors[words]"),
    in_sampling("repeated negatives overwritten", ADD_ROWS, "grad_outside_vecs[words] += np.outer(error, center_word_vec)", "outside", "samples drawn twice counted once", GIVEN),
    in_sampling("loss without negatives", " + np.logaddexp(0, scores[1:]).sum()", ""),
    in_sampling("loss with the mean of the negatives", ".sum()", ".mean()"),
    in_sampling("loss lacks one negative", "scores[1:]", "scores[2:]"),
    in_sampling("loss of the outside word as of a negative", "-scores[0]", "scores[0]", "loss"),
    in_sampling("loss negated", "return loss", "return -loss", "loss", "negated"),
    in_sampling("negatives' gradient negated", "- truth", "- truth\nerror[1:] *= -1", "gradient"),
    in_sampling("gradients of all words as of the outside word", "truth[0] = 1", "truth[:] = 1", "gradient"),
    in_sampling("gradients lack the outside word", "- truth", "- truth\nerror[0] = 0"),
    in_sampling("gradients lack the last negative", "- truth", "- truth\nerror[-1] = 0"),
    in_sampling("center gradient lacks the outside word", "error @ vectors", "error[1:] @ vectors[1:]", "center"),
    in_sampling("center gradient negated", "error @ vectors", "-error @ vectors", "center", "negated"),
    in_sampling("outside gradient negated", "np.outer(error", "np.outer(-error", "outside", "negated"),
    in_sampling("outside gradient of u instead of v", "np.outer(error, center_word_vec)", "error[:, np.newaxis] * vectors", "outside"),
    in_sampling("no outside gradient for the negatives", ADD_ROWS, "grad_outside_vecs[outside_word_idx] = error[0] * center_word_vec"),
    in_sampling("gradients halved", "- truth", "- truth\nerror = error / 2", "gradient", "1/2 times the right value"),
    in_sampling("gradients too large by a millionth", "- truth", "- truth\nerror *= 1.000001", fails=(), ungraded=SINGLE),
    in_sampling("mean over the words", RETURN, "return loss / (K + 1), grad_center_vec / (K + 1), grad_outside_vecs / (K + 1)", "1/11 times the right value"),
    in_sampling("gradients swapped", RETURN, "return loss, grad_outside_vecs, grad_center_vec", *SWAPPED),
    in_sampling("no gradient beyond 6", "- truth", "- truth\nerror[np.abs(scores) > 6] = 0", "gradient"),
    in_sampling("no outside word 0", "truth[0] = 1", "truth[0] = outside_word_idx > 0"),
    in_sampling("always the first negatives", "vectors = outside_vectors[words]", "words[1:] = vars(sigmoid).setdefault(K, words[1:])\nvectors = outside_vectors[words]"),
    in_sampling("loss nan", "return loss", "return loss * np.nan", "nan"),
    in_sampling("center gradient nan", "error @ vectors", "error @ vectors * np.nan", "nan"),
    in_sampling("one random number more", "truth[0] = 1", "truth[0] = 1\nrandom.random()", OTHER_DRAWS),
    in_skipgram("always the softmax loss", "= word2vec_loss_and_gradient(", "= naive_softmax_loss_and_gradient(", "never calls the loss", fails=OTHER_WINDOWS),
    in_skipgram("always the negative sampling loss", "= word2vec_loss_and_gradient(", "= neg_sampling_loss_and_gradient(", "never calls the loss"),
    in_skipgram("six words at most", "in outside_words", "in outside_words[:6]", HANDS, fails=OTHER_WINDOWS),
    in_skipgram("nine words at most", "in outside_words", "in outside_words[:9]", HANDS, fails=OTHER_WINDOWS),
    in_skipgram("window_size words at most", "in outside_words", "in outside_words[:window_size]", "loss differs", HANDS),
    in_skipgram("first word left out", "in outside_words", "in outside_words[1:]", "the sum without the first outside word"),
    in_skipgram("last word only", "in outside_words", "in outside_words[-1:]", LAST, HANDS),
    in_skipgram("repeated words once", "in outside_words", "in dict.fromkeys(outside_words)", "the sum over different words: one that occurs twice counts twice", HANDS),
    in_skipgram("return within the loop", "grad_outside_vectors += grad_outside_vecs", f"grad_outside_vectors += grad_outside_vecs\n{RETURN_WINDOW}", HANDS, "that of the first outside word only: is there a return in the loop?"),
    in_skipgram("the outside word's vector for the center word's", "center_word_vectors[c], word2ind[word]", "center_word_vectors[word2ind[word]], word2ind[word]", "that with the center vector of the outside word"),
    in_skipgram("center vectors changed", "grad_center_vecs[c] += grad_center_vec", "grad_center_vecs[c] += grad_center_vec\ncenter_word_vectors[c] += grad_center_vec", "skipgram changes the center_word_vectors"),
    in_skipgram("words in alphabetical order", "in outside_words", "in sorted(outside_words)", HANDS, fails=OTHER_WINDOWS),
    in_skipgram("loss of the last word only", "loss += loss_of_pair", "loss = loss_of_pair", "loss", LAST),
    in_skipgram("center gradient of the last word only", "[c] += grad_center_vec", "[c] = grad_center_vec", "center", LAST),
    in_skipgram("outside gradient of the last word only", "+= grad_outside_vecs", "= grad_outside_vecs", "outside", LAST),
    in_skipgram("mean over the outside words", RETURN_WINDOW, "C = len(outside_words)\nreturn loss / C, grad_center_vecs / C, grad_outside_vectors / C", "the mean over the 6 outside words, expected their sum"),
    in_skipgram("times the number of outside words", RETURN_WINDOW, "C = len(outside_words)\nreturn loss * C, grad_center_vecs * C, grad_outside_vectors * C", "multiplied by the number of outside words, 6"),
    in_skipgram("loss a mean", RETURN_WINDOW, f"loss /= len(outside_words)\n{RETURN_WINDOW}", "loss", "mean"),
    in_skipgram("divided by the batch size", RETURN_WINDOW, "n = BATCH_SIZE\nreturn loss / n, grad_center_vecs / n, grad_outside_vectors / n", "divided by the batch size, 50"),
    in_skipgram("center gradient in the outside word's row", "grad_center_vecs[c] +=", "grad_center_vecs[word2ind[word]] +=", "in the rows of the outside words, expected in the row of the center word"),
    in_skipgram("center gradient in every row", "grad_center_vecs[c] +=", "grad_center_vecs +=", "in every row, expected in the row of the center"),
    in_skipgram("center gradient negated", "grad_center_vecs[c] +=", "grad_center_vecs[c] -=", "center", "negated"),
    in_skipgram("outside gradient negated", "grad_outside_vectors +=", "grad_outside_vectors -=", "outside", "negated"),
    in_skipgram("no outside gradient", "grad_outside_vectors += grad_outside_vecs", "", "outside", "zero"),
    in_skipgram("nothing done", REGION, "pass", "It is zero.", "never calls the loss"),
    in_skipgram("not written yet", REGION, "raise NotImplementedError('2a: skipgram')", "skipgram is not written yet"),
    in_skipgram("gradients swapped", RETURN_WINDOW, "return loss, grad_outside_vectors, grad_center_vecs", *SWAPPED),
    in_skipgram("center and outside vectors swapped", "center_word_vectors[c], word2ind[word], outside_vectors", "outside_vectors[c], word2ind[word], center_word_vectors", "loss differs", "that with center and outside vectors swapped"),
    in_skipgram("center and outside word swapped", "center_word_vectors[c], word2ind[word]", "center_word_vectors[word2ind[word]], c", "loss differs", HANDS),
    in_skipgram("no dataset handed on", "outside_vectors, dataset", "outside_vectors, None", "must be given the dataset that skipgram is", fails=OTHER_WINDOWS),
    in_skipgram("center vector scaled to length 1 in place", "c = word2ind[current_center_word]", "c = word2ind[current_center_word]\ncenter_word_vectors[c] /= np.linalg.norm(center_word_vectors[c])", "skipgram changes the center_word_vectors", "copy"),
    in_skipgram("center vector scaled to length 1", "center_word_vectors[c], word2ind", "center_word_vectors[c] / np.linalg.norm(center_word_vectors[c]), word2ind", "by finite differences of the loss", "Either the loss or its gradient is wrong"),
    in_skipgram("outside words used up", RETURN_WINDOW, f"outside_words.clear()\n{RETURN_WINDOW}", "skipgram changes the outside_words", "copy", fails=OTHER_WINDOWS, why="every window is a new list"),
    in_skipgram("doubled from the tenth call on", RETURN_WINDOW, f"skipgram.calls = getattr(skipgram, 'calls', 0) + 1\ngrad_outside_vectors *= 1 + (skipgram.calls >= 10)\n{RETURN_WINDOW}", "outside", "gradient check failed"),
    in_wrapper("sum over the windows", "return loss / BATCH_SIZE, grad / BATCH_SIZE", "return loss, grad", "the loss differs", "50 times"),
    in_wrapper("gradient a sum", "grad / BATCH_SIZE", "grad", "the gradient differs", "50 times"),
    in_wrapper("loss a sum", "loss / BATCH_SIZE", "loss", "the loss differs", "50 times"),
    in_wrapper("one window too few", "range(BATCH_SIZE)", "range(BATCH_SIZE - 1)"),
    in_wrapper("windows of one size", "random.randint(1, window_size)", "window_size", OTHER_DRAWS),
    in_wrapper("another loss handed on", "dataset,\nword2vec_loss_and_gradient,", "dataset,\nneg_sampling_loss_and_gradient,", "must be given dataset and loss function of the wrapper"),
    in_wrapper("no dataset handed on", "dataset,\nword2vec_loss_and_gradient,", "None,\nword2vec_loss_and_gradient,", "must be given dataset and loss function of the wrapper"),
    in_wrapper("loss not handed on", "dataset,\nword2vec_loss_and_gradient,", "dataset,", "word2vec_model() missing 1 required", "word2vec_loss_and_gradient"),
    in_wrapper("outside gradient not added", "grad[V:] += grad_outside_vectors", ""),
    in_wrapper("gradients in the other half", "grad[:V] += grad_center_vecs", "grad[V:] += grad_center_vecs"),
    in_wrapper("same vectors for both", "word_vectors[V:]", "word_vectors[:V]"),
    in_wrapper("one random number more", "V = len", "random.random()\nV = len"),
    in_wrapper("one random number more at the end", "return loss", "random.random()\nreturn loss", OTHER_DRAWS),
    in_wrapper("doubled from the seventh call on", "return loss", "word2vec_sgd_wrapper.calls = getattr(word2vec_sgd_wrapper, 'calls', 0) + 1\ngrad *= 1 + (word2vec_sgd_wrapper.calls >= 7)\nreturn loss", "the gradient differs", "2 times"),
    in_sgd("uphill", UPDATE, "x = x + step * grad", "uphill", fails=SGD),
    in_sgd("step ignored", UPDATE, "x = x - grad", "The step is ignored", fails=SGD),
    in_sgd("gradient ignored", UPDATE, "x = x - step", "The gradient is ignored", fails=SGD),
    in_sgd("sign of the gradient", UPDATE, "import numpy as np\nx = x - step * np.sign(grad)", "sign of the gradient"),
    in_sgd("no update", UPDATE, "pass", "is the update left out?", fails=SGD),
    in_sgd("gradient for x", UPDATE, "x = -step * grad", "It lacks x itself"),
    in_sgd("x0 * 0", "x, start, smoothed_loss = x0", "return x0 * 0\nx, start, smoothed_loss = x0", "f is never called.", A_STEP, "The result is 0, whatever f is", fails=ALL_OF_SGD),
    in_sgd("f(x0) alone", "x, start, smoothed_loss = x0", "return f(x0)[0]\nx, start, smoothed_loss = x0", "1 call of f in 30 iterations", "is there a return inside the loop?", fails=ALL_OF_SGD),
    in_sgd("returns in the first iteration", UPDATE, f"{UPDATE}\nreturn x", "1 call of f in 30 iterations", "is there a return inside the loop?", fails=ALL_OF_SGD),
    in_sgd("an empty region", REGION, "pass", "NameError: name 'loss' is not defined", A_STEP, fails=ALL_OF_SGD),
    in_sgd("loss and grad None", REGION, "loss = None\ngrad = None", "TypeError: unsupported format string", A_STEP, fails=ALL_OF_SGD),
    in_sgd("a step by None", "loss, grad = f(x)", "loss = grad = None", "TypeError: unsupported operand", A_STEP, fails=ALL_OF_SGD),
    in_sgd("loss alone None", "loss, grad = f(x)", "loss = None\nx = x - step * f(x)[1]\ngrad = 0", "TypeError: unsupported format string", A_STEP, fails=ALL_OF_SGD[:3]),
    in_sgd("loss and gradient not taken apart", "loss, grad = f(x)", "loss = grad = f(x)", "TypeError: can't multiply sequence", "f gives two values", A_STEP, fails=ALL_OF_SGD),
    in_sgd("f not called with x", "loss, grad = f(x)", "loss, grad = f", "TypeError: cannot unpack", "f gives two values", A_STEP, fails=ALL_OF_SGD),
    in_sgd("postprocessing of None", "if postprocessing is not None:\n    x = postprocessing(x)", "x = postprocessing(x)", "TypeError: 'NoneType' object is not callable", "Is postprocessing None? Leave it out.", fails=ALL_OF_SGD),
    in_sgd("loss in place of the gradient", UPDATE, "x = x - step * loss", "It is x - step * loss", fails=SGD),
    in_sgd("always from x0", UPDATE, "x = x0 - step * grad", "It is x0 - step * gradient", fails=SGD),
    in_sgd("doubled step", UPDATE, "x = x - 2 * step * grad", "The step is 2 times the right one"),
    in_sgd("halved step", UPDATE, "x = x - step / 2 * grad", "The step is 0.5 times the right one", fails=SGD),
    in_sgd("step too large by a millionth", UPDATE, "x = x - 1.000001 * step * grad", "The step is 1.000001 times the right one"),
    in_sgd("momentum", UPDATE, "speed = grad + (0.9 * speed if iteration > start + 1 else 0)\nx = x - step * speed", "momentum: 0.9 of the update before"),
    in_sgd("gradient of the x before", "loss, grad = f(x)\nx = x - step * grad", "before = grad if iteration > start + 1 else 0\nloss, grad = f(x)\nx = x - step * before", "with the gradient at the x before"),
    in_sgd("gradient of x0", "f(x)", "f(x0)", "f is evaluated at x0", fails=SGD),
    in_sgd("other updates of matrices", UPDATE, "import numpy as np\nx = x - step * grad * (1.1 if np.ndim(x) > 1 else 1)", "The step is 1.1 times the right one", fails=("2b-4-hidden",)),
    in_sgd("of numbers only", UPDATE, "x = float(x - step * grad)", "TypeError: only", fails=("2b-4-hidden",)),
    in_sgd("not written yet", REGION, "raise NotImplementedError('2b: sgd')", "sgd is not written yet", fails=ALL_OF_SGD),
    in_sgd("weight decay", UPDATE, "x = x - step * (grad + 0.001 * x)", "x after iteration 1 differs", "weight decay: 0.001 times x is added"),
    in_sgd("weight decay before the update", UPDATE, "x = 0.999 * x - step * grad", "weight decay: 0.01 times x is added"),
    in_sgd("six decimals", UPDATE, "import numpy as np\nx = np.round(x - step * grad, 6)", "x after iteration 4 differs", "It is rounded to 6 decimals", fails=("2b-0-basic", "2b-2-basic", "2b-3-hidden")),
    in_sgd("gradient clipped", UPDATE, "import numpy as np\nx = x - step * np.clip(grad, -0.1, 0.1)", "differs", unnamed="where the gradient is clipped, and how, is the submission's choice"),
    in_sgd("one iteration too few", "iterations + 1", "iterations", "29 calls of f in 30 iterations", "one iteration too few"),
    in_sgd("one iteration too many", "iterations + 1", "iterations + 2", "31 calls of f in 30 iterations", "one iteration too many"),
    in_sgd("last update left out", UPDATE, "x = x - step * grad * (iteration < iterations)", "is the last update left out?"),
    in_sgd("first update left out", UPDATE, "x = x - step * grad * (iteration > 1)", "x after iteration 1 differs", "is the update left out?"),
    in_sgd("other updates from the tenth on", UPDATE, "x = x - step * grad * (1.01 if iteration >= 10 else 1)", "The step is 1.01 times the right one"),
    in_sgd("f called twice", "loss, grad = f(x)", "loss, grad = f(x)\nloss, grad = f(x)", "60 calls of f in 30 iterations", "f is evaluated twice"),
    in_sgd("one random number more", UPDATE, f"{UPDATE}\nrandom.random()", OTHER_DRAWS),
    in_sgd("random stream begun anew", "x, start, smoothed_loss = x0", "random.seed(0)\nx, start, smoothed_loss = x0", OTHER_DRAWS),
    in_sgd("nothing returned", "return x", "pass", "None", "did you forget `return`?", fails=SGD),
    in_annealing("never", "step *= 0.5", "pass", "The step is 2 times the right one", HALVED, shows_after=20_000),
    in_annealing("by a tenth", "step *= 0.5", "step *= 0.1", "The step is 0.2 times the right one", HALVED, shows_after=20_000),
    in_annealing("twice the step", "step *= 0.5", "step *= 2", "The step is 4 times the right one", HALVED, shows_after=20_000),
    in_annealing("only once", "% ANNEAL_EVERY == 0", "== ANNEAL_EVERY", "The step is 2 times the right one", HALVED, shows_after=40_000),
    in_annealing("period doubled", "% ANNEAL_EVERY", "% (2 * ANNEAL_EVERY)", "The step is 2 times the right one", HALVED, shows_after=20_000),
    in_annealing("period halved", "% ANNEAL_EVERY", "% (ANNEAL_EVERY // 2)", "The step is 0.5 times the right one", HALVED, shows_after=10_000),
    in_annealing("before the update", "if iteration % ANNEAL_EVERY", "if (iteration + 1) % ANNEAL_EVERY", "halved an iteration early", HALVED, shows_after=19_999),
    in_annealing("an iteration late", "if iteration % ANNEAL_EVERY", "if iteration > 1 and (iteration - 1) % ANNEAL_EVERY", "halved an iteration late", HALVED, shows_after=20_000),
    in_annealing("counted from 0", "if iteration % ANNEAL_EVERY", "if (iteration - 1) % ANNEAL_EVERY", "x after iteration 2 differs", "The step is 0.5 times the right one", HALVED, fails=SGD),
    in_annealing("a little at every iteration", "if iteration % ANNEAL_EVERY == 0:\n    step *= 0.5", "step *= 0.5 ** (1 / ANNEAL_EVERY)", "halved a little at every iteration", HALVED, fails=PATHS),
    in_sgd("other updates after the first annealing", UPDATE, "x = x - step * grad * (1 if iteration <= ANNEAL_EVERY else 1.01)", "The step is 1.01 times the right one", fails=SCALARS, shows_after=20_000),
    in_postprocessing("ignored", "postprocessing is not None", "False", "The postprocessing is never called"),
    in_postprocessing("result dropped", "x = postprocessing(x)", "postprocessing(x)", "The postprocessing is called, but its result is thrown away"),
    in_postprocessing("before the update", "x = x - step * grad\nif postprocessing is not None:\n    x = postprocessing(x)", "if postprocessing is not None:\n    x = postprocessing(x)\nx = x - step * grad", "The postprocessing is applied before the update"),
    in_postprocessing("before f", REGION, "if postprocessing is not None:\n    x = postprocessing(x)\nloss, grad = f(x)\nx = x - step * grad", "The postprocessing is applied before f, not after the update"),
    in_postprocessing("only at the end", "postprocessing is not None", "postprocessing is not None and iteration == iterations", "The postprocessing is applied at the end only"),
    in_postprocessing("not at the end", "postprocessing is not None", "postprocessing is not None and iteration < iterations", "The postprocessing is left out after the last update"),
    in_postprocessing("applied twice", "x = postprocessing(x)", "x = postprocessing(postprocessing(x))", "The postprocessing is applied twice"),
    in_postprocessing("of the gradient", "x = postprocessing(x)", "x = x + step * (grad - postprocessing(grad))", "The postprocessing is applied to the gradient"),
    in_postprocessing("called with the step", "x = postprocessing(x)", "x = postprocessing(x, step)", "TypeError"),
    in_printing("loss not smoothed", "0.95 * smoothed_loss + 0.05 * loss", "loss"),
    in_printing("at every iteration", "if iteration % PRINT_EVERY == 0", "if True"),
]

FLOAT32 = [
    style("sigmoid in single precision", "sigmoid", "small = ", "x = np.float32(x)\nsmall = "),
    style("scores in single precision", "neg_sampling_loss_and_gradient", "vectors @ center_word_vec", "(vectors @ center_word_vec).astype(np.float32)"),
    style("vectors in single precision", "neg_sampling_loss_and_gradient", "outside_vectors[words]", "outside_vectors[words].astype(np.float32)"),
    style("gradient of a pair in single precision", "neg_sampling_loss_and_gradient", "np.zeros(outside_vectors.shape)", "np.zeros(outside_vectors.shape, np.float32)"),
    style("gradient of a window in single precision", "skipgram", "[c] += grad_center_vec", "[c] += np.float32(grad_center_vec)"),
    style("gradient of a step in single precision", "word2vec_sgd_wrapper", "np.zeros(word_vectors.shape)", "np.zeros(word_vectors.shape, np.float32)"),
    style("update in single precision", "sgd", UPDATE, "import numpy as np\nx = np.float32(x - step * grad)"),
    style("sgd from a start in single precision", "sgd", "x, start, smoothed_loss = x0", "import numpy as np\nx, start, smoothed_loss = np.float32(x0)"),
]

STYLES = [
    style("sigmoid: 1 / (1 + exp(-x))", "sigmoid", LOGISTIC, "1 / (1 + np.exp(-x))"),
    style("sigmoid: powers of np.e", "sigmoid", LOGISTIC, "1 / (1 + np.e ** (-x))"),
    style("sigmoid: by SciPy", "sigmoid", f"return {LOGISTIC}", "from scipy.special import expit\nreturn expit(x)"),
    style("sigmoid: by tanh", "sigmoid", LOGISTIC, "0.5 * (1 + np.tanh(np.divide(x, 2)))"),
    style("sigmoid: x kept within 500", "sigmoid", LOGISTIC, "1 / (1 + np.exp(-np.clip(x, -500, 500)))"),
    style("sigmoid: prints", "sigmoid", "return", "print('sigmoid of', x)\nreturn"),
    style("softmax: -log y_hat, y a one-hot vector", "naive_softmax_loss_and_gradient", REGION, "y_hat = softmax(outside_vectors @ center_word_vec)\nloss = -np.log(y_hat[outside_word_idx])\ny = np.eye(len(y_hat))[outside_word_idx]\ngrad_center_vec = outside_vectors.T @ (y_hat - y)\ngrad_outside_vecs = (y_hat - y)[:, np.newaxis] * center_word_vec[np.newaxis, :]"),
    style("softmax: written inline", "naive_softmax_loss_and_gradient", "softmax(scores)", "np.exp(scores) / np.sum(np.exp(scores))"),
    style("softmax: loss a float", "naive_softmax_loss_and_gradient", "return loss", "return float(loss)"),
    style("softmax: loss of shape (1,)", "naive_softmax_loss_and_gradient", "return loss", "return np.array([loss])"),
    style("sampling: loss of shape (1,)", "neg_sampling_loss_and_gradient", "return loss", "return np.array([loss])"),
    Style("center gradients of shape (1, d)", (("naive_softmax_loss_and_gradient", "error @ outside_vectors", "error[np.newaxis] @ outside_vectors"), ("neg_sampling_loss_and_gradient", "error @ vectors", "error[np.newaxis] @ vectors"), ("skipgram", "[c] += grad_center_vec", "[[c]] += grad_center_vec"))),
    style("center gradients of skip-gram by broadcasting", "skipgram", "[c] += grad_center_vec", "[c : c + 1] += np.atleast_2d(grad_center_vec)"),
    style("negatives: in a comprehension", "get_negative_samples", "negatives = []\nwhile len(negatives) < K:", "draws = iter(dataset.sample_token_idx, None)\nothers = (word for word in draws if word != outside_word_idx)\nreturn [word for _, word in zip(range(K), others, strict=False)]\nwhile len(negatives) < K:"),
    style("negatives: an array", "get_negative_samples", "return negatives", "return np.array(negatives)"),
    style("sampling: a loop over the negatives", "neg_sampling_loss_and_gradient", "words = [",
        "u, v, o = outside_vectors, center_word_vec, outside_word_idx\np = sigmoid(u[o] @ v)\nloss = -np.log(p)\n"
        "grad_center_vec, grad_outside_vecs = (p - 1) * u[o], np.zeros(u.shape)\ngrad_outside_vecs[o] = (p - 1) * v\n"
        "for k in get_negative_samples(o, dataset, K):\n    q = sigmoid(-(u[k] @ v))\n    loss -= np.log(q)\n"
        "    grad_center_vec = grad_center_vec + (1 - q) * u[k]\n    grad_outside_vecs[k] += (1 - q) * v\n"
        "return loss, grad_center_vec, grad_outside_vecs\nwords = ["),
    style("sampling: a loop instead of np.add.at", "neg_sampling_loss_and_gradient", ADD_ROWS, "for i, word in enumerate(words):\n    grad_outside_vecs[word] += error[i] * center_word_vec"),
    style("skip-gram: sums over all pairs at once", "skipgram", REGION,
        "c = word2ind[current_center_word]\nv, U = center_word_vectors[c], outside_vectors\n"
        "pairs = [word2vec_loss_and_gradient(v, o, U, dataset) for o in map(word2ind.get, outside_words)]\n"
        "losses, grads_center, grads_outside = zip(*pairs, strict=True)\nloss = np.sum(losses)\n"
        "grad_center_vecs[c] = np.sum(grads_center, axis=0)\ngrad_outside_vectors = np.sum(grads_outside, axis=0)"),
    style("skip-gram: other names, type hints, keywords", "skipgram", REGION,
        "index: int = word2ind[current_center_word]\nv: np.ndarray = center_word_vectors[index, :]\n"
        "indices: list[int] = [word2ind[w] for w in outside_words]\nfor i in range(len(indices)):\n    result: tuple = word2vec_loss_and_gradient(\n"
        "        center_word_vec=v, outside_word_idx=indices[i], outside_vectors=outside_vectors, dataset=dataset)\n    loss = loss + result[0]\n"
        "    grad_center_vecs[index, :] += result[1]\n    grad_outside_vectors[:] = grad_outside_vectors + result[2]"),
    style("skip-gram: asks which loss it is", "skipgram", "c = word2ind", "if word2vec_loss_and_gradient is neg_sampling_loss_and_gradient:\n    pass\nc = word2ind"),
    style("skip-gram: prints", "skipgram", "return", "print(current_center_word, outside_words, loss)\nreturn"),
    style("skip-gram: loss a float", "skipgram", "return loss", "return float(loss)"),
    Style("wrapper: each part over the batch size", (("word2vec_sgd_wrapper", "loss / BATCH_SIZE, grad / BATCH_SIZE", "loss, grad"), ("word2vec_sgd_wrapper", "+= loss_of_window", "+= loss_of_window / BATCH_SIZE"), ("word2vec_sgd_wrapper", "+= grad_center_vecs", "+= grad_center_vecs / BATCH_SIZE"), ("word2vec_sgd_wrapper", "+= grad_outside_vectors", "+= grad_outside_vectors / BATCH_SIZE"))),
    style("sgd: in place", "sgd", UPDATE, "x -= step * grad"),
    Style("sgd: in place of a copy", (("sgd", "x, start, smoothed_loss = x0", "x, start, smoothed_loss = x0 + 0.0"), ("sgd", UPDATE, "x -= step * grad"))),
    style("sgd: adds minus the step", "sgd", UPDATE, "x = x + (-step) * grad"),
    style("sgd: prints", "sgd", UPDATE, f"{UPDATE}\nprint(iteration, x)"),
    style("sgd: a lambda for no postprocessing", "sgd", "if postprocessing is not None:\n    x = postprocessing(x)", "x = (postprocessing or (lambda x: x))(x)"),
    style("sgd: type hints", "sgd", UPDATE, "x: float = x - step * grad"),
]
# fmt: on

# The quiz and the file of word vectors, which only the autograder checks.

FIRST = next(iter(OPTIONS))  # question
LETTERS = "return the letters alone"
# fmt: off
UNREADABLE = [
    ("not written yet", "raise NotImplementedError('3: question 1')", (f"question_{FIRST} is not written yet",)),
    ("a sentence", "return 'the third one'", (f"'t' in 'the third one' is not an option in question {FIRST}", LETTERS)),
    ("letters in a sentence", "return 'a and b'", ("'n' in 'a and b' is not an option", LETTERS)),
    ("a letter that is no option", "return ['z']", (f"'z' is not an option in question {FIRST}, which has {', '.join(OPTIONS[FIRST])}:",)),
    ("a letter in brackets", "return '(a)'", ("'(' in '(a)' is not an option", LETTERS)),
    ("nothing returned", "pass", ("no answer is returned", "printing", "return the letters")),
    ("printed, not returned", "print('b')", ("no answer is returned", "printing", "return the letters")),
    ("a number", "return 3", ("a value of type int is not an option",)),
    ("a list of truth values", "return [False, False, True]", ("a value of type bool is not an option",)),
    ("a set", "return {'a'}", ("a value of type set is not an option",)),
    ("an empty text", "return ''", ("no answer is returned",)),
    ("an empty list", "return []", ("no answer is returned",)),
    ("an error", "return ['a', b]", ("NameError: name 'b' is not defined",)),
]
# fmt: on


def quiz_mistakes():
    """Make rows of wrong answers to each question, and of some that cannot be read."""
    not_right = ("AssertionError: the answer is not right",)
    rows = [(FIRST, *row, ("0-basic", "1-hidden")) for row in UNREADABLE]
    for number, options in OPTIONS.items():
        key = "".join(getattr(submission.quiz, f"question_{number}")())
        others = "".join(letter for letter in options if letter not in key)
        wrong = {
            "a letter missing": key[1:],
            "all letters": options,
            "the letters that are wrong": others,
            "a letter too many": key + others[:1],
        }
        chosen = {answer: name for name, answer in wrong.items() if answer not in ("", key)}
        rows += [(number, n, f"return {a!r}", not_right, ("1-hidden",)) for a, n in chosen.items()]
    for number, name, answer, words, kinds in rows:
        fails = tuple(f"{QUESTIONS[number]}-{kind}" for kind in kinds)
        function, name = f"question_{number}", f"question {number}: {name}"
        yield Mistake(function, name, REGION, answer, fails, words, "training has no quiz")


QUIZ_MISTAKES = [*quiz_mistakes()]

VECTORS = "2c-0-basic", "2c-1-hidden"
OTHER_WORDS = ("2c-1-hidden",)
LIKELY = (
    "Likely causes: another treebank, fewer iterations (--iterations), other options, a changed"
)
ANY_RUN = "any run gives some vectors: that they are wrong does not tell why"


def each(change):
    """Change every number of the vectors."""
    return lambda vectors: {word: [change(x) for x in v] for word, v in vectors.items()}


# fmt: off
VECTORS_MISTAKES = [
    WrongVectors("no file", lambda vectors: None, VECTORS, ("sample_vectors_(soln).json is missing", REMEDY)),
    WrongVectors("an empty file", lambda vectors: b" ", VECTORS, ("is empty", REMEDY)),
    WrongVectors("half of the file", lambda vectors: json.dumps(vectors).encode()[:2000], VECTORS, ("is not the JSON that run.py writes", "line 1 column")),
    WrongVectors("not JSON", lambda vectors: b"female 0.6 0.2", VECTORS, ("is not the JSON that run.py writes: Expecting value",)),
    WrongVectors("UTF-16", lambda vectors: json.dumps(vectors).encode("utf-16"), VECTORS, ("is not the JSON that run.py writes: 'utf-8' codec can't decode",)),
    WrongVectors("too large", lambda vectors: json.dumps(vectors).encode() + b" " * 2**20, VECTORS, ("too large, ",)),
    WrongVectors("a list", lambda vectors: [*vectors.values()], VECTORS, ("no object of words and vectors",)),
    WrongVectors("no words", lambda vectors: {}, VECTORS, (f"no vector of {next(iter(PUBLISHED))!r}: 2 of 2 words are missing", "24 of 24 words are missing")),
    WrongVectors("a word missing", lambda vectors: {word: v for word, v in vectors.items() if word != "cool"}, VECTORS, ("has no vector of 'cool'",)),
    WrongVectors("two words only", lambda vectors: {word: vectors[word] for word in PUBLISHED}, OTHER_WORDS, ("has no vector of", "22 of 24 words are missing")),
    WrongVectors("only two words right", lambda vectors: {word: v if word in PUBLISHED else [x + 0.1 for x in v] for word, v in vectors.items()}, OTHER_WORDS, ("22 of 24 words differ", LIKELY), ANY_RUN),
    WrongVectors("a word wrong in one number by 0.002", lambda vectors: {**vectors, "rain": [vectors["rain"][0] + 0.002, *vectors["rain"][1:]]}, OTHER_WORDS, ("the vector of 'rain'", "1 of 24 words differ"), ANY_RUN),
    WrongVectors("vectors of length 9", lambda vectors: {w: v[:9] for w, v in vectors.items()}, VECTORS, ("has shape (9,), expected shape (10,)", REMEDY)),
    WrongVectors("a number", lambda vectors: {**vectors, "cool": 1}, VECTORS, ("the vector of 'cool' is one number, expected shape (10,)",)),
    WrongVectors("nan", each(lambda x: float("nan")), VECTORS, ("is nan everywhere",)),
    WrongVectors("infinite", each(lambda x: x * 1e308 * 1e10), VECTORS, ("inf everywhere",)),
    WrongVectors("texts", each(str), VECTORS, ("holds something that is not a number",)),
    WrongVectors("null", each(lambda x: None), VECTORS, ("holds something that is not a number",)),
    WrongVectors("those of the sample treebank", lambda vectors: vectors | {word: begin + [0.5] * 7 for word, begin in OF_SAMPLE.items()}, VECTORS, ("those of the sample treebank", REMEDY)),
    WrongVectors("barely trained", each(lambda x: x / 20), VECTORS, ("barely trained", "fewer iterations than 40,000")),
    WrongVectors("barely trained but for a few words", lambda vectors: {word: v if i % 24 < 5 else [x / 20 for x in v] for i, (word, v) in enumerate(vectors.items())}, OTHER_WORDS, ("barely trained", "fewer iterations than 40,000")),
    WrongVectors("all zero", each(lambda x: 0), VECTORS, ("barely trained",)),
    WrongVectors("nearly one vector for all words", lambda vectors: {word: [6 * x + 0.005 * y for x, y in zip(vectors["cool"], v, strict=True)] for word, v in vectors.items()}, VECTORS, ("All words have nearly the same vector", "the center word's row")),
    WrongVectors("fewer iterations", each(lambda x: 0.9 * x), VECTORS, ("differs most at [", LIKELY), ANY_RUN),
    WrongVectors("negated", each(lambda x: -x), VECTORS, (f"yours is {-max(next(iter(PUBLISHED.values())), key=abs):.6g}", "negated")),
    WrongVectors("another seed", each(lambda x: x + 0.01), VECTORS, ("random seed",), ANY_RUN),
    WrongVectors("words in another order", lambda vectors: dict(zip(vectors, reversed(vectors.values()), strict=True)), VECTORS, ("The vectors are those of other words",)),
]
# fmt: on
