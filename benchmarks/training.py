"""How fast is training? Times of run.py, of its parts and of gensim, with their ratios."""

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
from importlib.metadata import version
from itertools import accumulate, chain, compress, cycle, pairwise
from pathlib import Path
from statistics import median

os.environ["MPLBACKEND"] = "Agg"  # so that run.py opens no window and waits for nobody
SRC = Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SRC))
IS_GENSIM = sys.argv[1:2] == ["gensim"]  # this file is the program by gensim, too

try:
    import numpy as np

    from utils import BATCH_SIZE, PRINT_EVERY
    from utils.treebank_files import SENTENCES, find_treebank
    from utils.word_vectors import PLOTTED_WORDS

    if IS_GENSIM:
        from gensim.models import Word2Vec

        from utils.plotting import plot_word_vectors, to_png
    else:
        import submission
        from program import OneLineParser, number
        from training import Settings, loops, train
        from utils.corpus import Corpus
        from utils.treebank import StanfordSentiment

        VERSIONS = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "gensim"))
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Run 'make benchmark', or pip install -r benchmarks/requirements.txt")

STEPS = {"auto": (1000, 9990), "submission": (10, 210)}  # between which of them time is taken

# What is compared with what.
BASES = {
    "run.py": ("gensim, 1 worker", "gensim, 2 workers", "run.py before"),
    "run.py, loops not compiled yet": ("run.py, loops compiled",),
    "train(), all warm": ("run.py",),
    "its steps, drawn ahead": ("the same in one thread",),
    "1,000 steps by loops": ("1,000 steps by the submission",),
    "1,000 steps, 10 x vocabulary": ("1,000 steps, 1 x vocabulary",),
}

# Some systems count in what the process holds that starts a program: a small one starts it.
MEMORY_OF_PROGRAM = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def parse():
    """Read the command line."""
    parser = OneLineParser(description=__doc__, allow_abbrev=False)
    add = functools.partial(parser.add_argument, help="default: %(default)s")
    add("--data", type=os.path.abspath, default=find_treebank(), metavar="DIR")
    add("--repeat", type=number(int, 1, 1000), default=3, metavar="N")
    add("--iterations", type=number(int, 30, 10**7), default=Settings.iterations, metavar="N")
    add("--before", type=os.path.abspath, metavar="DIR", help="another checkout to compare with")
    return parser.parse_args()


def gensim_program(data, num_words, workers):
    """Do by gensim what run.py does: read, train on so many center words, save, plot."""
    with Path(data, SENTENCES).open(encoding="utf-8") as file:
        text = [line.partition("\t")[2].lower().split() for line in file][1:]
    sizes = {"vector_size": 10, "window": 5, "negative": 10}
    model = Word2Vec(**sizes, sg=1, hs=0, sample=0, min_count=1, workers=int(workers))
    model.build_vocab(text)
    corpus, sentences, missing = cycle(thinned(text)), [], int(num_words)
    while missing:
        sentences.append(next(corpus)[:missing])
        missing -= len(sentences[-1])
    model.train(sentences, total_examples=len(sentences), epochs=1)
    model.wv.save_word2vec_format("word_vectors.txt")
    plotted = {word: model.wv[word] for word in PLOTTED_WORDS if word in model.wv}
    picture = to_png(plot_word_vectors(plotted, "Word vectors"))
    Path("word_vectors.png").write_bytes(picture)


def thinned(text):
    """Give the text's sentences 30 times, frequent words dropped at random."""
    words, index = list(chain.from_iterable(text)), {}
    ids = np.array([index.setdefault(word, len(index)) for word in words])
    probability = np.minimum(1, np.sqrt(1e-5 * len(ids) / np.bincount(ids)))[ids]
    starts = [0, *accumulate(map(len, text))][:-1]
    stream = np.random.default_rng(1)
    for _ in range(30):
        stays = stream.random(len(ids)) < probability
        left = list(compress(words, stays.tolist()))
        ends = np.cumsum(np.add.reduceat(stays, starts, dtype=int)).tolist()
        yield from (left[start:end] for start, end in pairwise([0, *ends]) if end - start > 1)


def run_program(command, launcher=(), **environment):
    """Run a program; return its seconds and what it printed, or end with its last line."""
    began, environment = time.perf_counter(), os.environ | environment
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit((done.stderr.strip() or f"{command[1]} failed").rpartition("\n")[2])
    return time.perf_counter() - began, done.stdout


def peak_memory(command):
    """Give the most memory in MB that a program, or a process that it started, held at a time."""
    _, printed = run_program(command, launcher=(sys.executable, "-c", MEMORY_OF_PROGRAM))
    return int(printed) / (2**20 if sys.platform == "darwin" else 2**10)


