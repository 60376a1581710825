"""What a person sees while a long training run goes on."""

import io
import re
import sys
import time

from tqdm import tqdm

LINE_EVERY = 10  # seconds between two lines where there is no terminal


def clock(seconds):
    """Write a time as minutes and seconds.

    Parameters
    ----------
    seconds : float
        The time.

    Returns
    -------
    str
        Minutes, colon, seconds.

    Examples
    --------
    >>> clock(187.6)
    '3:07'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    """Shows iteration, smoothed loss and time left, on stderr: a bar, or now and then a line.

    Parameters
    ----------
    total : int
        Number of iterations.
    """

    def __init__(self, total):
        self.total, self.iteration, self.bar = total, 0, None

    def __call__(self, iteration, smoothed_loss):
        """Tell how far training is.

        Parameters
        ----------
        iteration : int
            Number of iterations done.
        smoothed_loss : float or None
            Smoothed loss there.
        """
        now = time.monotonic()
        if self.bar is None:
            self.bar = tqdm(total=self.total, initial=iteration, disable=None, unit="it")
            self.first, self.began, self.line_at = iteration, now, now + LINE_EVERY
        self.iteration = iteration
        loss = "" if smoothed_loss is None else f"loss {smoothed_loss:.3f}"
        self.bar.set_postfix_str(loss, refresh=False)
        self.bar.update(iteration - self.bar.n)
        if self.bar.disable and now >= self.line_at:
            self.line_at = now + LINE_EVERY
            left = (now - self.began) / (iteration - self.first) * (self.total - iteration)
            print(
                f"iteration {iteration:,} of {self.total:,}, {loss}, {clock(left)} left",
                file=sys.stderr,
            )

    def close(self):
        """Leave the bar as it is and go to a new line."""
        if self.bar is not None:
            self.bar.close()


class WithoutIterationLines(io.TextIOBase):
    """A text stream that drops the lines ``iter 10: 23.5`` of `sgd` and passes on all others.

    Parameters
    ----------
    stream : text stream
        Where the other lines go.
    """

    def __init__(self, stream):
        self.stream, self.rest = stream, ""

    def write(self, text):
        """Take text; whole lines are passed on or dropped.

        Parameters
        ----------
        text : str
            Some text.

        Returns
        -------
        int
            Its length.
        """
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if not re.fullmatch(r"iter \d+: \S+", line):
                tqdm.write(line, file=self.stream)
        return len(text)
