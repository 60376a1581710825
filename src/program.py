"""What the programs share: options, errors in one line, exit codes, streams.

Each program imports this first, and ends here where Python is too old or a package is missing. An
old Python must be able to read this file, and to run it up to the import of InputError.
"""

import argparse
import gc
import importlib.util
import io
import math
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from utils.commands import SOURCE, from_here, join

OLDEST = (3, 11)
PACKAGES = "numpy", "scipy", "matplotlib", "tqdm"


def refuse(problem, remedy):
    """End the program in one line; where the project has a Python of its own, name that."""
    root = typed = Path(__file__).resolve().parent.parent
    above = Path(os.path.normpath(os.path.join(os.path.dirname(sys.argv[0]), "..")))
    if above.is_dir() and above.samefile(root):
        typed = above
    own = Path(".venv", *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
    if (root / own).exists() and Path(sys.prefix).resolve() != (root / ".venv").resolve():
        remedy = f"Use the project's own: {join([str(typed / own), *sys.argv])}"
    elif not remedy:
        install = ["-m", "pip", "install", "-r", str(typed / "requirements.txt")]
        remedy = f"Install all: {join([sys.executable, *install])}"
        if os.name != "nt" and sys.prefix == sys.base_prefix:  # many of these take no packages
            make = join([sys.executable, "-m", "venv", str(typed / ".venv")])
            remedy = f"Make the project's own: {make} && {join([str(typed / own), *install])}"
    print(f"{os.path.basename(sys.argv[0])}: {problem}. {remedy}", file=sys.stderr)
    sys.exit(2)


def require(package):
    """Refuse to run without a package that is imported later."""
    if importlib.util.find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def open_streams():
    """Open the standard streams that are closed: else the next file would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def report(kind, error, trace):
    """Tell in one line of Ctrl-C and of a missing package, also while a program still imports."""
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if issubclass(kind, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
    elif issubclass(kind, ModuleNotFoundError) and package in PACKAGES:
        refuse(f"this Python has no package {package}", "")
    else:
        sys.__excepthook__(kind, error, trace)


open_streams()
if sys.version_info < OLDEST:
    version, oldest = (".".join(map(str, v[:3])) for v in (sys.version_info, OLDEST))
    problem = f"this is Python {version}, and {oldest} or newer is needed"
    refuse(problem, "Get one from python.org; README tells how to begin.")
sys.excepthook = report

from utils.utils import InputError, SubmissionError  # noqa: E402


class Stream(io.FileIO):
    """A standard stream that never fails: what cannot be written is lost, and the work goes on."""

    is_lost = is_any_lost = False

    def write(self, data):
        """Write bytes, as long as that is possible."""
        if not self.is_lost:
            try:
                return super().write(data)
            except OSError:  # nobody reads it, or the disk is full
                self.is_lost = Stream.is_any_lost = True
        return len(data)


def safe(stream, number):
    """Give a standard stream that takes any text, and goes on when nobody reads it any more."""
    if stream is None:  # it was closed
        return open(number, "w", encoding="utf-8", closefd=False)
    if not hasattr(stream, "reconfigure"):  # of a notebook, or an editor
        return stream
    stream.reconfigure(errors="backslashreplace")
    if stream.isatty():
        return stream
    stream.flush()
    by_line = stream.line_buffering or stream.write_through  # the latter under python -u
    how = stream.encoding, stream.errors, None, by_line
    return io.TextIOWrapper(io.BufferedWriter(Stream(stream.fileno(), "w", closefd=False)), *how)


def launch(main):
    """Run a program's `main` and exit with its code; return it in a notebook, which goes on."""
    sys.stdout, sys.stderr = safe(sys.stdout, 1), safe(sys.stderr, 2)
    if hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would take children's exits
    for name in [*sys.modules]:
        if name.partition(".")[0] == "submission":  # of a run before in a notebook
            del sys.modules[name]
    try:
        code = main()
    except SystemExit as end:  # wrong usage, or --help
        code = end.code or 0
    if not hasattr(sys, "ps1"):
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # else Python takes 0.4 s to look through what Numba and Matplotlib made
        code = code or 120 * Stream.is_any_lost
        if any(not each.daemon for each in set(threading.enumerate()) - {threading.main_thread()}):
            os._exit(code if isinstance(code, int) else 1)  # else a submission's thread holds it
        sys.exit(code)
    return code


class OneLineParser(argparse.ArgumentParser):
    """A parser of a command line: wrong usage ends the program with exit code 2 and one line."""

    def error(self, message):
        """End the program; the message says what is wrong."""
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def number(kind, low, high):
    """Make the type of an option: a number from low to high, both allowed."""

    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(
                f"expected a {what} from {low:g} to {high:,}, not {text!r}"
            )
        return value

    return convert


def make_folder(folder):
    """Make sure that the folder for the files written is there and can be listed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.listdir(folder)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be used: {error.strerror}. Pass --output DIR."
        ) from error


def run(name, work, stopped=lambda: "Stopped."):
    """Run a program that uses the submission; tell what went wrong, and return the exit code."""
    try:
        return work() or 0
    except InputError as error:
        code, message = 2, f"{name}: {error}"
    except KeyboardInterrupt:
        code, message = 130, stopped()
    except SubmissionError as error:
        code, message = 1, f"{name}: error in the submission: {error}"
    except NotImplementedError as error:
        places = [f"{from_here(Path(f.filename))}:{f.lineno}" for f in _trace_of(error).stack[-1:]]
        what = ", ".join(filter(None, [str(error), *places]))
        code, message = 1, f"{name}: not written yet: {what}"
    except BaseException as error:  # SystemExit, too: a submission may call sys.exit
        frames = _frames_of_submission(error)
        if not frames:
            raise
        code, message = 1, f"{name}: error in the submission\n{frames}"
    print(message, file=sys.stderr)
    return code


def _trace_of(error):
    """Give the stack trace of an error, with the frames of the submission alone."""
    report = traceback.TracebackException.from_exception(error)
    folder = SOURCE / "submission"
    report.stack[:] = [frame for frame in report.stack if folder in Path(frame.filename).parents]
    return report


def _frames_of_submission(error):
    """Write the part of a stack trace that is in the submission; nothing if none is."""
    report, folder = _trace_of(error), SOURCE / "submission"
    in_syntax = isinstance(error, SyntaxError) and folder in Path(error.filename or "").parents
    return "".join(report.format()).rstrip() if report.stack or in_syntax else ""
