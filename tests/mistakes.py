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
from functools import partial
from pathlib import Path

import submission.quiz
from grading.quiz import OPTIONS, QUESTIONS
from grading.vectors import OF_SAMPLE, PUBLISHED, REMEDY

REFERENCE = Path(__file__).resolve().parents[1] / "src" / "submission"
REGION = "region"  # as an old text: all that stands between the marks of the student's region


@dataclass(frozen=True)
class Mistake:
    """A submission that is wrong in one thing.

    Attributes
    ----------
    function : str
        Where it is wrong.
    name : str
        What is wrong, after the part that it belongs to.
    old, new : str
        Code of the reference, and what stands there instead. Lines after the first are indented
        as far as the first is.
    fails : tuple of str
        Graded tests that must fail; others may.
    words : tuple of str
        What their messages must hold.
    why : str
        Why training gives the right vectors and the right loss nevertheless; empty if it does not.
    shows_after : int
        Iterations of a run before its vectors are wrong.
    counts : bool
        Whether it depends on how often the function was called before.
    ungraded : str
        Why the graded tests give full marks nevertheless; empty if they do not.
    unnamed : str
        Why the messages cannot name it, but only say where numbers differ; empty if they do.
    notes : tuple of str
        What a note in the basic tests of its question must hold.
    """

    function: str
    name: str
    old: str
    new: str
    fails: tuple = ()
    words: tuple = ()
    why: str = ""
    shows_after: int = 0
    counts: bool = False
    ungraded: str = ""
    unnamed: str = ""
    notes: tuple = ()

    @property
    def edits(self):
        """Give the changes as those of a `Style`."""
        return ((self.function, self.old, self.new),)

    @property
    def file(self):
        """Give the name of the file that is changed."""
        return file_of(self.function)

    @property
    def trained(self):
        """Whether it changes what training gives."""
        return not self.why


@dataclass(frozen=True)
class Style:
    """A submission that is written in another way.

    Attributes
    ----------
    name : str
        What is different.
    edits : tuple of (str, str, str)
        Function, old text and new text, as in `Mistake`.
    """

    name: str
    edits: tuple