def train_quietly(corpus, iterations, engine="auto", save=False):
    """Train; return its seconds, and when every tenth iteration ended."""
    stamps, settings, began = {}, Settings(iterations=iterations), time.perf_counter()

    def stamp(iteration, smoothed_loss):
        stamps[iteration] = time.perf_counter()

    with contextlib.redirect_stdout(io.StringIO()):  # sgd prints
        train(submission, corpus, settings, stamp, save, engine=engine)
    return time.perf_counter() - began, stamps


def time_training(corpus, iterations):
    """Train as run.py does, then draw and make steps in one thread; return seconds by name."""
    seconds, stamps = train_quietly(corpus, iterations, save=True)
    first, *_, last, _ = sorted(stamps)  # functions are checked before, and behind
    settings = Settings(iterations=last - first)
    vectors = np.random.default_rng(1).normal(0, 0.1, (2 * len(corpus.tokens()), settings.dim))
    arrays = *corpus.corpus_arrays(), corpus.sample_table()
    times = [time.perf_counter()]
    for block in loops.draw_blocks(arrays, settings, 0, random.getstate(), 0, single=0):
        times.append(time.perf_counter())
        block.make_steps(vectors, settings.step, every=PRINT_EVERY)
        times.append(time.perf_counter())
    return {
        "train(), all warm": seconds,
        "its steps, drawn ahead": stamps[last] - stamps[first],
        "the same in one thread": times[-1] - times[0],
        "of it drawing": sum(np.diff(times)[::2]),
        "of it making steps": sum(np.diff(times)[1::2]),
    }


def time_steps(corpus, engine):
    """Time 1,000 steps of training."""
    first, last = STEPS[engine]
    _, stamps = train_quietly(corpus, last + 10, engine)
    return 1000 * (stamps[last] - stamps[first]) / (last - first)


def widened(corpus, factor):
    """Make a text of `factor` (1 or 10) times the vocabulary and windows alike.

    To the sentences come nine times as many of one word each as the vocabulary has words: for
    factor 10 each has a word of its own, for factor 1 all have the same. Windows are not drawn
    from them, but negative samples are.
    """
    added = ([f"added#{i if factor == 10 else 0}"] for i in range(9 * len(corpus.tokens())))
    return Corpus(chain(corpus.sentences(), added))


def measure(options):
    """Time everything in turn; return lists of seconds by name, and MB of the programs by name."""
    iterations, found = options.iterations, defaultdict(list)
    arguments = ["--data", options.data, "--iterations", str(iterations), "--output", "."]
    programs = {"run.py": [sys.executable, SRC / "run.py", *arguments]}
    if options.before:
        programs["run.py before"] = [sys.executable, f"{options.before}/src/run.py", *arguments]
    by_gensim = [sys.executable, __file__, "gensim", options.data, str(BATCH_SIZE * iterations)]
    programs |= {"gensim, 1 worker": [*by_gensim, "1"], "gensim, 2 workers": [*by_gensim, "2"]}
    _, said = run_program(programs["run.py"])  # compiles, unless that was done
    print(said.partition("\nSmoothed")[0], file=sys.stderr)  # what trains, and why
    memory = {name: peak_memory(command) for name, command in programs.items()}

    corpus = StanfordSentiment(options.data)
    wide = {factor: widened(corpus, factor) for factor in (1, 10)}
    train_quietly(corpus, iterations)  # from here on all is warm
    for _ in range(options.repeat):
        for name, command in programs.items():
            found[name].append(run_program(command)[0])
        with tempfile.TemporaryDirectory() as empty:
            for name in ("run.py, loops not compiled yet", "run.py, loops compiled"):
                found[name].append(run_program(programs["run.py"], NUMBA_CACHE_DIR=empty)[0])
        for name, seconds in time_training(corpus, iterations).items():
            found[name].append(seconds)
        found["1,000 steps by the submission"].append(time_steps(corpus, "submission"))
        found["1,000 steps by loops"].append(time_steps(corpus, "auto"))
        for factor, text in wide.items():
            found[f"1,000 steps, {factor} x vocabulary"].append(time_steps(text, "auto"))
    return found, memory


def main():
    """Measure and print."""
    options = parse()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        found, memory = measure(options)
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {VERSIONS}\n"
        f"Treebank {Path(options.data).name}, {options.iterations:,} iterations = "
        f"{BATCH_SIZE * options.iterations:,} center words, medians of {options.repeat}\n\n"
        f"{'':33}{'seconds':>8}{'ratio':>9}"
    )
    seconds = {what: median(times) for what, times in found.items()}
    for what, own in seconds.items():
        others = {base: seconds[base] for base in BASES.get(what, ()) if base in seconds}
        ratios = (f"{own / s:9.3g} x {base}, {own - s:+.3f} s" for base, s in others.items())
        print(f"{what:33}{own:8.3f}" + f"\n{'':41}".join(ratios))
    print("\nPeak memory:", ", ".join(f"{name}: {mb:.0f} MB" for name, mb in memory.items()))


if __name__ == "__main__":
    gensim_program(*sys.argv[2:]) if IS_GENSIM else main()
