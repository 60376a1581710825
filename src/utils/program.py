"""What the programs have in common: options, folders, and errors told in one line."""

import argparse
import math
import os
import sys
import traceback
from pathlib import Path

from .utils import InputError, SubmissionError

SOURCE = Path(__file__).resolve().parents[1]  # the folder src


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


def from_here(path):
    """Name an absolute path as seen from the working directory, if it is below or above."""
    here = Path.cwd()
    if here.is_relative_to(path):
        return Path(*[".."] * (len(here.parts) - len(path.parts)))
    return path.relative_to(here) if path.is_relative_to(here) else path


def run_program(name, program, stopped=lambda: "Stopped."):
    """Run a program that uses the submission; say what went wrong as its user needs it.

    Returns the exit code: what the program returns, or 0; 1 for an error in the submission, 2 for a
    wrong input, 130 if the user stopped the program, to whom `stopped` then gives the message.
    """
    try:
        return program() or 0
    except InputError as error:
        code, message = 2, f"{name}: {error}"
    except KeyboardInterrupt:
        code, message = 130, stopped()
    except SubmissionError as error:
        code, message = 1, f"{name}: error in the submission: {error}"
    except NotImplementedError as error:
        code, message = 1, f"{name}: not written yet: {error}"
    except BrokenPipeError:
        return 120  # nobody reads what is printed; Python itself would exit with that
    except BaseException as error:  # SystemExit, too: a submission may call sys.exit
        frames = _frames_of_submission(error)
        if not frames:
            raise
        code, message = 1, f"{name}: error in the submission\n{frames}"
    print(message, file=sys.stderr)
    return code


def _frames_of_submission(error):
    """Give the part of an error's stack trace that is in the submission; nothing if none is."""
    report = traceback.TracebackException.from_exception(error)
    folder = SOURCE / "submission"
    report.stack[:] = [frame for frame in report.stack if folder in Path(frame.filename).parents]
    in_syntax = isinstance(error, SyntaxError) and folder in Path(error.filename or "").parents
    return "".join(report.format()).rstrip() if report.stack or in_syntax else ""