@dataclass(frozen=True)
class WrongVectors:
    """A file of word vectors that is wrong.

    Attributes
    ----------
    name : str
        What is wrong.
    change : callable
        Gets a vector for each of 24 words, and gives others, or what the file holds, as bytes, or
        None for no file.
    fails, words, unnamed : tuple of str, tuple of str, str
        As in `Mistake`.
    """

    name: str
    change: Callable
    fails: tuple
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
    """Write the package ``submission`` of a row, its region marks kept.

    Parameters
    ----------
    row : Mistake or Style
        What to change.
    folder : Path
        Where to put the package.

    Returns
    -------
    Path
        The folder, for `load`.
    """
    package = Path(folder) / "submission"
    shutil.copytree(REFERENCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for function, old, new in row.edits:
        path = package / file_of(function)
        source = path.read_text(encoding="utf-8")
        path.write_text(_edited(source, function, old, new), encoding="utf-8")
    return Path(folder)


def load(folder):
    """Import the package ``submission`` in a folder; one imported before stays what it was.

    Parameters
    ----------
    folder : Path
        What `apply` returns.

    Returns
    -------
    module
        The package.
    """
    before = _forget_submission()
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        package = importlib.import_module("submission")
    finally:
        sys.path.remove(str(folder))
        _forget_submission()
        sys.modules.update(before)
    assert Path(package.__file__).parents[1] == Path(folder), package.__file__
    return package


def _forget_submission():
    names = [name for name in sys.modules if name.split(".")[0] == "submission"]
    return {name: sys.modules.pop(name) for name in names}


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
SAMPLING = WRAPPER = ("2a-8-basic",)
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
PRINTS = "what a submission prints earns no points"

in_sigmoid = partial(Mistake, "sigmoid")
in_softmax = partial(
    Mistake, "naive_softmax_loss_and_gradient", why="training uses negative sampling"
)
in_negatives = partial(Mistake, "get_negative_samples")
in_sampling = partial(Mistake, "neg_sampling_loss_and_gradient")
in_skipgram = partial(Mistake, "skipgram")
in_wrapper = partial(Mistake, "word2vec_sgd_wrapper")
in_sgd = partial(Mistake, "sgd")


def in_postprocessing(name, old, new, words):
    """Make a row of a wrong use of the postprocessing, which the basic tests tell in a note."""
    why = "training has no postprocessing"
    return Mistake("sgd", name, old, new, SCALARS, words, why, notes=words)


# Pieces of the reference that many rows change.
LOGISTIC = "np.where(np.greater_equal(x, 0), 1, small) / (1 + small)"
LOG_Y_HAT = "np.log(np.exp(scores).sum()) - scores[outside_word_idx]"
RETURN = "return loss, grad_center_vec, grad_outside_vecs"
RETURN_WINDOW = "return loss, grad_center_vecs, grad_outside_vectors"
ADD_ROWS = "np.add.at(grad_outside_vecs, words, np.outer(error, center_word_vec))"
UPDATE = "x = x - step * grad"

# fmt: off
MISTAKES = [
    in_sigmoid("sigmoid: of -x", "np.greater_equal", "np.less", SIGMOID, ("-x",)),
    in_sigmoid("sigmoid: its derivative", LOGISTIC, "small / (1 + small) ** 2",
        SIGMOID, ("derivative",)),
    in_sigmoid("sigmoid: negated", LOGISTIC, f"-{LOGISTIC}", SIGMOID, ("negated",)),
    in_sigmoid("sigmoid: tanh", LOGISTIC, "np.tanh(x)", SIGMOID, ("It is tanh(x)",)),
    in_sigmoid("sigmoid: powers of 2", "np.exp(", "np.exp2(", SIGMOID, ("that of base 2",)),
    in_sigmoid("sigmoid: exp(x) over the sum of all", LOGISTIC, "np.exp(x) / np.exp(x).sum()",
        SIGMOID, ("the softmax: exp(x) divided by the sum",)),
    in_sigmoid("sigmoid: 1 / exp(-x)", LOGISTIC, "1 / np.exp(-x)", SIGMOID,
        ("exp(x): the 1 of the denominator is missing",)),
    in_sigmoid("sigmoid: 1 / 1 + exp(-x)", LOGISTIC, "1 / 1 + np.exp(-x)", SIGMOID,
        ("1 + exp(-x): is it in parentheses?",)),
    in_sigmoid("sigmoid: //", LOGISTIC, "1 // (1 + np.exp(-x))", SIGMOID, ("// rounds down",)),
    in_sigmoid("sigmoid: whole numbers for whole numbers", f"return {LOGISTIC}",
        f"s = np.zeros_like(x)\ns[...] = {LOGISTIC}\nreturn s", ("2a-3-hidden",),
        ("whole numbers only, as np.zeros_like",), why="no score is a whole number by its kind"),
    in_sigmoid("sigmoid: three digits", LOGISTIC, f"np.round({LOGISTIC}, 3)",
        SIGMOID, ("rounded to 3 decimals",)),
    in_sigmoid("sigmoid: x kept within 6", "np.abs(x)", "np.minimum(np.abs(x), 6)",
        OTHER_SIGMOIDS, ("wrong only where |x| is large",)),
    in_sigmoid("sigmoid: 0 or 1 beyond 6", "np.abs(x))", "np.abs(x)) * (np.abs(x) <= 6)",
        OTHER_SIGMOIDS, ("wrong only where |x| is large",)),
    in_sigmoid("sigmoid: nan for large x", LOGISTIC, "np.exp(x) / (1 + np.exp(x))",
        ("2a-3-hidden",), ("nan", "exp overflows"), why="no score is above 700"),
    in_sigmoid("sigmoid: of a matrix transposed", LOGISTIC, f"({LOGISTIC}).T",
        ("2a-4-hidden", "2a-5-hidden"), ("transposed",), why="the scores are a vector"),
    in_sigmoid("sigmoid: written over x", f"return {LOGISTIC}", f"x[...] = {LOGISTIC}\nreturn x",
        OTHER_SIGMOIDS, ("sigmoid changes the x", "copy"), why="nothing uses the scores any more"),
    in_sigmoid("sigmoid: of numbers only", f"return {LOGISTIC}",
        "import math\nreturn 1 / (1 + math.exp(-x))", SIGMOID,
        ("TypeError: only", "math.exp takes one number, np.exp takes arrays")),
    in_sigmoid("sigmoid: not written yet", REGION, "raise NotImplementedError('2a: sigmoid')",
        SIGMOID, ("sigmoid is not written yet",)),

    in_softmax("softmax: loss negated", LOG_Y_HAT, f"-({LOG_Y_HAT})",
        SOFTMAX, ("loss", "negated")),
    in_softmax("softmax: log to base 2", LOG_Y_HAT, f"({LOG_Y_HAT}) / np.log(2)",
        SOFTMAX, ("loss", "logarithm to base 2", SUMMED)),
    in_softmax("softmax: loss without log", LOG_Y_HAT, "softmax(scores)[outside_word_idx]",
        SOFTMAX, ("loss", "logarithm is missing", SUMMED)),
    in_softmax("softmax: loss over all words", LOG_Y_HAT, "-np.log(softmax(scores)).sum()",
        SOFTMAX, ("the sum over the whole vocabulary", SUMMED)),
    in_softmax("softmax: loss of word 0", "- scores[outside_word_idx]", "- scores[0]",
        SOFTMAX, ("that of word 0, expected that of the outside word, 3", SUMMED)),
    in_softmax("softmax: not divided by the sum", REGION,
        "scores = np.exp(outside_vectors @ center_word_vec)\nloss = -np.log(scores[outside_word_idx])\n"
        "scores[outside_word_idx] -= 1\ngrad_center_vec = scores @ outside_vectors\n"
        "grad_outside_vecs = np.outer(scores, center_word_vec)",
        SOFTMAX, ("exp(u . v), which is not divided by its sum", SUMMED)),
    in_softmax("softmax: along the wrong axis", REGION,
        "y_hat = softmax((outside_vectors @ center_word_vec)[:, np.newaxis])[:, 0]\n"
        "loss = -np.log(y_hat[outside_word_idx])\n"
        "y_hat[outside_word_idx] -= 1\ngrad_center_vec = y_hat @ outside_vectors\n"
        "grad_outside_vecs = np.outer(y_hat, center_word_vec)",
        SOFTMAX, ("along the wrong axis", SUMMED)),
    in_softmax("softmax: a sigmoid for the softmax", "softmax(scores)", "sigmoid(outside_vectors @ center_word_vec)",
        SOFTMAX, ("that of sigma(u . v), expected the softmax", SUMMED)),
    in_softmax("softmax: loss the number of words", LOG_Y_HAT, "len(scores)",
        SOFTMAX, ("the number of words in the vocabulary", SUMMED)),
    in_softmax("softmax: y subtracted before the loss", REGION,
        "error = softmax(outside_vectors @ center_word_vec)\nerror[outside_word_idx] -= 1\n"
        "loss = -np.log(error[outside_word_idx])\ngrad_center_vec = error @ outside_vectors\n"
        "grad_outside_vecs = np.outer(error, center_word_vec)",
        SOFTMAX, ("the loss is nan", "is y subtracted from y_hat before?")),
    in_softmax("softmax: center vector for the outside vectors", "error @ outside_vectors",
        "softmax(scores).sum() * center_word_vec", SOFTMAX, ("made of the center vector", SUMMED)),
    in_softmax("softmax: outside vectors for the center vector", "np.outer(error, center_word_vec)",
        "error[:, np.newaxis] * outside_vectors", SOFTMAX, ("made of the outside vectors", SUMMED)),
    in_softmax("softmax: outside vectors changed", RETURN, f"outside_vectors -= grad_outside_vecs\n{RETURN}",
        ("2a-0-basic", "2a-6-hidden"), ("naive_softmax_loss_and_gradient changes the outside_vectors",)),
    in_softmax("softmax: no one-hot subtracted", "error[outside_word_idx] -= 1", "pass",
        SOFTMAX, ("gradient", "no one-hot vector y subtracted", SUMMED)),
    in_softmax("softmax: one-hot added", "-= 1", "+= 1",
        SOFTMAX, ("gradient", "y added, not subtracted", SUMMED)),
    in_softmax("softmax: no one-hot subtracted for word 0", "-= 1", "-= outside_word_idx > 0",
        ("2a-0-basic", "2a-6-hidden"), ("gradient", "no one-hot vector y subtracted", SUMMED)),
    in_softmax("softmax: one-hot always at 3", "error[outside_word_idx] -= 1", "error[3] -= 1",
        ("2a-0-basic", "2a-6-hidden"), ("y for word 3, expected for the outside word", SUMMED)),
    in_softmax("softmax: five words at most", "scores = outside_vectors",
        "outside_vectors = outside_vectors[:5]\nscores = outside_vectors",
        ("2a-6-hidden",), ("IndexError", "size 5", "scores has shape (5,)")),
    in_softmax("softmax: gradients negated", "-= 1", "-= 1\nerror = -error",
        SOFTMAX, ("gradient", "negated")),
    in_softmax("softmax: center gradient negated", "error @", "-error @",
        SOFTMAX, ("center", "negated")),
    in_softmax("softmax: outside gradient negated", "np.outer(error", "np.outer(-error",
        SOFTMAX, ("outside", "negated")),
    in_softmax("softmax: outside gradient transposed",
        "np.outer(error, center_word_vec)", "np.outer(center_word_vec, error)",
        SOFTMAX, ("outside", "has shape (3, 5), expected shape (5, 3). It is transposed")),
    in_softmax("softmax: outside gradient of the outside word only", RETURN,
        f"grad_outside_vecs *= np.eye(len(error))[outside_word_idx][:, np.newaxis]\n{RETURN}",
        SOFTMAX, ("outside", "right in the row of the outside word alone", SUMMED)),
    in_softmax("softmax: center gradient from the outside word only", "error @ outside_vectors",
        "error[outside_word_idx] * outside_vectors[outside_word_idx]",
        SOFTMAX, ("center", "the outside word's part alone", SUMMED)),
    in_softmax("softmax: center gradient a column", RETURN,
        f"grad_center_vec = grad_center_vec[:, np.newaxis]\n{RETURN}",
        SOFTMAX, ("center", "has shape (3, 1), expected shape (3,)", "Its numbers are right")),
    in_softmax("softmax: center gradient halved", "error @", "error / 2 @",
        SOFTMAX, ("center", "1/2 times the right value", SUMMED)),
    in_softmax("softmax: mean over the vocabulary", RETURN, "V = len(outside_vectors)\n"
        "return loss / V, grad_center_vec / V, grad_outside_vecs / V",
        SOFTMAX, ("divided by the number of words in the vocabulary", SUMMED)),
    in_softmax("softmax: gradients swapped", RETURN,
        "return loss, grad_outside_vecs, grad_center_vec", SOFTMAX, SWAPPED),
    in_softmax("softmax: no loss returned", RETURN, "return grad_center_vec, grad_outside_vecs",
        SOFTMAX, ("returned 2 values, expected 3: the loss, the gradient of the center vector", "not enough values to unpack")),
    in_softmax("softmax: nothing returned", RETURN, "",
        SOFTMAX, ("None", "did you forget `return`?")),
    in_softmax("softmax: not written yet", REGION, "raise NotImplementedError('2a: softmax')",
        SOFTMAX, ("naive_softmax_loss_and_gradient is not written yet",)),

    in_negatives("negatives: may be the outside word", "word != outside_word_idx", "True",
        SAMPLING, (GIVEN,)),
    in_negatives("negatives: never word 0", "if word", "if word and word",
        SAMPLING, (GIVEN,)),
    in_negatives("negatives: never the same twice", "if word != outside_word_idx",
        "if word not in (outside_word_idx, *negatives)", SAMPLING, (GIVEN,)),
    in_negatives("negatives: one word K times", ".append(word)", ".extend([word] * K)",
        SAMPLING, (GIVEN,)),
    in_negatives("negatives: one missing", "< K", "< K - 1",
        SAMPLING, (GIVEN,)),
    in_negatives("negatives: one drawn in vain", "negatives = []",
        "negatives = []\ndataset.sample_token_idx()", SAMPLING, (GIVEN,)),

    in_sampling("sampling: K ignored", "words = [", "K = 10\nwords = [",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: repeated negatives counted once", "vectors = outside_vectors[words]",
        "words = list(dict.fromkeys(words))\nK = len(words) - 1\n"
        "vectors = outside_vectors[words]", SAMPLING, (GIVEN,)),
    in_sampling("sampling: repeated negatives overwritten", ADD_ROWS,
        "grad_outside_vecs[words] += np.outer(error, center_word_vec)",
        SAMPLING, ("outside", "samples drawn twice counted once", GIVEN)),
    in_sampling("sampling: loss without negatives", " + np.logaddexp(0, scores[1:]).sum()", "",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: loss with the mean of the negatives", ".sum()", ".mean()",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: loss lacks one negative", "scores[1:]", "scores[2:]",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: loss of the outside word as of a negative", "-scores[0]", "scores[0]",
        SAMPLING, ("loss",)),
    in_sampling("sampling: loss negated", "return loss", "return -loss",
        SAMPLING, ("loss", "negated")),
    in_sampling("sampling: negatives' gradient negated", "- truth",
        "- truth\nerror[1:] *= -1", SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients of all words as of the outside word", "truth[0] = 1",
        "truth[:] = 1", SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients lack the outside word", "- truth", "- truth\nerror[0] = 0",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: gradients lack the last negative", "- truth",
        "- truth\nerror[-1] = 0", SAMPLING, (GIVEN,)),
    in_sampling("sampling: center gradient lacks the outside word", "error @ vectors",
        "error[1:] @ vectors[1:]", SAMPLING, ("center",)),
    in_sampling("sampling: center gradient negated", "error @ vectors", "-error @ vectors",
        SAMPLING, ("center", "negated")),
    in_sampling("sampling: outside gradient negated", "np.outer(error", "np.outer(-error",
        SAMPLING, ("outside", "negated")),
    in_sampling("sampling: outside gradient of u instead of v", "np.outer(error, center_word_vec)",
        "error[:, np.newaxis] * vectors", SAMPLING, ("outside",)),
    in_sampling("sampling: no outside gradient for the negatives", ADD_ROWS,
        "grad_outside_vecs[outside_word_idx] = error[0] * center_word_vec",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: gradients halved", "- truth", "- truth\nerror = error / 2",
        SAMPLING, ("gradient", "1/2 times the right value")),
    in_sampling("sampling: gradients too large by a millionth", "- truth",
        "- truth\nerror *= 1.000001", ungraded=SINGLE),
    in_sampling("sampling: mean over the words", RETURN,
        "return loss / (K + 1), grad_center_vec / (K + 1), grad_outside_vecs / (K + 1)",
        SAMPLING, ("1/11 times the right value",)),
    in_sampling("sampling: gradients swapped", RETURN,
        "return loss, grad_outside_vecs, grad_center_vec", SAMPLING, SWAPPED),
    in_sampling("sampling: no gradient beyond 6", "- truth",
        "- truth\nerror[np.abs(scores) > 6] = 0", SAMPLING, ("gradient",)),
    in_sampling("sampling: no outside word 0", "truth[0] = 1", "truth[0] = outside_word_idx > 0",
        SAMPLING, (GIVEN,)),
    in_sampling("sampling: always the first negatives", "vectors = outside_vectors[words]",
        "words[1:] = vars(sigmoid).setdefault(K, words[1:])\nvectors = outside_vectors[words]",
        SAMPLING, (GIVEN,), counts=True),
    in_sampling("sampling: loss nan", "return loss", "return loss * np.nan", SAMPLING, ("nan",)),
    in_sampling("sampling: center gradient nan", "error @ vectors", "error @ vectors * np.nan",
        SAMPLING, ("nan",)),
    in_sampling("sampling: one random number more", "truth[0] = 1", "truth[0] = 1\n"
        "random.random()", SAMPLING, (OTHER_DRAWS,)),

    in_skipgram("skip-gram: always the softmax loss", "= word2vec_loss_and_gradient(",
        "= naive_softmax_loss_and_gradient(", OTHER_WINDOWS, ("never calls the loss",)),
    in_skipgram("skip-gram: always the negative sampling loss", "= word2vec_loss_and_gradient(",
        "= neg_sampling_loss_and_gradient(", SKIPGRAM, ("never calls the loss",)),
    in_skipgram("skip-gram: six words at most", "in outside_words", "in outside_words[:6]",
        OTHER_WINDOWS, (HANDS,)),
    in_skipgram("skip-gram: nine words at most", "in outside_words", "in outside_words[:9]",
        OTHER_WINDOWS, (HANDS,)),
    in_skipgram("skip-gram: window_size words at most", "in outside_words",
        "in outside_words[:window_size]", SKIPGRAM, ("loss differs", HANDS)),
    in_skipgram("skip-gram: first word left out", "in outside_words", "in outside_words[1:]",
        SKIPGRAM, ("the sum without the first outside word")),
    in_skipgram("skip-gram: last word only", "in outside_words", "in outside_words[-1:]",
        SKIPGRAM, (LAST, HANDS)),
    in_skipgram("skip-gram: repeated words once", "in outside_words",
        "in dict.fromkeys(outside_words)",
        SKIPGRAM, ("the sum over different words: one that occurs twice counts twice", HANDS)),
    in_skipgram("skip-gram: return within the loop", "grad_outside_vectors += grad_outside_vecs",
        f"grad_outside_vectors += grad_outside_vecs\n{RETURN_WINDOW}",
        SKIPGRAM, (HANDS, "that of the first outside word only: is there a return in the loop?")),
    in_skipgram("skip-gram: the outside word's vector for the center word's",
        "center_word_vectors[c], word2ind[word]", "center_word_vectors[word2ind[word]], word2ind[word]",
        SKIPGRAM, ("that with the center vector of the outside word",)),
    in_skipgram("skip-gram: center vectors changed", "grad_center_vecs[c] += grad_center_vec",
        "grad_center_vecs[c] += grad_center_vec\ncenter_word_vectors[c] += grad_center_vec",
        SKIPGRAM, ("skipgram changes the center_word_vectors",)),
    in_skipgram("skip-gram: words in alphabetical order", "in outside_words",
        "in sorted(outside_words)", OTHER_WINDOWS, (HANDS,)),
    in_skipgram("skip-gram: loss of the last word only", "loss += loss_of_pair",
        "loss = loss_of_pair", SKIPGRAM, ("loss", LAST)),
    in_skipgram("skip-gram: center gradient of the last word only", "[c] += grad_center_vec",
        "[c] = grad_center_vec", SKIPGRAM, ("center", LAST)),
    in_skipgram("skip-gram: outside gradient of the last word only", "+= grad_outside_vecs",
        "= grad_outside_vecs", SKIPGRAM, ("outside", LAST)),
    in_skipgram("skip-gram: mean over the outside words", RETURN_WINDOW, "C = len(outside_words)\n"
        "return loss / C, grad_center_vecs / C, grad_outside_vectors / C",
        SKIPGRAM, ("the mean over the 6 outside words, expected their sum",)),
    in_skipgram("skip-gram: times the number of outside words", RETURN_WINDOW,
        "C = len(outside_words)\n"
        "return loss * C, grad_center_vecs * C, grad_outside_vectors * C",
        SKIPGRAM, ("multiplied by the number of outside words, 6",)),
    in_skipgram("skip-gram: loss a mean", RETURN_WINDOW,
        f"loss /= len(outside_words)\n{RETURN_WINDOW}", SKIPGRAM, ("loss", "mean")),
    in_skipgram("skip-gram: divided by the batch size", RETURN_WINDOW, "n = BATCH_SIZE\n"
        "return loss / n, grad_center_vecs / n, grad_outside_vectors / n",
        SKIPGRAM, ("divided by the batch size, 50",)),
    in_skipgram("skip-gram: center gradient in the outside word's row",
        "grad_center_vecs[c] +=", "grad_center_vecs[word2ind[word]] +=",
        SKIPGRAM, ("in the rows of the outside words, expected in the row of the center word",)),
    in_skipgram("skip-gram: center gradient in every row", "grad_center_vecs[c] +=",
        "grad_center_vecs +=", SKIPGRAM, ("in every row, expected in the row of the center",)),
    in_skipgram("skip-gram: center gradient negated", "grad_center_vecs[c] +=",
        "grad_center_vecs[c] -=", SKIPGRAM, ("center", "negated")),
    in_skipgram("skip-gram: outside gradient negated", "grad_outside_vectors +=",
        "grad_outside_vectors -=", SKIPGRAM, ("outside", "negated")),
    in_skipgram("skip-gram: no outside gradient", "grad_outside_vectors += grad_outside_vecs", "",
        SKIPGRAM, ("outside", "zero")),
    in_skipgram("skip-gram: nothing done", REGION, "pass", SKIPGRAM,
        ("It is zero.", "never calls the loss")),
    in_skipgram("skip-gram: not written yet", REGION, "raise NotImplementedError('2a: skipgram')",
        SKIPGRAM, ("skipgram is not written yet",)),
    in_skipgram("skip-gram: gradients swapped", RETURN_WINDOW,
        "return loss, grad_outside_vectors, grad_center_vecs", SKIPGRAM, SWAPPED),
    in_skipgram("skip-gram: center and outside vectors swapped",
        "center_word_vectors[c], word2ind[word], outside_vectors",
        "outside_vectors[c], word2ind[word], center_word_vectors",
        SKIPGRAM, ("loss differs", "that with center and outside vectors swapped")),
    in_skipgram("skip-gram: center and outside word swapped",
        "center_word_vectors[c], word2ind[word]", "center_word_vectors[word2ind[word]], c",
        SKIPGRAM, ("loss differs", HANDS)),
    in_skipgram("skip-gram: no dataset handed on", "outside_vectors, dataset",
        "outside_vectors, None", OTHER_WINDOWS, ("must be given the dataset that skipgram is",)),
    in_skipgram("skip-gram: center vector scaled to length 1 in place",
        "c = word2ind[current_center_word]", "c = word2ind[current_center_word]\n"
        "center_word_vectors[c] /= np.linalg.norm(center_word_vectors[c])",
        SKIPGRAM, ("skipgram changes the center_word_vectors", "copy")),
    in_skipgram("skip-gram: center vector scaled to length 1", "center_word_vectors[c], word2ind",
        "center_word_vectors[c] / np.linalg.norm(center_word_vectors[c]), word2ind",
        SKIPGRAM, ("by finite differences of the loss", "Either the loss or its gradient is wrong")),
    in_skipgram("skip-gram: outside words used up", RETURN_WINDOW,
        f"outside_words.clear()\n{RETURN_WINDOW}", OTHER_WINDOWS,
        ("skipgram changes the outside_words", "copy"), why="every window is a new list"),
    in_skipgram("skip-gram: doubled from the tenth call on", RETURN_WINDOW,
        "skipgram.calls = getattr(skipgram, 'calls', 0) + 1\n"
        f"grad_outside_vectors *= 1 + (skipgram.calls >= 10)\n{RETURN_WINDOW}",
        SKIPGRAM, ("outside", "gradient check failed"), counts=True),

    in_wrapper("wrapper: sum over the windows", "return loss / BATCH_SIZE, grad / BATCH_SIZE",
        "return loss, grad", WRAPPER, ("the loss differs", "50 times")),
    in_wrapper("wrapper: gradient a sum", "grad / BATCH_SIZE", "grad",
        WRAPPER, ("the gradient differs", "50 times")),
    in_wrapper("wrapper: loss a sum", "loss / BATCH_SIZE", "loss",
        WRAPPER, ("the loss differs", "50 times")),
    in_wrapper("wrapper: one window too few", "range(BATCH_SIZE)", "range(BATCH_SIZE - 1)",
        WRAPPER, (GIVEN,)),
    in_wrapper("wrapper: windows of one size", "random.randint(1, window_size)", "window_size",
        WRAPPER, (OTHER_DRAWS,)),
    in_wrapper("wrapper: another loss handed on", "dataset,\nword2vec_loss_and_gradient,",
        "dataset,\nneg_sampling_loss_and_gradient,",
        WRAPPER, ("must be given dataset and loss function of the wrapper",)),
    in_wrapper("wrapper: no dataset handed on", "dataset,\nword2vec_loss_and_gradient,",
        "None,\nword2vec_loss_and_gradient,",
        WRAPPER, ("must be given dataset and loss function of the wrapper",)),
    in_wrapper("wrapper: loss not handed on", "dataset,\nword2vec_loss_and_gradient,", "dataset,",
        WRAPPER, ("word2vec_model() missing 1 required", "word2vec_loss_and_gradient")),
    in_wrapper("wrapper: outside gradient not added", "grad[V:] += grad_outside_vectors", "",
        WRAPPER, (GIVEN,)),
    in_wrapper("wrapper: gradients in the other half", "grad[:V] += grad_center_vecs",
        "grad[V:] += grad_center_vecs", WRAPPER, (GIVEN,)),
    in_wrapper("wrapper: same vectors for both", "word_vectors[V:]", "word_vectors[:V]",
        WRAPPER, (GIVEN,)),
    in_wrapper("wrapper: one random number more", "V = len", "random.random()\nV = len",
        WRAPPER, (GIVEN,)),
    in_wrapper("wrapper: one random number more at the end", "return loss",
        "random.random()\nreturn loss", WRAPPER, (OTHER_DRAWS,)),
    in_wrapper("wrapper: doubled from the seventh call on", "return loss",
        "word2vec_sgd_wrapper.calls = getattr(word2vec_sgd_wrapper, 'calls', 0) + 1\n"
        "grad *= 1 + (word2vec_sgd_wrapper.calls >= 7)\nreturn loss",
        WRAPPER, ("the gradient differs", "2 times"), counts=True),

    in_sgd("sgd: uphill", UPDATE, "x = x + step * grad", SGD, ("uphill",)),
    in_sgd("sgd: step ignored", UPDATE, "x = x - grad", SGD, ("The step is ignored",)),
    in_sgd("sgd: gradient ignored", UPDATE, "x = x - step", SGD, ("The gradient is ignored",)),
    in_sgd("sgd: sign of the gradient", UPDATE,
        "import numpy as np\nx = x - step * np.sign(grad)", PATHS, ("sign of the gradient",)),
    in_sgd("sgd: no update", UPDATE, "pass", SGD, ("is the update left out?",)),
    in_sgd("sgd: gradient for x", UPDATE, "x = -step * grad", PATHS, ("It lacks x itself",)),
    in_sgd("sgd: x0 * 0", "x, start, smoothed_loss = x0",
        "return x0 * 0\nx, start, smoothed_loss = x0",
        ALL_OF_SGD, ("f is never called.", A_STEP, "The result is 0, whatever f is")),
    in_sgd("sgd: f(x0) alone", "x, start, smoothed_loss = x0",
        "return f(x0)[0]\nx, start, smoothed_loss = x0",
        ALL_OF_SGD, ("1 call of f in 30 iterations", "is there a return inside the loop?")),
    in_sgd("sgd: returns in the first iteration", UPDATE, f"{UPDATE}\nreturn x",
        ALL_OF_SGD, ("1 call of f in 30 iterations", "is there a return inside the loop?")),
    in_sgd("sgd: an empty region", REGION, "pass",
        ALL_OF_SGD, ("NameError: name 'loss' is not defined", A_STEP)),
    in_sgd("sgd: loss and grad None", REGION, "loss = None\ngrad = None",
        ALL_OF_SGD, ("TypeError: unsupported format string", A_STEP)),
    in_sgd("sgd: a step by None", "loss, grad = f(x)", "loss = grad = None",
        ALL_OF_SGD, ("TypeError: unsupported operand", A_STEP)),
    in_sgd("sgd: loss alone None", "loss, grad = f(x)", "loss = None\nx = x - step * f(x)[1]\ngrad = 0",
        ALL_OF_SGD[:3], ("TypeError: unsupported format string", A_STEP)),
    in_sgd("sgd: loss and gradient not taken apart", "loss, grad = f(x)", "loss = grad = f(x)",
        ALL_OF_SGD, ("TypeError: can't multiply sequence", "f gives two values", A_STEP)),
    in_sgd("sgd: f not called with x", "loss, grad = f(x)", "loss, grad = f",
        ALL_OF_SGD, ("TypeError: cannot unpack", "f gives two values", A_STEP)),
    in_sgd("sgd: postprocessing of None", "if postprocessing is not None:\n    x = postprocessing(x)",
        "x = postprocessing(x)", ALL_OF_SGD,
        ("TypeError: 'NoneType' object is not callable", "Is postprocessing None? Leave it out.")),
    in_sgd("sgd: loss in place of the gradient", UPDATE, "x = x - step * loss",
        SGD, ("It is x - step * loss",)),
    in_sgd("sgd: always from x0", UPDATE, "x = x0 - step * grad",
        SGD, ("It is x0 - step * gradient",)),
    in_sgd("sgd: doubled step", UPDATE, "x = x - 2 * step * grad",
        PATHS, ("The step is 2 times the right one",)),
    in_sgd("sgd: halved step", UPDATE, "x = x - step / 2 * grad",
        SGD, ("The step is 0.5 times the right one",)),
    in_sgd("sgd: step too large by a millionth", UPDATE, "x = x - 1.000001 * step * grad",
        PATHS, ("The step is 1.000001 times the right one",)),
    in_sgd("sgd: momentum", UPDATE,
        "speed = grad + (0.9 * speed if iteration > start + 1 else 0)\nx = x - step * speed",
        PATHS, ("momentum: 0.9 of the update before",)),
    in_sgd("sgd: gradient of the x before", "loss, grad = f(x)\nx = x - step * grad",
        "before = grad if iteration > start + 1 else 0\nloss, grad = f(x)\n"
        "x = x - step * before", PATHS, ("with the gradient at the x before",)),
    in_sgd("sgd: gradient of x0", "f(x)", "f(x0)", SGD, ("f is evaluated at x0",)),
    in_sgd("sgd: other updates of matrices", UPDATE,
        "import numpy as np\nx = x - step * grad * (1.1 if np.ndim(x) > 1 else 1)",
        ("2b-4-hidden",), ("The step is 1.1 times the right one",)),
    in_sgd("sgd: of numbers only", UPDATE, "x = float(x - step * grad)",
        ("2b-4-hidden",), ("TypeError: only",)),
    in_sgd("sgd: not written yet", REGION, "raise NotImplementedError('2b: sgd')",
        ALL_OF_SGD, ("sgd is not written yet",)),
    in_sgd("sgd: weight decay", UPDATE, "x = x - step * (grad + 0.001 * x)",
        PATHS, ("x after iteration 1 differs", "weight decay: 0.001 times x is added")),
    in_sgd("sgd: weight decay before the update", UPDATE, "x = 0.999 * x - step * grad",
        PATHS, ("weight decay: 0.01 times x is added",)),
    in_sgd("sgd: six decimals", UPDATE,
        "import numpy as np\nx = np.round(x - step * grad, 6)",
        ("2b-0-basic", "2b-2-basic", "2b-3-hidden"),
        ("x after iteration 4 differs", "It is rounded to 6 decimals")),
    in_sgd("sgd: gradient clipped", UPDATE,
        "import numpy as np\nx = x - step * np.clip(grad, -0.1, 0.1)", PATHS, ("differs",),
        unnamed="where the gradient is clipped, and how, is the submission's choice"),
    in_sgd("sgd: one iteration too few", "iterations + 1", "iterations",
        PATHS, ("29 calls of f in 30 iterations", "one iteration too few")),
    in_sgd("sgd: one iteration too many", "iterations + 1", "iterations + 2",
        PATHS, ("31 calls of f in 30 iterations", "one iteration too many")),
    in_sgd("sgd: last update left out", UPDATE, "x = x - step * grad * (iteration < iterations)",
        PATHS, ("is the last update left out?",)),
    in_sgd("sgd: first update left out", UPDATE, "x = x - step * grad * (iteration > 1)",
        PATHS, ("x after iteration 1 differs", "is the update left out?")),
    in_sgd("sgd: other updates from the tenth on", UPDATE,
        "x = x - step * grad * (1.01 if iteration >= 10 else 1)",
        PATHS, ("The step is 1.01 times the right one",)),
    in_sgd("sgd: f called twice", "loss, grad = f(x)", "loss, grad = f(x)\nloss, grad = f(x)",
        PATHS, ("60 calls of f in 30 iterations", "f is evaluated twice")),
    in_sgd("sgd: one random number more", UPDATE, f"{UPDATE}\nrandom.random()",
        PATHS, (OTHER_DRAWS,)),
    in_sgd("sgd: random stream begun anew", "x, start, smoothed_loss = x0",
        "random.seed(0)\nx, start, smoothed_loss = x0", PATHS, (OTHER_DRAWS,)),
    in_sgd("sgd: nothing returned", "return x", "pass", SGD, ("None", "did you forget `return`?")),

    in_sgd("annealing: never", "step *= 0.5", "pass",
        SCALARS, ("x after iteration 20,001 differs", "The step is 2 times the right one", HALVED), shows_after=20_000),
    in_sgd("annealing: by a tenth", "step *= 0.5", "step *= 0.1",
        SCALARS, ("x after iteration 20,001 differs", "The step is 0.2 times the right one", HALVED), shows_after=20_000),
    in_sgd("annealing: twice the step", "step *= 0.5", "step *= 2",
        SCALARS, ("x after iteration 20,001 differs", "The step is 4 times the right one", HALVED), shows_after=20_000),
    in_sgd("annealing: only once", "% ANNEAL_EVERY == 0", "== ANNEAL_EVERY",
        SCALARS, ("x after iteration 40,001 differs", "The step is 2 times the right one", HALVED), shows_after=40_000),
    in_sgd("annealing: period doubled", "% ANNEAL_EVERY", "% (2 * ANNEAL_EVERY)",
        SCALARS, ("x after iteration 20,001 differs", "The step is 2 times the right one", HALVED), shows_after=20_000),
    in_sgd("annealing: period halved", "% ANNEAL_EVERY", "% (ANNEAL_EVERY // 2)",
        SCALARS, ("x after iteration 10,001 differs", "The step is 0.5 times the right one", HALVED), shows_after=10_000),
    in_sgd("annealing: before the update", "if iteration % ANNEAL_EVERY",
        "if (iteration + 1) % ANNEAL_EVERY",
        SCALARS, ("x after iteration 20,000 differs", "halved an iteration early", HALVED), shows_after=19_999),
    in_sgd("annealing: an iteration late", "if iteration % ANNEAL_EVERY",
        "if iteration > 1 and (iteration - 1) % ANNEAL_EVERY",
        SCALARS, ("x after iteration 20,001 differs", "halved an iteration late", HALVED), shows_after=20_000),
    in_sgd("annealing: counted from 0", "if iteration % ANNEAL_EVERY",
        "if (iteration - 1) % ANNEAL_EVERY",
        SGD, ("x after iteration 2 differs", "The step is 0.5 times the right one", HALVED)),
    in_sgd("annealing: a little at every iteration", "if iteration % ANNEAL_EVERY == 0:\n"
        "    step *= 0.5", "step *= 0.5 ** (1 / ANNEAL_EVERY)",
        PATHS, ("halved a little at every iteration", HALVED)),
    in_sgd("sgd: other updates after the first annealing", UPDATE,
        "x = x - step * grad * (1 if iteration <= ANNEAL_EVERY else 1.01)",
        SCALARS, ("x after iteration 20,001 differs", "The step is 1.01 times the right one"),
        shows_after=20_000),

    in_postprocessing("postprocessing: ignored", "postprocessing is not None", "False",
        words=("The postprocessing is never called",)),
    in_postprocessing("postprocessing: result dropped", "x = postprocessing(x)",
        "postprocessing(x)", words=("The postprocessing is called, but its result is thrown away",)),
    in_postprocessing("postprocessing: before the update",
        "x = x - step * grad\nif postprocessing is not None:\n    x = postprocessing(x)",
        "if postprocessing is not None:\n    x = postprocessing(x)\nx = x - step * grad",
        words=("The postprocessing is applied before the update",)),
    in_postprocessing("postprocessing: before f", REGION,
        "if postprocessing is not None:\n    x = postprocessing(x)\n"
        "loss, grad = f(x)\nx = x - step * grad",
        words=("The postprocessing is applied before f, not after the update",)),
    in_postprocessing("postprocessing: only at the end", "postprocessing is not None",
        "postprocessing is not None and iteration == iterations",
        words=("The postprocessing is applied at the end only",)),
    in_postprocessing("postprocessing: not at the end", "postprocessing is not None",
        "postprocessing is not None and iteration < iterations",
        words=("The postprocessing is left out after the last update",)),
    in_postprocessing("postprocessing: applied twice", "x = postprocessing(x)",
        "x = postprocessing(postprocessing(x))", words=("The postprocessing is applied twice",)),
    in_postprocessing("postprocessing: of the gradient", "x = postprocessing(x)",
        "x = x + step * (grad - postprocessing(grad))",
        words=("The postprocessing is applied to the gradient",)),
    in_postprocessing("postprocessing: called with the step", "x = postprocessing(x)",
        "x = postprocessing(x, step)", words=("TypeError",)),

    in_sgd("printing: loss not smoothed", "0.95 * smoothed_loss + 0.05 * loss", "loss",
        why="only prints", ungraded=PRINTS),
    in_sgd("printing: at every iteration", "if iteration % PRINT_EVERY == 0", "if True",
        why="only prints", ungraded=PRINTS),
]

FLOAT32 = [
    Style("sigmoid in single precision", (("sigmoid", "small = ", "x = np.float32(x)\nsmall = "),)),
    Style("scores in single precision", (
        ("neg_sampling_loss_and_gradient", "vectors @ center_word_vec",
         "(vectors @ center_word_vec).astype(np.float32)"),)),
    Style("vectors in single precision", (
        ("neg_sampling_loss_and_gradient", "outside_vectors[words]",
         "outside_vectors[words].astype(np.float32)"),)),
    Style("gradient of a pair in single precision", (
        ("neg_sampling_loss_and_gradient", "np.zeros(outside_vectors.shape)",
         "np.zeros(outside_vectors.shape, np.float32)"),)),
    Style("gradient of a window in single precision", (
        ("skipgram", "[c] += grad_center_vec", "[c] += np.float32(grad_center_vec)"),)),
    Style("gradient of a step in single precision", (
        ("word2vec_sgd_wrapper", "np.zeros(word_vectors.shape)",
         "np.zeros(word_vectors.shape, np.float32)"),)),
    Style("update in single precision", (
        ("sgd", UPDATE, "import numpy as np\nx = np.float32(x - step * grad)"),)),
    Style("sgd from a start in single precision", (
        ("sgd", "x, start, smoothed_loss = x0",
         "import numpy as np\nx, start, smoothed_loss = np.float32(x0)"),)),
]

STYLES = [
    Style("sigmoid: 1 / (1 + exp(-x))", (("sigmoid", LOGISTIC, "1 / (1 + np.exp(-x))"),)),
    Style("sigmoid: powers of np.e", (("sigmoid", LOGISTIC, "1 / (1 + np.e ** (-x))"),)),
    Style("sigmoid: by SciPy", (
        ("sigmoid", f"return {LOGISTIC}", "from scipy.special import expit\nreturn expit(x)"),)),
    Style("sigmoid: by tanh", (("sigmoid", LOGISTIC, "0.5 * (1 + np.tanh(np.divide(x, 2)))"),)),
    Style("sigmoid: x kept within 500", (
        ("sigmoid", LOGISTIC, "1 / (1 + np.exp(-np.clip(x, -500, 500)))"),)),
    Style("sigmoid: prints", (("sigmoid", "return", "print('sigmoid of', x)\nreturn"),)),
    Style("softmax: -log y_hat, y a one-hot vector", (
        ("naive_softmax_loss_and_gradient", REGION,
         "y_hat = softmax(outside_vectors @ center_word_vec)\n"
         "loss = -np.log(y_hat[outside_word_idx])\n"
         "y = np.eye(len(y_hat))[outside_word_idx]\n"
         "grad_center_vec = outside_vectors.T @ (y_hat - y)\n"
         "grad_outside_vecs = (y_hat - y)[:, np.newaxis] * center_word_vec[np.newaxis, :]"),)),
    Style("softmax: written inline", (
        ("naive_softmax_loss_and_gradient", "softmax(scores)",
         "np.exp(scores) / np.sum(np.exp(scores))"),)),
    Style("softmax: loss a float", (
        ("naive_softmax_loss_and_gradient", "return loss", "return float(loss)"),)),
    Style("softmax: loss of shape (1,)", (
        ("naive_softmax_loss_and_gradient", "return loss", "return np.array([loss])"),)),
    Style("sampling: loss of shape (1,)", (
        ("neg_sampling_loss_and_gradient", "return loss", "return np.array([loss])"),)),
    Style("center gradients of shape (1, d)", (
        ("naive_softmax_loss_and_gradient", "error @ outside_vectors",
         "error[np.newaxis] @ outside_vectors"),
        ("neg_sampling_loss_and_gradient", "error @ vectors", "error[np.newaxis] @ vectors"),
        ("skipgram", "[c] += grad_center_vec", "[[c]] += grad_center_vec"))),
    Style("center gradients of skip-gram by broadcasting", (
        ("skipgram", "[c] += grad_center_vec", "[c : c + 1] += np.atleast_2d(grad_center_vec)"),)),
    Style("negatives: in a comprehension", (
        ("get_negative_samples", "negatives = []\nwhile len(negatives) < K:",
         "draws = iter(dataset.sample_token_idx, None)\n"
         "others = (word for word in draws if word != outside_word_idx)\n"
         "return [word for _, word in zip(range(K), others, strict=False)]\n"
         "while len(negatives) < K:"),)),
    Style("negatives: an array", (
        ("get_negative_samples", "return negatives", "return np.array(negatives)"),)),
    Style("sampling: a loop over the negatives", (
        ("neg_sampling_loss_and_gradient", "words = [",
         "grad_outside_vecs = np.zeros(outside_vectors.shape)\n"
         "p = sigmoid(outside_vectors[outside_word_idx] @ center_word_vec)\n"
         "loss = -np.log(p)\n"
         "grad_center_vec = (p - 1) * outside_vectors[outside_word_idx]\n"
         "grad_outside_vecs[outside_word_idx] = (p - 1) * center_word_vec\n"
         "for k in get_negative_samples(outside_word_idx, dataset, K):\n"
         "    q = sigmoid(-(outside_vectors[k] @ center_word_vec))\n"
         "    loss -= np.log(q)\n"
         "    grad_center_vec = grad_center_vec + (1 - q) * outside_vectors[k]\n"
         "    grad_outside_vecs[k] += (1 - q) * center_word_vec\n"
         "return loss, grad_center_vec, grad_outside_vecs\n"
         "words = ["),)),
    Style("sampling: a loop instead of np.add.at", (
        ("neg_sampling_loss_and_gradient", ADD_ROWS,
         "for i, word in enumerate(words):\n"
         "    grad_outside_vecs[word] += error[i] * center_word_vec"),)),
    Style("skip-gram: sums over all pairs at once", (
        ("skipgram", REGION,
         "c = word2ind[current_center_word]\n"
         "pairs = [\n"
         "    word2vec_loss_and_gradient(\n"
         "        center_word_vectors[c], o, outside_vectors, dataset\n"
         "    )\n"
         "    for o in map(word2ind.get, outside_words)\n"
         "]\n"
         "losses, grads_center, grads_outside = zip(*pairs, strict=True)\n"
         "loss = np.sum(losses)\n"
         "grad_center_vecs[c] = np.sum(grads_center, axis=0)\n"
         "grad_outside_vectors = np.sum(grads_outside, axis=0)"),)),
    Style("skip-gram: other names, type hints", (
        ("skipgram", REGION,
         "index: int = word2ind[current_center_word]\n"
         "v: np.ndarray = center_word_vectors[index, :]\n"
         "indices: list[int] = [word2ind[w] for w in outside_words]\n"
         "for i in range(len(indices)):\n"
         "    result: tuple = word2vec_loss_and_gradient(\n"
         "        center_word_vec=v, outside_word_idx=indices[i],\n"
         "        outside_vectors=outside_vectors, dataset=dataset,\n"
         "    )\n"
         "    loss = loss + result[0]\n"
         "    grad_center_vecs[index, :] += result[1]\n"
         "    grad_outside_vectors[:] = grad_outside_vectors + result[2]"),)),
    Style("skip-gram: asks which loss it is", (
        ("skipgram", "c = word2ind",
         "if word2vec_loss_and_gradient is neg_sampling_loss_and_gradient:\n"
         "    pass\n"
         "c = word2ind"),)),
    Style("skip-gram: prints", (
        ("skipgram", "return", "print(current_center_word, outside_words, loss)\nreturn"),)),
    Style("skip-gram: loss a float", (("skipgram", "return loss", "return float(loss)"),)),
    Style("wrapper: each part over the batch size", (
        ("word2vec_sgd_wrapper", "loss / BATCH_SIZE, grad / BATCH_SIZE", "loss, grad"),
        ("word2vec_sgd_wrapper", "+= loss_of_window", "+= loss_of_window / BATCH_SIZE"),
        ("word2vec_sgd_wrapper", "+= grad_center_vecs", "+= grad_center_vecs / BATCH_SIZE"),
        ("word2vec_sgd_wrapper", "+= grad_outside_vectors",
         "+= grad_outside_vectors / BATCH_SIZE"))),
    Style("sgd: in place", (("sgd", UPDATE, "x -= step * grad"),)),
    Style("sgd: in place of a copy", (
        ("sgd", "x, start, smoothed_loss = x0", "x, start, smoothed_loss = x0 + 0.0"),
        ("sgd", UPDATE, "x -= step * grad"))),
    Style("sgd: adds minus the step", (("sgd", UPDATE, "x = x + (-step) * grad"),)),
    Style("sgd: prints", (("sgd", UPDATE, f"{UPDATE}\nprint(iteration, x)"),)),
    Style("sgd: a lambda for no postprocessing", (
        ("sgd", "if postprocessing is not None:\n    x = postprocessing(x)",
         "x = (postprocessing or (lambda x: x))(x)"),)),
    Style("sgd: type hints", (("sgd", UPDATE, "x: float = x - step * grad"),)),
]
# fmt: on

# The quiz and the file of word vectors, which only the autograder checks.

FIRST = next(iter(OPTIONS))  # question
LETTERS = "return the letters alone"
# fmt: off
UNREADABLE = [
    ("not written yet", "raise NotImplementedError('3: question 1')", (f"question_{FIRST} is not written yet",)),
    ("a sentence", "return 'the third one'",
        (f"'t' in 'the third one' is not an option in question {FIRST}", LETTERS)),
    ("letters in a sentence", "return 'a and b'", ("'n' in 'a and b' is not an option", LETTERS)),
    ("a letter that is no option", "return ['z']",
        (f"'z' is not an option in question {FIRST}, which has {', '.join(OPTIONS[FIRST])}:",)),
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
        wrong = {
            "a letter missing": key[1:],
            "all letters": options,
            "the letters that are wrong": "".join(x for x in options if x not in key),
            "a letter too many": key + "".join(x for x in options if x not in key)[:1],
        }
        chosen = {answer: name for name, answer in wrong.items() if answer not in ("", key)}
        rows += [(number, n, f"return {a!r}", not_right, ("1-hidden",)) for a, n in chosen.items()]
    for number, name, answer, words, kinds in rows:
        fails = tuple(f"{QUESTIONS[number]}-{kind}" for kind in kinds)
        function, name = f"question_{number}", f"question {number}: {name}"
        yield Mistake(function, name, REGION, answer, fails, words, "training has no quiz")


# fmt: off
QUIZ_MISTAKES = [*quiz_mistakes()]

VECTORS = "2c-0-basic", "2c-1-hidden"
OTHER_WORDS = ("2c-1-hidden",)
LIKELY = "Likely causes: another treebank, fewer iterations (--iterations), other options, a changed"
ANY_RUN = "any run gives some vectors: that they are wrong does not tell why"


def each(change):
    """Change every number of the vectors."""
    return lambda vectors: {word: [change(x) for x in v] for word, v in vectors.items()}


VECTORS_MISTAKES = [
    WrongVectors("no file", lambda vectors: None,
        VECTORS, ("sample_vectors_(soln).json is missing", REMEDY)),
    WrongVectors("an empty file", lambda vectors: b" ", VECTORS, ("is empty", REMEDY)),
    WrongVectors("half of the file", lambda vectors: json.dumps(vectors).encode()[:2000],
        VECTORS, ("is not the JSON that run.py writes", "line 1 column")),
    WrongVectors("not JSON", lambda vectors: b"female 0.6 0.2", VECTORS, ("is not the JSON that run.py writes: Expecting value",)),
    WrongVectors("UTF-16", lambda vectors: json.dumps(vectors).encode("utf-16"),
        VECTORS, ("is not the JSON that run.py writes: 'utf-8' codec can't decode",)),
    WrongVectors("too large", lambda vectors: json.dumps(vectors).encode() + b" " * 2**20,
        VECTORS, ("too large, ",)),
    WrongVectors("a list", lambda vectors: [*vectors.values()], VECTORS, ("no object of words and vectors",)),
    WrongVectors("no words", lambda vectors: {}, VECTORS,
        (f"no vector of {next(iter(PUBLISHED))!r}: 2 of 2 words are missing", "24 of 24 words are missing")),
    WrongVectors("a word missing", lambda vectors: {
        word: v for word, v in vectors.items() if word != "cool"},
        VECTORS, ("has no vector of 'cool'",)),
    WrongVectors("two words only", lambda vectors: {word: vectors[word] for word in PUBLISHED},
        OTHER_WORDS, ("has no vector of", "22 of 24 words are missing")),
    WrongVectors("only two words right", lambda vectors: {
        word: v if word in PUBLISHED else [x + 0.1 for x in v] for word, v in vectors.items()},
        OTHER_WORDS, ("22 of 24 words differ", LIKELY), ANY_RUN),
    WrongVectors("a word wrong in one number by 0.002", lambda vectors: {
        **vectors, "rain": [vectors["rain"][0] + 0.002, *vectors["rain"][1:]]},
        OTHER_WORDS, ("the vector of 'rain'", "1 of 24 words differ"), ANY_RUN),
    WrongVectors("vectors of length 9", lambda vectors: {w: v[:9] for w, v in vectors.items()},
        VECTORS, ("has shape (9,), expected shape (10,)", REMEDY)),
    WrongVectors("a number", lambda vectors: {**vectors, "cool": 1},
        VECTORS, ("the vector of 'cool' is one number, expected shape (10,)",)),
    WrongVectors("nan", each(lambda x: float("nan")), VECTORS, ("is nan everywhere",)),
    WrongVectors("infinite", each(lambda x: x * 1e308 * 1e10), VECTORS, ("inf everywhere",)),
    WrongVectors("texts", each(str), VECTORS, ("holds something that is not a number",)),
    WrongVectors("null", each(lambda x: None), VECTORS, ("holds something that is not a number",)),
    WrongVectors("those of the sample treebank", lambda vectors: vectors | {
        word: begin + [0.5] * 7 for word, begin in OF_SAMPLE.items()},
        VECTORS, ("those of the sample treebank", REMEDY)),
    WrongVectors("barely trained", each(lambda x: x / 20),
        VECTORS, ("barely trained", "fewer iterations than 40,000")),
    WrongVectors("barely trained but for a few words", lambda vectors: {
        word: v if i % 24 < 5 else [x / 20 for x in v] for i, (word, v) in enumerate(vectors.items())},
        OTHER_WORDS, ("barely trained", "fewer iterations than 40,000")),
    WrongVectors("all zero", each(lambda x: 0), VECTORS, ("barely trained",)),
    WrongVectors("nearly one vector for all words", lambda vectors: {
        word: [6 * x + 0.005 * y for x, y in zip(vectors["cool"], v, strict=True)]
        for word, v in vectors.items()},
        VECTORS, ("All words have nearly the same vector", "the center word's row")),
    WrongVectors("fewer iterations", each(lambda x: 0.9 * x), VECTORS, ("differs most at [", LIKELY), ANY_RUN),
    WrongVectors("negated", each(lambda x: -x), VECTORS, (f"yours is {-max(next(iter(PUBLISHED.values())), key=abs):.6g}", "negated")),
    WrongVectors("another seed", each(lambda x: x + 0.01), VECTORS, ("random seed",), ANY_RUN),
    WrongVectors("words in another order",
        lambda vectors: dict(zip(vectors, reversed(vectors.values()), strict=True)),
        VECTORS, ("The vectors are those of other words",)),
]
# fmt: on
