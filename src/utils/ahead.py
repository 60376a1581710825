"""Run a generator ahead in a second process, where there is a core for it."""

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import warnings


@contextlib.contextmanager
def ahead(items, use_process=None):
    """Give the items of a generator that draws from Python's ``random``, made ahead if possible.

    Before each item is given, ``random`` is set to where the generator left it, so that items and
    ``random`` are the same with a second process and without.

    Parameters
    ----------
    items : generator
        Its items must be such as `multiprocessing` can send.
    use_process : bool, optional
        Whether to use a second process; by default on Linux, if there is more than one core.

    Yields
    ------
    iterator
        The items.
    """
    if use_process is None:
        use_process = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1
    if not use_process:
        yield items
        return
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_send, args=(items, random.getstate(), here, there), daemon=True
    )
    with warnings.catch_warnings():  # of a fork beside threads: BLAS has some, which fork well
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    try:
        yield _received(here)
    finally:
        here.close()
        process.terminate()
        process.join()
        process.close()


def _send(items, state, here, there):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process alone
    here.close()  # so that sending fails when the first process is gone
    random.setstate(state)  # a fork seeds anew
    with contextlib.suppress(BrokenPipeError):
        for item in items:
            there.send((item, random.getstate()))
        there.send(None)


def _received(here):
    while True:
        try:
            message = here.recv()
        except EOFError:
            raise RuntimeError("the process that draws windows ahead has died") from None
        if message is None:
            return
        item, state = message
        random.setstate(state)
        yield item
