"""Wrong submissions, and right ones in another style: the reference with a few words changed.

Who checks a submission, be it training or the autograder, must notice every row of `MISTAKES` and
accept every row of `STYLES`.
"""

import importlib
import re
import shutil
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

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


def file_of(function):
    """Name the file of the submission that a function is in."""
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
SOFTMAX = "2a-0-basic", "2a-1-basic", "2a-6-hidden"
SAMPLING = ("2a-8-basic",)
SKIPGRAM = "2a-0-basic", "2a-7-hidden"
OTHER_WINDOWS = ("2a-7-hidden",)
SGD = "2b-0-basic", "2b-2-basic", "2b-3-hidden", "2b-4-hidden"
SCALARS = ("2b-3-hidden",)

in_sigmoid = partial(Mistake, "sigmoid")
in_softmax = partial(
    Mistake, "naive_softmax_loss_and_gradient", why="training uses negative sampling"
)
in_negatives = partial(Mistake, "get_negative_samples")
in_sampling = partial(Mistake, "neg_sampling_loss_and_gradient")
in_skipgram = partial(Mistake, "skipgram")
in_wrapper = partial(Mistake, "word2vec_sgd_wrapper")
in_sgd = partial(Mistake, "sgd")
in_postprocessing = partial(Mistake, "sgd", why="training has no postprocessing")

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
    in_sigmoid("sigmoid: tanh", LOGISTIC, "np.tanh(x)", SIGMOID),
    in_sigmoid("sigmoid: powers of 2", "np.exp(", "np.exp2(", SIGMOID),
    in_sigmoid("sigmoid: exp(x) over the sum of all", LOGISTIC, "np.exp(x) / np.exp(x).sum()",
        SIGMOID),
    in_sigmoid("sigmoid: three digits", LOGISTIC, f"np.round({LOGISTIC}, 3)",
        ("2a-3-hidden", "2a-4-hidden", "2a-5-hidden", "2a-8-basic")),
    in_sigmoid("sigmoid: x kept within 6", "np.abs(x)", "np.minimum(np.abs(x), 6)",
        ("2a-3-hidden",), ("large",)),
    in_sigmoid("sigmoid: 0 or 1 beyond 6", "np.abs(x))", "np.abs(x)) * (np.abs(x) <= 6)",
        ("2a-3-hidden",), ("large",)),
    in_sigmoid("sigmoid: nan for large x", LOGISTIC, "np.exp(x) / (1 + np.exp(x))",
        ("2a-3-hidden",), ("nan",), why="no score is above 700"),
    in_sigmoid("sigmoid: of a matrix transposed", LOGISTIC, f"({LOGISTIC}).T",
        ("2a-4-hidden", "2a-5-hidden"), ("transposed",), why="the scores are a vector"),
    in_sigmoid("sigmoid: written over x", f"return {LOGISTIC}", f"x[...] = {LOGISTIC}\nreturn x",
        why="nothing uses the scores any more"),
    in_sigmoid("sigmoid: of numbers only", f"return {LOGISTIC}",
        "import math\nreturn 1 / (1 + math.exp(-x))", SIGMOID),
    in_sigmoid("sigmoid: not written yet", REGION, "raise NotImplementedError('2a: sigmoid')",
        SIGMOID, ("2a",)),

    in_softmax("softmax: loss negated", LOG_Y_HAT, f"-({LOG_Y_HAT})",
        SOFTMAX, ("loss", "negated")),
    in_softmax("softmax: log to base 2", LOG_Y_HAT, f"({LOG_Y_HAT}) / np.log(2)",
        SOFTMAX, ("loss",)),
    in_softmax("softmax: loss without log", LOG_Y_HAT, "softmax(scores)[outside_word_idx]",
        SOFTMAX, ("loss",)),
    in_softmax("softmax: loss over all words", LOG_Y_HAT, "-np.log(softmax(scores)).sum()",
        SOFTMAX, ("loss",)),
    in_softmax("softmax: loss of word 0", "- scores[outside_word_idx]", "- scores[0]",
        SOFTMAX, ("loss",)),
    in_softmax("softmax: no one-hot subtracted", "error[outside_word_idx] -= 1", "pass",
        SOFTMAX, ("gradient",)),
    in_softmax("softmax: one-hot added", "-= 1", "+= 1", SOFTMAX, ("gradient",)),
    in_softmax("softmax: no one-hot subtracted for word 0", "-= 1", "-= outside_word_idx > 0",
        ("2a-0-basic",), ("gradient",)),
    in_softmax("softmax: one-hot always at 3", "error[outside_word_idx] -= 1", "error[3] -= 1",
        ("2a-0-basic", "2a-6-hidden"), ("gradient",)),
    in_softmax("softmax: five words at most", "scores = outside_vectors",
        "outside_vectors = outside_vectors[:5]\nscores = outside_vectors", ("2a-6-hidden",)),
    in_softmax("softmax: gradients negated", "-= 1", "-= 1\nerror = -error",
        SOFTMAX, ("gradient", "negated")),
    in_softmax("softmax: center gradient negated", "error @", "-error @",
        SOFTMAX, ("center", "negated")),
    in_softmax("softmax: outside gradient negated", "np.outer(error", "np.outer(-error",
        SOFTMAX, ("outside", "negated")),
    in_softmax("softmax: outside gradient transposed",
        "np.outer(error, center_word_vec)", "np.outer(center_word_vec, error)",
        SOFTMAX, ("outside", "transposed")),
    in_softmax("softmax: outside gradient of the outside word only", RETURN,
        f"grad_outside_vecs *= np.eye(len(error))[outside_word_idx][:, np.newaxis]\n{RETURN}",
        SOFTMAX, ("outside",)),
    in_softmax("softmax: center gradient from the outside word only", "error @ outside_vectors",
        "error[outside_word_idx] * outside_vectors[outside_word_idx]", SOFTMAX, ("center",)),
    in_softmax("softmax: center gradient a column", RETURN,
        f"grad_center_vec = grad_center_vec[:, np.newaxis]\n{RETURN}",
        SOFTMAX, ("center", "shape")),
    in_softmax("softmax: center gradient halved", "error @", "error / 2 @", SOFTMAX, ("center",)),
    in_softmax("softmax: mean over the vocabulary", RETURN, "V = len(outside_vectors)\n"
        "return loss / V, grad_center_vec / V, grad_outside_vecs / V", SOFTMAX),
    in_softmax("softmax: gradients swapped", RETURN,
        "return loss, grad_outside_vecs, grad_center_vec", SOFTMAX, ("swapped",)),
    in_softmax("softmax: no loss returned", RETURN, "return grad_center_vec, grad_outside_vecs",
        SOFTMAX),
    in_softmax("softmax: nothing returned", RETURN, "", SOFTMAX, ("None",)),
    in_softmax("softmax: not written yet", REGION, "raise NotImplementedError('2a: softmax')",
        SOFTMAX, ("2a",)),

    in_negatives("negatives: may be the outside word", "word != outside_word_idx", "True",
        SAMPLING),
    in_negatives("negatives: never word 0", "if word", "if word and word", SAMPLING),
    in_negatives("negatives: never the same twice", "if word != outside_word_idx",
        "if word not in (outside_word_idx, *negatives)", SAMPLING),
    in_negatives("negatives: one word K times", ".append(word)", ".extend([word] * K)", SAMPLING),
    in_negatives("negatives: one missing", "< K", "< K - 1", SAMPLING),
    in_negatives("negatives: one drawn in vain", "negatives = []",
        "negatives = []\ndataset.sample_token_idx()"),

    in_sampling("sampling: K ignored", "words = [", "K = 10\nwords = [", SAMPLING),
    in_sampling("sampling: repeated negatives counted once", "vectors = outside_vectors[words]",
        "words = list(dict.fromkeys(words))\nK = len(words) - 1\n"
        "vectors = outside_vectors[words]", SAMPLING, ("twice",)),
    in_sampling("sampling: repeated negatives overwritten", ADD_ROWS,
        "grad_outside_vecs[words] += np.outer(error, center_word_vec)", SAMPLING, ("twice",)),
    in_sampling("sampling: loss without negatives", " + np.logaddexp(0, scores[1:]).sum()", "",
        SAMPLING, ("loss",)),
    in_sampling("sampling: loss with the mean of the negatives", ".sum()", ".mean()",
        SAMPLING, ("loss",)),
    in_sampling("sampling: loss lacks one negative", "scores[1:]", "scores[2:]",
        SAMPLING, ("loss",)),
    in_sampling("sampling: loss of the outside word as of a negative", "-scores[0]", "scores[0]",
        SAMPLING, ("loss",)),
    in_sampling("sampling: loss negated", "return loss", "return -loss", SAMPLING, ("loss",)),
    in_sampling("sampling: negatives' gradient negated", "- truth",
        "- truth\nerror[1:] *= -1", SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients of all words as of the outside word", "truth[0] = 1",
        "truth[:] = 1", SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients lack the outside word", "- truth", "- truth\nerror[0] = 0",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients lack the last negative", "- truth",
        "- truth\nerror[-1] = 0", SAMPLING, ("gradient",)),
    in_sampling("sampling: center gradient lacks the outside word", "error @ vectors",
        "error[1:] @ vectors[1:]", SAMPLING, ("gradient",)),
    in_sampling("sampling: center gradient negated", "error @ vectors", "-error @ vectors",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: outside gradient negated", "np.outer(error", "np.outer(-error",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: outside gradient of u instead of v", "np.outer(error, center_word_vec)",
        "error[:, np.newaxis] * vectors", SAMPLING, ("gradient",)),
    in_sampling("sampling: no outside gradient for the negatives", ADD_ROWS,
        "grad_outside_vecs[outside_word_idx] = error[0] * center_word_vec",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients halved", "- truth", "- truth\nerror = error / 2",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: gradients too large by a millionth", "- truth",
        "- truth\nerror *= 1.000001"),
    in_sampling("sampling: mean over the words", RETURN,
        "return loss / (K + 1), grad_center_vec / (K + 1), grad_outside_vecs / (K + 1)", SAMPLING),
    in_sampling("sampling: gradients swapped", RETURN,
        "return loss, grad_outside_vecs, grad_center_vec", SAMPLING, ("swapped",)),
    in_sampling("sampling: no gradient beyond 6", "- truth",
        "- truth\nerror[np.abs(scores) > 6] = 0"),
    in_sampling("sampling: no outside word 0", "truth[0] = 1", "truth[0] = outside_word_idx > 0",
        SAMPLING, ("gradient",)),
    in_sampling("sampling: always the first negatives", "vectors = outside_vectors[words]",
        "words[1:] = vars(sigmoid).setdefault(K, words[1:])\nvectors = outside_vectors[words]",
        SAMPLING, counts=True),
    in_sampling("sampling: loss nan", "return loss", "return loss * np.nan", SAMPLING, ("nan",)),
    in_sampling("sampling: center gradient nan", "error @ vectors", "error @ vectors * np.nan",
        SAMPLING, ("nan",)),
    in_sampling("sampling: one random number more", "truth[0] = 1", "truth[0] = 1\n"
        "random.random()"),

    in_skipgram("skip-gram: always the softmax loss", "= word2vec_loss_and_gradient(",
        "= naive_softmax_loss_and_gradient(", OTHER_WINDOWS, ("loss",)),
    in_skipgram("skip-gram: always the negative sampling loss", "= word2vec_loss_and_gradient(",
        "= neg_sampling_loss_and_gradient(", SKIPGRAM, ("loss",)),
    in_skipgram("skip-gram: six words at most", "in outside_words", "in outside_words[:6]",
        OTHER_WINDOWS),
    in_skipgram("skip-gram: nine words at most", "in outside_words", "in outside_words[:9]",
        OTHER_WINDOWS),
    in_skipgram("skip-gram: window_size words at most", "in outside_words",
        "in outside_words[:window_size]", SKIPGRAM),
    in_skipgram("skip-gram: first word left out", "in outside_words", "in outside_words[1:]",
        SKIPGRAM),
    in_skipgram("skip-gram: last word only", "in outside_words", "in outside_words[-1:]",
        SKIPGRAM, ("last",)),
    in_skipgram("skip-gram: repeated words once", "in outside_words",
        "in dict.fromkeys(outside_words)", SKIPGRAM),
    in_skipgram("skip-gram: words in alphabetical order", "in outside_words",
        "in sorted(outside_words)"),
    in_skipgram("skip-gram: loss of the last word only", "loss += loss_of_pair",
        "loss = loss_of_pair", SKIPGRAM, ("loss",)),
    in_skipgram("skip-gram: center gradient of the last word only", "[c] += grad_center_vec",
        "[c] = grad_center_vec", SKIPGRAM, ("center",)),
    in_skipgram("skip-gram: outside gradient of the last word only", "+= grad_outside_vecs",
        "= grad_outside_vecs", SKIPGRAM, ("outside",)),
    in_skipgram("skip-gram: mean over the outside words", RETURN_WINDOW, "C = len(outside_words)\n"
        "return loss / C, grad_center_vecs / C, grad_outside_vectors / C", SKIPGRAM, ("mean",)),
    in_skipgram("skip-gram: times the number of outside words", RETURN_WINDOW,
        "C = len(outside_words)\n"
        "return loss * C, grad_center_vecs * C, grad_outside_vectors * C", SKIPGRAM),
    in_skipgram("skip-gram: loss a mean", RETURN_WINDOW,
        f"loss /= len(outside_words)\n{RETURN_WINDOW}", SKIPGRAM, ("loss", "mean")),
    in_skipgram("skip-gram: divided by the batch size", RETURN_WINDOW, "n = BATCH_SIZE\n"
        "return loss / n, grad_center_vecs / n, grad_outside_vectors / n", SKIPGRAM),
    in_skipgram("skip-gram: center gradient in the outside word's row",
        "grad_center_vecs[c] +=", "grad_center_vecs[word2ind[word]] +=", SKIPGRAM, ("row",)),
    in_skipgram("skip-gram: center gradient in every row", "grad_center_vecs[c] +=",
        "grad_center_vecs +=", SKIPGRAM, ("row",)),
    in_skipgram("skip-gram: center gradient negated", "grad_center_vecs[c] +=",
        "grad_center_vecs[c] -=", SKIPGRAM, ("center", "negated")),
    in_skipgram("skip-gram: outside gradient negated", "grad_outside_vectors +=",
        "grad_outside_vectors -=", SKIPGRAM, ("outside", "negated")),
    in_skipgram("skip-gram: no outside gradient", "grad_outside_vectors += grad_outside_vecs", "",
        SKIPGRAM, ("outside", "zero")),
    in_skipgram("skip-gram: nothing done", REGION, "pass", SKIPGRAM, ("zero",)),
    in_skipgram("skip-gram: not written yet", REGION, "raise NotImplementedError('2a: skipgram')",
        SKIPGRAM, ("2a",)),
    in_skipgram("skip-gram: gradients swapped", RETURN_WINDOW,
        "return loss, grad_outside_vectors, grad_center_vecs", SKIPGRAM, ("swapped",)),
    in_skipgram("skip-gram: center and outside vectors swapped",
        "center_word_vectors[c], word2ind[word], outside_vectors",
        "outside_vectors[c], word2ind[word], center_word_vectors", SKIPGRAM),
    in_skipgram("skip-gram: center and outside word swapped",
        "center_word_vectors[c], word2ind[word]", "center_word_vectors[word2ind[word]], c",
        SKIPGRAM),
    in_skipgram("skip-gram: no dataset handed on", "outside_vectors, dataset",
        "outside_vectors, None", OTHER_WINDOWS, ("dataset",)),
    in_skipgram("skip-gram: center vector scaled to length 1 in place",
        "c = word2ind[current_center_word]", "c = word2ind[current_center_word]\n"
        "center_word_vectors[c] /= np.linalg.norm(center_word_vectors[c])", SKIPGRAM),
    in_skipgram("skip-gram: outside words used up", RETURN_WINDOW,
        f"outside_words.clear()\n{RETURN_WINDOW}", why="every window is a new list"),
    in_skipgram("skip-gram: doubled from the tenth call on", RETURN_WINDOW,
        "skipgram.calls = getattr(skipgram, 'calls', 0) + 1\n"
        f"grad_outside_vectors *= 1 + (skipgram.calls >= 10)\n{RETURN_WINDOW}", counts=True),

    in_wrapper("wrapper: sum over the windows", "return loss / BATCH_SIZE, grad / BATCH_SIZE",
        "return loss, grad"),
    in_wrapper("wrapper: gradient a sum", "grad / BATCH_SIZE", "grad"),
    in_wrapper("wrapper: loss a sum", "loss / BATCH_SIZE", "loss"),
    in_wrapper("wrapper: one window too few", "range(BATCH_SIZE)", "range(BATCH_SIZE - 1)"),
    in_wrapper("wrapper: windows of one size", "random.randint(1, window_size)", "window_size"),
    in_wrapper("wrapper: loss not handed on", "dataset,\nword2vec_loss_and_gradient,", "dataset,"),
    in_wrapper("wrapper: outside gradient not added", "grad[V:] += grad_outside_vectors", ""),
    in_wrapper("wrapper: gradients in the other half", "grad[:V] += grad_center_vecs",
        "grad[V:] += grad_center_vecs"),
    in_wrapper("wrapper: same vectors for both", "word_vectors[V:]", "word_vectors[:V]"),
    in_wrapper("wrapper: one random number more", "V = len", "random.random()\nV = len"),
    in_wrapper("wrapper: one random number more at the end", "return loss",
        "random.random()\nreturn loss"),
    in_wrapper("wrapper: doubled from the seventh call on", "return loss",
        "word2vec_sgd_wrapper.calls = getattr(word2vec_sgd_wrapper, 'calls', 0) + 1\n"
        "grad *= 1 + (word2vec_sgd_wrapper.calls >= 7)\nreturn loss", counts=True),

    in_sgd("sgd: uphill", UPDATE, "x = x + step * grad", SGD, ("+",)),
    in_sgd("sgd: step ignored", UPDATE, "x = x - grad", SGD, ("step",)),
    in_sgd("sgd: gradient ignored", UPDATE, "x = x - step", SGD, ("gradient",)),
    in_sgd("sgd: sign of the gradient", UPDATE,
        "import numpy as np\nx = x - step * np.sign(grad)", SCALARS),
    in_sgd("sgd: no update", UPDATE, "pass", SGD),
    in_sgd("sgd: gradient for x", UPDATE, "x = -step * grad", SCALARS),
    in_sgd("sgd: x0 * 0", "x, start, smoothed_loss = x0",
        "return x0 * 0\nx, start, smoothed_loss = x0", SCALARS, ("0",)),
    in_sgd("sgd: doubled step", UPDATE, "x = x - 2 * step * grad", SCALARS, ("step",)),
    in_sgd("sgd: halved step", UPDATE, "x = x - step / 2 * grad", SCALARS, ("step",)),
    in_sgd("sgd: step too large by a millionth", UPDATE, "x = x - 1.000001 * step * grad"),
    in_sgd("sgd: momentum", UPDATE,
        "speed = grad + (0.9 * speed if iteration > start + 1 else 0)\nx = x - step * speed",
        SCALARS),
    in_sgd("sgd: gradient of the x before", "loss, grad = f(x)\nx = x - step * grad",
        "before = grad if iteration > start + 1 else 0\nloss, grad = f(x)\n"
        "x = x - step * before", SCALARS),
    in_sgd("sgd: gradient of x0", "f(x)", "f(x0)", SGD),
    in_sgd("sgd: other updates of matrices", UPDATE,
        "import numpy as np\nx = x - step * grad * (1.1 if np.ndim(x) > 1 else 1)",
        ("2b-4-hidden",)),
    in_sgd("sgd: of numbers only", UPDATE, "x = float(x - step * grad)", ("2b-4-hidden",)),
    in_sgd("sgd: not written yet", REGION, "raise NotImplementedError('2b: sgd')", SGD, ("2b",)),
    in_sgd("sgd: weight decay", UPDATE, "x = x - step * (grad + 0.001 * x)", SCALARS),
    in_sgd("sgd: six decimals", UPDATE,
        "import numpy as np\nx = np.round(x - step * grad, 6)", SCALARS),
    in_sgd("sgd: one iteration too few", "iterations + 1", "iterations", SCALARS, ("iterations",)),
    in_sgd("sgd: one iteration too many", "iterations + 1", "iterations + 2",
        SCALARS, ("iterations",)),
    in_sgd("sgd: last update left out", UPDATE, "x = x - step * grad * (iteration < iterations)",
        SCALARS),
    in_sgd("sgd: first update left out", UPDATE, "x = x - step * grad * (iteration > 1)", SCALARS),
    in_sgd("sgd: other updates from the tenth on", UPDATE,
        "x = x - step * grad * (1.01 if iteration >= 10 else 1)", SCALARS),
    in_sgd("sgd: f called twice", "loss, grad = f(x)", "loss, grad = f(x)\nloss, grad = f(x)",
        SCALARS, ("calls",)),
    in_sgd("sgd: one random number more", UPDATE, f"{UPDATE}\nrandom.random()"),
    in_sgd("sgd: random stream begun anew", "x, start, smoothed_loss = x0",
        "random.seed(0)\nx, start, smoothed_loss = x0"),
    in_sgd("sgd: nothing returned", "return x", "pass", SGD, ("None",)),

    in_sgd("annealing: never", "step *= 0.5", "pass", SCALARS, ("halved",), shows_after=20_000),
    in_sgd("annealing: by a tenth", "step *= 0.5", "step *= 0.1",
        SCALARS, ("halved",), shows_after=20_000),
    in_sgd("annealing: twice the step", "step *= 0.5", "step *= 2",
        SCALARS, ("halved",), shows_after=20_000),
    in_sgd("annealing: only once", "% ANNEAL_EVERY ==", "==",
        SCALARS, ("halved",), shows_after=40_000),
    in_sgd("annealing: period doubled", "% ANNEAL_EVERY", "% (2 * ANNEAL_EVERY)",
        SCALARS, ("halved",), shows_after=20_000),
    in_sgd("annealing: period halved", "% ANNEAL_EVERY", "% (ANNEAL_EVERY // 2)",
        SCALARS, ("halved",), shows_after=10_000),
    in_sgd("annealing: before the update", "if iteration % ANNEAL_EVERY",
        "if (iteration + 1) % ANNEAL_EVERY", SCALARS, ("halved",), shows_after=19_999),
    in_sgd("annealing: an iteration late", "if iteration % ANNEAL_EVERY",
        "if iteration > 1 and (iteration - 1) % ANNEAL_EVERY",
        SCALARS, ("halved",), shows_after=20_000),
    in_sgd("annealing: counted from 0", "if iteration % ANNEAL_EVERY",
        "if (iteration - 1) % ANNEAL_EVERY", SCALARS, ("halved",)),
    in_sgd("annealing: a little at every iteration", "if iteration % ANNEAL_EVERY == 0:\n"
        "    step *= 0.5", "step *= 0.5 ** (1 / ANNEAL_EVERY)", SCALARS, ("halved",)),
    in_sgd("sgd: other updates after the first annealing", UPDATE,
        "x = x - step * grad * (1 if iteration <= ANNEAL_EVERY else 1.01)",
        SCALARS, shows_after=20_000),

    in_postprocessing("postprocessing: ignored", "postprocessing is not None", "False",
        SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: result dropped", "x = postprocessing(x)",
        "postprocessing(x)", SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: before the update",
        "x = x - step * grad\nif postprocessing is not None:\n    x = postprocessing(x)",
        "if postprocessing is not None:\n    x = postprocessing(x)\nx = x - step * grad",
        SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: only at the end", "postprocessing is not None",
        "postprocessing is not None and iteration == iterations", SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: not at the end", "postprocessing is not None",
        "postprocessing is not None and iteration < iterations", SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: applied twice", "x = postprocessing(x)",
        "x = postprocessing(postprocessing(x))", SCALARS, ("postprocessing",)),
    in_postprocessing("postprocessing: of the gradient", "x = postprocessing(x)",
        "x = x + step * (grad - postprocessing(grad))", SCALARS, ("postprocessing",)),

    in_sgd("printing: loss not smoothed", "0.95 * smoothed_loss + 0.05 * loss", "loss",
        why="only prints"),
    in_sgd("printing: at every iteration", "if iteration % PRINT_EVERY == 0", "if True",
        why="only prints"),
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
