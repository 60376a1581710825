"""How fast is training? Times of run.py, of its parts and of gensim, with their ratios."""

import argparse
import contextlib
import functools
import io
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

os.environ["MPLBACKEND"] = "Agg"  # so that run.py opens no window and waits for nobody
SRC = Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SRC))

try:
    import numpy as np
    from gensim import __version__ as gensim_version
    from gensim.models import Word2Vec

    import submission
    from utils.plotting import PLOTTED_WORDS, plot_word_vectors, to_png
    from utils.training import Settings, train
    from utils.treebank import StanfordSentiment
    from utils.treebank_files import SENTENCES, find_treebank
    from utils.utils import write_files
    from utils.word_vectors import to_word2vec_text
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Run 'make benchmark', or pip install -r benchmarks/requirements.txt")

WINDOWS = 50  # center words of a step
STEPS = {"auto": (1000, 9990), "submission": (10, 210)}  # between which of them time is taken
BLOCK = 1000  # steps whose windows are drawn at once, as in training

# Each row of the table: its indent, what was timed, what that is divided by.
ROWS = (
    (0, "run.py", "gensim, 1 worker"),
    (0, "run.py", "gensim, 2 workers"),
    (1, "start and imports", "run.py"),
    (1, "loading", "run.py"),
    (1, "corpus", "run.py"),
    (1, "check of the functions", "run.py"),
    (1, "training", "run.py"),
    (2, "windows and samples alone", "training"),
    (1, "plot and files", "run.py"),
    (0, "gensim, 1 worker", None),
    (0, "gensim, 2 workers", "gensim, 1 worker"),
    (0, "1,000 steps by the submission", None),
    (0, "1,000 steps by arrays", "1,000 steps by the submission"),
    (0, "1,000 steps, 1 x vocabulary", None),
    (0, "1,000 steps, 10 x vocabulary", "1,000 steps, 1 x vocabulary"),
)

MEMORY_OF_PROGRAM = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""

say_once = functools.cache(functools.partial(print, file=sys.stderr))


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = functools.partial(parser.add_argument, help="default: %(default)s")
    add("--data", type=Path, default=find_treebank(), metavar="DIR")
    add("--repeat", type=int, default=3, metavar="N")
    add("--iterations", type=int, default=Settings.iterations, metavar="N")
    options = parser.parse_args()
    if options.repeat < 1 or options.iterations < 30:
        parser.error("expected --repeat of at least 1 and --iterations of at least 30")
    return options


def run_program(*arguments, launcher=()):
    """Run run.py with these arguments; return its seconds, and what was printed."""
    command = [sys.executable, *launcher, SRC / "run.py", *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())
    return time.perf_counter() - began, done.stdout


def peak_memory(*arguments):
    """Give the most memory in MB that run.py, or a process that it started, held at a time.

    A small process starts it, since some systems count in what the one that starts it holds.
    """
    _, printed = run_program(*arguments, launcher=("-c", MEMORY_OF_PROGRAM))
    return int(printed) / (2**20 if sys.platform == "darwin" else 2**10)


def time_parts(data, iterations):
    """Do in this process what run.py does; return the seconds of its parts by their names."""
    times = [time.perf_counter()]

    def lap():
        times.append(time.perf_counter())
        return times[-1] - times[-2]

    treebank, parts = StanfordSentiment(data), {}
    parts["loading"] = lap()
    draw_corpus(treebank)
    treebank.sample_table()
    parts["corpus"] = lap()
    word_vectors, stamps = train_quietly(treebank, iterations, "auto")
    first, *_, last, _ = sorted(stamps)  # behind the second last, functions are checked again
    parts["training"] = stamps[last] - stamps[first]
    parts["check of the functions"] = lap() - parts["training"] - parts["corpus"]
    vectors = dict(zip(treebank.tokens(), word_vectors.tolist(), strict=False))
    plotted = {word: vectors[word] for word in PLOTTED_WORDS if word in vectors}
    picture = to_png(plot_word_vectors(plotted, "Word vectors"))
    write_files({"word_vectors.png": picture, "word_vectors.txt": to_word2vec_text(vectors)})
    parts["plot and files"] = lap()
    sampler = treebank.window_sampler(Settings.window, Settings.negatives)
    for start in range(0, iterations, BLOCK):
        sampler.draw(WINDOWS * min(BLOCK, iterations - start))
    parts["windows and samples alone"] = lap()
    return parts


def time_steps(treebank, engine):
    """Time 1,000 steps of training, the corpus being drawn and the functions checked."""
    first, last = STEPS[engine]
    _, stamps = train_quietly(treebank, last + 10, engine)
    return 1000 * (stamps[last] - stamps[first]) / (last - first)


