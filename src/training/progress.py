"""What a person sees while a long training run goes on."""

import contextlib
import io
import os
import re
import sys
import time

from tqdm import tqdm

LINE_EVERY = 10  # seconds between two lines where no bar can be shown


def as_minutes(seconds):
    """Write a time as minutes and seconds, 187.6 as 3:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress(contextlib.ExitStack):
    """Shows iteration, loss and time left, in a bar or now and then a line, but not sgd's lines."""

    def __init__(self, total):
        super().__init__()
        self.total, self.iteration, self.bar = total, 0, None

    def __enter__(self):
        stdout = self.enter_context(_WithoutIterationLines(sys.stdout))
        self.enter_context(contextlib.redirect_stdout(stdout))
        return self

    def __call__(self, iteration, smoothed_loss):
        """Tell how far training is; the loss is None if none is known yet."""
        now = time.monotonic()
        if self.bar is None:
            no_bar = os.environ.get("TERM") == "dumb" or "idlelib" in sys.modules or not sys.stderr
            # tqdm takes None as: on a terminal only; a notebook is none and has a bar, too
            no_bar = False if "ipykernel" in sys.modules else no_bar or None
            # short, so that it seldom breaks in a window made narrower, and gone at the end
            look = {"bar_format": "{l_bar}{bar:10}{r_bar}", "dynamic_ncols": True, "leave": False}
            bar = tqdm(total=self.total, initial=iteration, disable=no_bar, **look)
            self.bar, self.line_at = self.enter_context(bar), now + LINE_EVERY
        if self.iteration == 0 or iteration < self.iteration:  # training began, or began anew
            self.first, self.began = iteration, now
        self.iteration = iteration
        loss = "" if smoothed_loss is None else f"loss {smoothed_loss:.3f}"
        self.bar.set_postfix_str(loss, refresh=False)
        self.bar.update(iteration - self.bar.n)
        if self.bar.disable and now >= self.line_at and iteration > self.first:
            self.line_at = now + LINE_EVERY
            more = max(0, self.total - iteration)
            left = as_minutes((now - self.began) / (iteration - self.first) * more)
            with contextlib.suppress(OSError):  # nobody reads on
                print(
                    f"iteration {iteration:,} of {self.total:,}, {loss}, {left} left",
                    file=sys.stderr,
                )


class _WithoutIterationLines(io.TextIOBase):
    """A text stream that drops the lines ``iter 10: 23.5`` of `sgd` and passes on all others."""

    def __init__(self, stream):
        self.stream, self.rest = stream, ""

    def write(self, text):
        lines, end, self.rest = (self.rest + text).rpartition("\n")
        self._pass_on(re.sub(r"^iter \d+: \S+\n", "", lines + end, flags=re.MULTILINE))
        return len(text)

    def flush(self):
        rest, self.rest = self.rest, ""
        self._pass_on(rest)

    def _pass_on(self, text):
        # the bar makes room for the line; that nobody reads on must not stop training
        with tqdm.external_write_mode(sys.stderr), contextlib.suppress(OSError):
            if text and self.stream:
                self.stream.write(text)
