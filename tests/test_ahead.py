"""Items made ahead in a second process are those made in this one."""

import os
import random
import time

import pytest

from utils.ahead import ahead


def draws(n):
    for _ in range(n):
        yield random.random(), os.getpid()


@pytest.mark.parametrize("use_process", [False, True])
def test_items_and_random_are_the_same_with_a_second_process_and_without(use_process):
    random.seed(1)
    expected = [random.random() for _ in range(5)]
    end = random.getstate()
    random.seed(1)
    with ahead(draws(5), use_process) as items:
        found, processes = zip(*items, strict=True)
    assert list(found) == expected
    assert random.getstate() == end
    assert (set(processes) == {os.getpid()}) == (not use_process)


def test_random_stands_behind_the_item_given_not_behind_those_made_ahead():
    random.seed(2)
    with ahead(draws(1000), use_process=True) as items:
        first, _ = next(items)
        state = random.getstate()
    random.seed(2)
    assert random.random() == first
    assert random.getstate() == state


def test_the_process_is_gone_after_an_error_here():
    processes = []

    def fail_after_one_item():
        with ahead(draws(10**9), use_process=True) as items:
            processes.append(next(items)[1])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_one_item()
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0], 0)


def test_a_process_that_dies_is_noticed():
    def dies():
        yield os.getpid()
        time.sleep(0.05)
        os._exit(1)

    with pytest.raises(RuntimeError, match="has died"), ahead(dies(), use_process=True) as items:
        list(items)
