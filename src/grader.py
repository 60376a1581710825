"""The graded tests in the order of the handout; ``python grader.py --help`` tells more."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import contextlib
import json
import math
import os
import re
import time
import unittest

from graderUtil import POINTS, GradedTestCase, graded, run_tests
from grading import cases
from grading.course import WORKERS, Course, pack, read_solution, refuse_if_exposed
from grading.options import parse, select
from grading.outcomes import Outcome, Report, Status
from grading.quiz import QUESTIONS, QuizChecks, check_answer, read_answer  # [quiz] [/quiz]
from grading.report import next_step, write
from grading.sgd import SgdChecks
from grading.vectors import PUBLISHED, check_vectors
from grading.word2vec import Word2vecChecks
from sandbox.confine import Confinement, strongest_confinement
from sandbox.objects import Postprocessing
from sandbox.workers import ThreadWorkers
from utils import ANNEAL_EVERY
from utils.utils import InputError

LOOK_SECONDS = 0.2  # between two looks whether a file was saved
UNFINISHED = "The grader did not finish."
ONE_TEST = "--debug runs one test, not {}: name it, such as 2a-0-basic"
NOT_GRADED = "Hidden tests ran, but they are graded only with the course's solution."


class Test_2a(Word2vecChecks, GradedTestCase):
    """2a: the loss of a window, and its gradients."""

    @graded()
    def test_0(self):
        """Skip-gram with the naive softmax loss: known case, gradient check."""
        window, loss = cases.SKIPGRAM, self.submission.naive_softmax_loss_and_gradient
        self.check_window(window, loss, cases.SKIPGRAM_VALUES, rtol=cases.KNOWN)
        self.check_window_gradient(window, loss)
        self.note(self.attempt(self.problem_of_linear, window))

    @graded()
    def test_1(self):
        """Naive softmax loss and gradients: known case."""
        self.check_softmax(cases.SOFTMAX, cases.SOFTMAX_VALUES, rtol=cases.KNOWN)

    @graded()
    def test_2(self):
        """Sigmoid: known case."""
        self.check_sigmoid(*cases.SIGMOID, rtol=cases.KNOWN)

    @graded(timeout=15, is_hidden=True)
    def test_3(self):
        """Sigmoid of a vector, large values included."""
        for x in cases.SIGMOIDS:
            self.check_sigmoid(x)

    @graded(timeout=15, is_hidden=True)
    def test_4(self):
        """Sigmoid of a matrix."""
        for shape in ((4, 7), (5, 5), (1, 3)):
            self.check_sigmoid(cases.numbers(5, shape, scale=3))

    @graded(timeout=15, is_hidden=True)
    def test_5(self):
        """Sigmoid of a 1000 x 1000 matrix."""
        self.check_sigmoid(cases.numbers(6, (1000, 1000), scale=3))

    @graded(timeout=10, is_hidden=True)
    def test_6(self):
        """Naive softmax loss and gradients: other sizes, indices and scales."""
        for pair in cases.PAIRS:
            self.check_softmax(pair)

    @graded(timeout=10, is_hidden=True)
    def test_7(self):
        """Skip-gram: other windows, repeated words, other loss functions."""
        for window in cases.WINDOWS:
            self.check_linear(window)
        for window in cases.WINDOWS:
            self.check_window(window, self.submission.naive_softmax_loss_and_gradient)
        sampling = self.submission.neg_sampling_loss_and_gradient
        self.check_window(cases.SAMPLED, sampling, data=cases.dataset_of_one(cases.SAMPLED))

    @graded()
    def test_8(self):
        """The given parts still work: negative sampling, the mean over a step's windows."""
        self.check_negative_samples()
        for pair, count in cases.SAMPLING_PAIRS:
            self.check_sampling(pair, count)
        self.check_sampling_gradient(cases.pair(9, V=6, d=3), cases.dataset(9, list("abcdef")))
        for seed in range(7):
            self.check_wrapper(seed)
        self.check_default_loss(cases.SAMPLED)


class Test_2b(SgdChecks, GradedTestCase):
    """2b: stochastic gradient descent."""

    @graded()
    def test_0(self):
        """SGD on x^2 from 0.5."""
        self.check_square(0.5)
        self.note_other_mistakes()

    @graded()
    def test_1(self):
        """SGD on x^2 from 0.0."""
        self.check_square(0.0)

    @graded()
    def test_2(self):
        """SGD on x^2 from -1.5."""
        self.check_square(-1.5)

    @graded(is_hidden=True)
    def test_3(self):
        """SGD on scalars: path, number of calls, annealing, postprocessing."""
        for x0, step, iterations in ((0.5, 0.1, 30), (-3.0, 0.4, 7), (2.0, 0.05, 1)):
            self.check_updates(x0, step, iterations)
            halfway_to_one, positive = Postprocessing(0.5, 0.5), Postprocessing(absolute=True)
            self.check_updates(x0, step, iterations, halfway_to_one)
            self.check_updates(x0, step, iterations, positive)
        self.check_updates(4.0, 2e-5, 2 * ANNEAL_EVERY + 3_000)

    @graded(is_hidden=True)
    def test_4(self):
        """SGD on 100 x 100 matrices."""
        for seed in (1, 2):
            self.check_updates(cases.numbers(seed, (100, 100)), 0.3, 12)
        self.check_updates(cases.numbers(3, 5), 0.3, 12)