def time_gensim(sentences, workers):
    """Time gensim's training on these sentences, its vocabulary being made."""
    sizes = {"vector_size": Settings.dim, "window": Settings.window, "negative": Settings.negatives}
    model = Word2Vec(**sizes, sg=1, hs=0, sample=0, min_count=1, workers=workers)
    model.build_vocab(sentences)
    began = time.perf_counter()
    model.train(sentences, total_examples=len(sentences), epochs=1)
    return time.perf_counter() - began


def draw_corpus(treebank):
    """Draw the corpus that a training run draws."""
    treebank.drop_corpus()
    random.seed(31415)
    treebank.get_random_context(random.randint(1, Settings.window))


def train_quietly(treebank, iterations, engine):
    """Train; return the word vectors, and when every tenth iteration ended."""
    stamps = {}

    def stamp(iteration, smoothed_loss):
        stamps[iteration] = time.perf_counter()

    settings = Settings(iterations=iterations)
    with contextlib.redirect_stdout(io.StringIO()):  # sgd prints
        word_vectors, _ = train(
            submission, treebank, settings, stamp, save=True, engine=engine, say=say_once
        )
    return word_vectors, stamps


def sentences_of(treebank, num_words):
    """Give the corpus' sentences, from the first again if they run out, up to so many words."""
    draw_corpus(treebank)
    corpus, sentences = treebank.all_sentences(), []
    while num_words > 0:
        sentences.append(corpus[len(sentences) % len(corpus)][:num_words])
        num_words -= len(sentences[-1])
    return sentences


def widened(treebank, factor, folder):
    """Make a treebank of `factor` (1 or 10) times the vocabulary and the same windows.

    To the sentences come nine times as many of one word each as the vocabulary has words: for
    factor 10 each has a word of its own, for factor 1 all have the same. Windows are not drawn
    from them, but negative samples are; their number is the same, and so frequent words are
    dropped from the corpus as often.
    """
    sentences = [" ".join(words) for words in treebank.sentences()]
    for i in range(9 * len(treebank.tokens())):
        sentences.append(f"added#{i if factor == 10 else 0}")
    lines = [f"{number}\t{sentence}\n" for number, sentence in enumerate(sentences, 1)]
    folder.mkdir()
    text = "".join(["sentence_index\tsentence\n", *lines])
    (folder / SENTENCES).write_text(text, encoding="utf-8")
    return StanfordSentiment(folder)


def measure(data, repeat, iterations):
    """Time everything `repeat` times; return lists of seconds by name, and "memory" in MB.

    What is compared runs in turn, so that what slows the machine down slows all of it down.
    """
    found, here = defaultdict(list), Path.cwd()
    arguments = "--data", data, "--iterations", str(iterations), "--output", here
    found["memory"].append(peak_memory(*arguments))  # and it warms up
    treebank = StanfordSentiment(data)
    sentences = sentences_of(treebank, WINDOWS * iterations)
    wide = {factor: widened(treebank, factor, here / str(factor)) for factor in (1, 10)}
    for _ in range(repeat):
        found["run.py"].append(run_program(*arguments)[0])
        found["gensim, 1 worker"].append(time_gensim(sentences, 1))
        found["gensim, 2 workers"].append(time_gensim(sentences, 2))
        found["start and imports"].append(run_program("--help")[0])
        for part, seconds in time_parts(data, iterations).items():
            found[part].append(seconds)
        found["1,000 steps by arrays"].append(time_steps(treebank, "auto"))
        found["1,000 steps by the submission"].append(time_steps(treebank, "submission"))
        for factor, made in wide.items():
            found[f"1,000 steps, {factor} x vocabulary"].append(time_steps(made, "auto"))
    return found


def main():
    """Measure and print."""
    options = parse()
    data = options.data.resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        found = measure(data, options.repeat, options.iterations)
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"gensim {gensim_version}\n"
        f"Treebank {data.name}, {options.iterations:,} iterations = "
        f"{WINDOWS * options.iterations:,} center words, medians of {options.repeat}\n\n"
        f"{'':32}{'seconds':>8}{'ratio':>9}"
    )
    for indent, what, base in ROWS:
        seconds = median(found[what])
        ratio = f"{seconds / median(found[base]):9.3f} x {base}" if base else ""
        print(f"{'  ' * indent + what:32}{seconds:8.3f}{ratio}")
    print(f"\nPeak memory of run.py, its largest process: {found['memory'][0]:.0f} MB")


if __name__ == "__main__":
    main()
