"""The graded tests in the order of the handout; ``python grader.py --help`` tells more."""

import json
import sys
import unittest
from dataclasses import replace

from graderUtil import HERE, CourseTestRunner, GradedTestCase, graded, test_of
from grading import cases, gradescope
from grading.course import exposed, open_course
from grading.given import GivenChecks
from grading.options import parse, select
from grading.quiz import QuizChecks, judge
from grading.sgd import SgdChecks
from grading.vectors import PUBLISHED, check_vectors
from grading.word2vec import Word2vecChecks
from sandbox.confine import LANDLOCK, OTHER_USER, choose
from sandbox.objects import Postprocessing
from utils.utils import InputError

MOST_SECONDS = 480  # for all tests: Gradescope gives up after 600, and then all is lost
NOT_GRADED = "Hidden tests ran, but are graded only where the course's solution is."


class Test_2a(Word2vecChecks, GivenChecks, GradedTestCase):
    """2a: the loss of a window, and its gradients."""

    @graded()
    def test_0(self):
        """Skip-gram with the naive softmax loss: known case, gradient check."""
        window, loss = cases.SKIPGRAM, self.submission.naive_softmax_loss_and_gradient
        self.check_window(window, loss, cases.SKIPGRAM_VALUES, rtol=cases.KNOWN)
        self.check_window_gradient(window, loss)

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
            self.check_window(window, self.submission.naive_softmax_loss_and_gradient)

    @graded()
    def test_8(self):
        """The given parts still work: negative sampling, the mean over a step's windows."""
        self.check_negative_samples()
        for pair, count in cases.SAMPLING_PAIRS:
            self.check_sampling(pair, count)
        self.check_sampling_gradient(cases.pair(9, V=6, d=3), cases.dataset(9, list("abcdef")))
        for seed in range(7):
            self.check_wrapper(seed)
        self.check_default_loss(cases.WINDOWS[0])


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
        self.check_halvings()

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
            vectors, how = self.course.submission.vectors, {"rtol": 0, "atol": 1e-3}
            self.compare(check_vectors, vectors, expected, **how, reveal=self.reveal)


class QuizQuestion(QuizChecks):
    """3: a question of the quiz."""

    @graded()
    def test_0(self):
        """Question {}: an answer is given."""
        self.notes.append(f"read: {', '.join(self.answer(self.submission))}")

    @graded(is_hidden=True)
    def test_1(self):
        """Question {}: the answer is right."""
        answer = self.answer(self.submission)
        if self.is_graded:
            self.compare(judge, answer, self.answer(self.solution), self.reveal)


class Test_3a(QuizQuestion, GradedTestCase):
    question = 1


class Test_3b(QuizQuestion, GradedTestCase):
    question = 2


class Test_3c(QuizQuestion, GradedTestCase):
    question = 3


class Test_3d(QuizQuestion, GradedTestCase):
    question = 4


class Test_3e(QuizQuestion, GradedTestCase):
    question = 5


class Test_3f(QuizQuestion, GradedTestCase):
    question = 6


def main(arguments=None, confinements=(OTHER_USER, LANDLOCK), seconds=None, without=()):
    """Grade as the command line says; give the exit code.

    For tests: `confinements` are those that may be used, `seconds` replaces all limits, and
    `without` names walls that are switched off.
    """
    options = parse(arguments, HERE)
    suites = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    tests = {test_of(case).id: case for suite in suites for case in suite}
    try:
        if options.list:
            for test in map(test_of, tests.values()):
                print(f"{test.id:12} {test.points:>4} points  {test.description}")
            return 0
        chosen = [tests[key] for key in select(list(tests), options.tests)]
        return grade(chosen, options, choose(confinements, without), seconds)
    except InputError as error:
        print(f"grader.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def grade(chosen, options, confinement, seconds):
    """Grade; with --gradescope, results.json is there from the start: 0 until all has ended."""
    if options.debug and len(chosen) != 1:
        raise InputError(f"--debug runs one test, not {len(chosen)}: name it, such as 2a-0-basic")
    graded_here = bool(options.solution)
    tests = [
        replace(test, counts=graded_here or not test.is_hidden) for test in map(test_of, chosen)
    ]
    unfinished = gradescope.skeleton(tests)
    save(options, unfinished)
    try:
        report = run(chosen, options, confinement, seconds)
    except InputError as error:
        save(options, {**unfinished, "output": f"Not graded: {error}"})
        raise
    save(options, gradescope.results(report))
    return int(report.failed)


def save(options, results):
    """Write results.json if it was asked for."""
    if options.gradescope:
        gradescope.write(options.gradescope, results)


def run(chosen, options, confinement, seconds):
    """Run tests against what the options name; give the report."""
    how = {"debug": options.debug, "total_seconds": MOST_SECONDS}
    course = open_course(options.submission, options.solution, confinement, seconds, **how)
    GradedTestCase.course = course
    try:
        notes = list(course.submission.skipped)
        if options.solution:
            refuse_if_exposed(course, options)
            notes.append(f"Confinement: {confinement}")
        elif any(test_of(case).is_hidden for case in chosen):
            notes.append(NOT_GRADED)
        return CourseTestRunner().run(chosen, notes)
    finally:
        course.close()


def refuse_if_exposed(course, options):
    """Raise `InputError` if the submission could reach what it must not."""
    if options.unconfined or course.sandbox is None:
        return
    confinement = str(course.sandbox.confinement)
    if found := exposed(course, options) or (confinement.startswith("none") and ["the grader"]):
        raise InputError(
            f"the submission could reach {found[0]}, as it runs under the confinement "
            f"{confinement}. Close it to others (chmod -R go-rwx), or pass "
            "--unconfined if you trust the submission."
        )


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # texts of a stranger
    sys.exit(main())