class Test_2c(GradedTestCase):
    """2c: the word vectors that run.py trains."""

    @graded()
    def test_0(self):
        """The vectors of two words are the published ones."""
        vectors = self.course.submission.vectors
        self.compare(check_vectors, vectors, PUBLISHED, rtol=1e-3, atol=1e-6, reveal=self.reveal)

    @graded(timeout=300, is_hidden=True)
    def test_1(self):
        """The vectors of all 24 words are the published ones."""
        if self.is_graded:
            expected = json.loads(self.course.solution.vectors)
            how = {"rtol": 0, "atol": 1e-3, "reveal": self.reveal}
            self.compare(check_vectors, self.course.submission.vectors, expected, **how)


# [quiz]
class QuizQuestion(QuizChecks):
    """3: a question of the quiz."""

    @graded()
    def test_0(self):
        """Question {}: an answer is given."""
        self.notes.append(f"read: {', '.join(self.answer())}")

    @graded(is_hidden=True)
    def test_1(self):
        """Question {}: the answer is right."""
        answer = self.answer()
        if self.is_graded:
            right = read_answer(self.expected(self.function), self.question)
            self.compare(check_answer, answer, right, self.reveal)


for number, question in QUESTIONS.items():
    about = {"question": number, "__module__": __name__}
    globals()[f"Test_{question}"] = type(f"Test_{question}", (QuizQuestion, GradedTestCase), about)


# [/quiz]
def main(arguments=None, confine=strongest_confinement, seconds=None, workers=WORKERS):
    """Grade as the command line says; give the exit code.

    For a class: what gives the confinement, by default the best there is, and the workers. For
    tests: another limit in `seconds`.
    """
    options = parse(arguments)

    def work():
        tests = all_tests()
        chosen = select([test.about for test in tests.values()], options.tests)
        if options.list:
            for test in chosen:
                print(f"{test.id:12} {test.points:>4} points  {test.description}")
            return 0
        how = confine(), seconds, workers
        if options.debug:
            how = Confinement(), math.inf, ThreadWorkers
            if len(chosen) != 1:
                raise InputError(ONE_TEST.format(len(chosen)))
        for _ in savings(options.submission) if options.watch else [None]:
            if program.Stream.is_any_lost:  # nobody reads it
                break
            found = grade([tests[test.id] for test in chosen], options, how)
            if options.pack:
                return 0
            if not options.solution and (line := next_step(found, len(chosen) == len(tests))):
                print(line)
        return int(bool(found.failures))

    return program.run("grader.py", work)


def all_tests():
    """Give the tests by their ids; raise `InputError` if points.json has others."""
    suites = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    found = {case.about.id: case for suite in suites for case in suite}
    tests = {line: found[line] for line in POINTS() if line in found}  # in its order
    for line, points in POINTS().items():
        if "-" in line and line not in tests:  # else it is a written question
            raise InputError(f"points.json has a line for {line}, which is no test: remove it.")
        if type(points) not in (int, float) or points < 0:
            raise InputError(f"points.json: {line} must be worth a number, not {points!r}.")
    return tests


def savings(path):
    """Go on now and whenever a file of a submission was saved."""
    before = None
    while True:
        times, seen, alone = {}, set(), [(path.parent, [], [path.name])]
        for folder, below, names in alone if path.is_file() else os.walk(path, followlinks=True):
            if (place := os.path.realpath(folder)) in seen:  # a link leads back
                below.clear()
                continue
            seen.add(place)
            for name in filter(re.compile(r".*\.(py|json|zip)").fullmatch, names):
                with contextlib.suppress(OSError):  # it is gone for a moment, or an editor's lock
                    times[folder, name] = os.stat(os.path.join(folder, name)).st_mtime_ns
        if times != before:
            yield
            print("Waiting until a file is saved; Ctrl-C ends.\n", flush=True)
        before = times
        time.sleep(LOOK_SECONDS)


def grade(chosen, options, how):
    """Grade; with --gradescope, results.json is there from the start: 0 until all has ended."""

    def save(why, found=None):
        if options.gradescope:
            ends = [Outcome(case.about, Status.FAILED, 0, notes=[UNFINISHED]) for case in chosen]
            write(options.gradescope, found or Report(ends, [why]))

    course = GradedTestCase.course = Course(None, options.reveal, options.after_published)
    try:
        if options.solution:
            course.solution = read_solution(options.solution)
        save(UNFINISHED)
        is_own = not (options.solution or options.gradescope)
        if options.solution:  # graded against itself; a link to it is a stranger's
            is_own = options.submission.absolute() == options.solution.absolute()
        course.open(options.submission, *how, is_own)
        notes = list(course.submission.skipped)
        if options.solution:
            refuse_if_exposed(course, options)
            notes.append(f"Confinement: {course.sandbox.confinement if course.sandbox else how[0]}")
        elif any(case.about.is_hidden for case in chosen):
            notes.append(NOT_GRADED)
        found = run_tests(chosen, notes)
        save("", found)
        if options.pack:
            print(pack(course.submission, found))
        return found
    except InputError as error:
        save(f"Not graded: {error}")
        raise
    finally:
        GradedTestCase.course = None
        course.close()


if __name__ == "__main__":
    program.launch(main)
