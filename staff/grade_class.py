"""Grade a folder of submissions: a report for each, tables and a picture for all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import argparse
import contextlib
import hashlib
import json
import os
import queue
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from operator import itemgetter

from tqdm import tqdm

from changes import changes, changes_csv, changes_line, remember
from class_folder import EACH, ClassFolder, parts_of
from gradebook import (
    NOTHING,
    REPORT,
    RESULTS,
    UNFINISHED,
    mistakes_csv,
    plot_summary,
    read_outcome,
    status_line,
    to_csv,
)
from graders import Grader
from grading.course import WORKERS, open_sandbox, reachable
from roster import fill, gather, read_roster
from sandbox.watch import memory_here
from student_view import describe, one_of
from utils.plotting import to_png
from utils.utils import InputError, dump, load, write_files
from zips import ROOT

GRADER = ROOT / "src" / "grader.py"
STOPPED = 130  # how a grading ends that somebody stops
A_GRADING = 2**30  # bytes of memory that one may take at worst
MOST_JOBS = 64
HANDED_IN = "handed in"  # folder for a submission that is gathered from files


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="grade_class.py", description=__doc__, allow_abbrev=False)

    def add(name, about, **how):
        parser.add_argument(name, help=about, **how)

    of_folder = {"type": Path, "metavar": "DIR"}
    handed_in = "a folder with a folder or zip for each student, or what a learning system exports"
    add("submissions", handed_in, type=Path, nargs="?", metavar="SUBMISSIONS")
    vectors = "sample_vectors_(soln).json in or beside it"
    add("--solution", f"the solution, a package folder with {vectors}", **of_folder)
    add("--out", "folder for what is written", required=True, **of_folder)
    most = "gradings at once (default: as many as this machine carries)"
    add("--jobs", most, type=program.number(int, 1, MOST_JOBS), metavar="N")
    resume = "go on with a run that was stopped; grade what was handed in anew"
    add("--resume", resume, action="store_true")
    again = "grade these again, by name, id or e-mail; all if none is named"
    add("--regrade", again, nargs="*", metavar="STUDENT")
    add(
        "--tests", "with --regrade: only these, by ids or their beginnings", nargs="+", metavar="ID"
    )
    roster = "who is in the class, as CSV: who handed in nothing gets a row, too"
    add("--roster", roster, type=Path, metavar="FILE")
    filled = "with --roster: write it with the grades in it, to be imported"
    add("--format", filled, choices=["canvas", "moodle"])
    part = "grade one of N parts of a class, into a folder of its own"
    add("--part", part, type=part_of_class, default=(1, 1), metavar="K/N")
    merge = "make one of the folders that the parts were graded into"
    add("--merge", merge, type=Path, nargs="+", metavar="DIR")
    add("--show", "tell of one student, from what was graded into --out", metavar="STUDENT")
    unsafe = "grade although nothing keeps a submission from reading the solution"
    add("--unconfined", unsafe, action="store_true")
    options = parser.parse_args(arguments)
    if not (options.merge or options.show or (options.submissions and options.solution)):
        parser.error("name SUBMISSIONS and --solution")
    if options.tests and options.regrade is None:
        parser.error("--tests goes with --regrade: --regrade --tests 2b")
    if options.format and not options.roster:
        parser.error(f"--format {options.format} needs the export of the grades: --roster FILE")
    return options


def part_of_class(text):
    """Read which part is meant, such as 3/20."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"expected a part such as 3/20, not {text!r}")
    return int(found[1]), int(found[2])


def run(options):
    """Do what is asked."""
    if options.show:
        print(describe(options.out, options.show))
    elif options.merge:
        merge(options)
    else:
        grade_class(options)


def grade_class(options):
    """Grade all that is not graded yet; write the tables and the picture."""
    (k, count), everybody = options.part, read_roster(options.submissions, options.roster)
    submissions, part = everybody[k - 1 :: count], f"{k}/{count}"
    folder = prepare(options)
    if options.format:
        fill(options.roster, [], options.format)  # it says what is wrong with it before all else
    if not submissions:
        with folder.kept():
            folder.save([], part, {})
        print(f"Part {part} is empty: the class has {len(everybody)}.")
        return
    jobs = options.jobs or carried()
    if jobs > carried():
        print(f"This machine carries {carried()} at once: {jobs} take longer.")
    graders = [Grader(GRADER.parent) for _ in range(jobs)]
    with contextlib.ExitStack() as stack:
        for grader in graders:
            stack.callback(grader.close)
        check_solution(options, graders[0])
        check_closed(submissions, options)
        stack.enter_context(folder.kept())
        left = what_is_left(folder, submissions, options)
        folder.save(submissions, part)
        began = time.monotonic()
        grade_all(folder, submissions, left, options, graders)
        write_tables(folder, submissions, options)
        if left:
            minutes = (time.monotonic() - began) / 60
            print(f"{len(left)} graded in {minutes:.1f} minutes, {jobs} at once")


def prepare(options):
    """Make sure that the folder for what is written is new, or that of this class."""
    out = options.out
    if options.submissions.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"--out {out} lies among the submissions. Name a folder elsewhere.")
    if not options.solution.is_dir():
        raise InputError(f"--solution {options.solution} is no folder. Name the package's folder.")
    folder = ClassFolder(out, identity(options))
    if folder.is_used and not options.resume and options.regrade is None:
        raise InputError(f"{out} is not empty. Pass --resume to go on, or name another folder.")
    folder.changed()
    part = "{}/{}".format(*options.part)
    if (other := folder.before.get("part", part)) != part:
        raise InputError(f"{out} is of part {other}, not {part}. Name another folder.")
    return folder


def identity(options):
    """Tell what run this is: of which submissions, against which solution, by which grader."""
    solution, source = options.solution, GRADER.parent
    beside = solution.parent.glob("sample_vectors*.json")
    code = [GRADER, source / "graderUtil.py", *source.glob("grading/*.py")]
    return {
        "submissions": str(options.submissions.resolve()),
        "the solution": hash_of([*solution.rglob("*.py"), *solution.rglob("*.json"), *beside]),
        "points": hash_of([source / "points.json"]),
        "the grader": hash_of([*code, *source.glob("sandbox/*.py"), *source.glob("utils/*.py")]),
        "--unconfined": options.unconfined,
    }


def hash_of(files):
    """Tell files from others by what is in them."""
    hasher = hashlib.sha256()
    for path in sorted(files):
        try:
            hasher.update(path.name.encode() + b"\0" + path.read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return hasher.hexdigest()


def what_is_left(folder, submissions, options):
    """List what is to be graded, and say why if it was graded before."""
    changed = ", ".join(folder.changed())
    if options.regrade is None:
        if changed:
            print(f"Changed since: {changed}. All are graded again.")
        return [each for each in submissions if folder.is_left(each)]
    chosen = [one_of(submissions, name) for name in options.regrade] or submissions
    for each in chosen:
        folder.mark(each, options.tests or [])
    left = [each for each in submissions if folder.is_left(each, also_of_another_run=False)]
    others = [each for each in submissions if folder.is_left(each) and each not in left]
    if others:
        print(f"{len(others)} more were graded before the last change: --resume grades them again.")
    return left


def grade_all(folder, submissions, left, options, graders):
    """Grade those left, some at once, and then who was not graded to the end by itself."""
    free = queue.SimpleQueue()
    for grader in graders:
        free.put(grader)

    def work(each):
        grader = free.get()
        try:
            grade(folder, each, options, grader)
        finally:
            free.put(grader)

    pool = ThreadPoolExecutor(len(graders))
    try:
        futures = [pool.submit(work, each) for each in left]
        done = len(submissions) - len(left)
        bar = tqdm(total=len(submissions), initial=done, disable=None, unit="submission")
        with bar:
            for future in as_completed(futures):
                future.result()
                bar.update()
    finally:
        pool.shutdown(cancel_futures=True)
    for each in submissions:
        if read_outcome(folder.of(each)).again:
            work(each)


def grade(folder, submission, options, grader):
    """Grade one submission; its folder appears when all in it is whole."""
    tests, before = folder.due(submission), folder.of(submission) / RESULTS
    with folder.new(submission) as (partial, ended):
        ended |= {"problem": NOTHING, "processor_seconds": 0.0}
        if not (submission.files or os.path.lexists(submission.path)):
            return
        path = gather(submission, partial / HANDED_IN)
        code, seconds = run_grader(grader, path, partial, options, tests)
        if submission.files:  # name the place where they lie afterwards
            for name, quoted in ((REPORT, str), (RESULTS, lambda text: json.dumps(text)[1:-1])):
                file, place = partial / name, quoted(f"{EACH}/{submission.name}")
                if file.exists():
                    text = file.read_text(encoding="utf-8").replace(partial.name, place)
                    file.write_text(text, encoding="utf-8", newline="\n")
        report = (partial / REPORT).read_text(encoding="utf-8", errors="replace")
        graded = code in (0, 1) and (partial / RESULTS).exists()  # Python, too, can fail with 1
        problem = last_line(report) if code == 2 else "" if graded else UNFINISHED
        ended |= {"problem": problem, "processor_seconds": round(seconds, 2)}
        if tests and graded:
            dump(joined(load(before), load(partial / RESULTS)), partial / RESULTS)
            earlier = (folder.of(submission) / REPORT).read_text(encoding="utf-8")
            (partial / REPORT).write_text(f"{earlier}\n{report}", encoding="utf-8", newline="\n")


def joined(before, results):
    """Put the results of some tests among those of all tests."""
    again = {test["number"]: test for test in results["tests"]}
    starved = before.get("extra_data", {}).get("starved", [])
    starved = [test for test in starved if test not in again]
    extra = results.get("extra_data", {})
    starved += extra.get("starved", [])
    tests = [again.pop(test["number"], test) for test in before["tests"]] + [*again.values()]
    return results | {
        "tests": tests,
        "extra_data": extra | ({"starved": starved} if starved else {}),
    }


def run_grader(grader, path, folder, options, tests=()):
    """Have one grading done into a folder; give its exit code, or None, and the seconds used."""
    (folder / REPORT).touch()
    arguments = [*tests, "--submission", path.absolute(), "--solution", options.solution.absolute()]
    arguments += ["--gradescope", folder / RESULTS] + ["--unconfined"] * options.unconfined
    code, seconds = grader.grade(arguments, folder / REPORT)
    if code == STOPPED:
        raise KeyboardInterrupt
    return code, seconds


def check_solution(options, grader):
    """Make sure that the solution gets full marks against itself, and can be kept from others."""
    with tempfile.TemporaryDirectory() as name:
        folder, tests = Path(name), getattr(options, "tests", None) or ()
        code, _ = run_grader(grader, options.solution, folder, options, tests)
        report = (folder / REPORT).read_text(encoding="utf-8")
        results = folder / RESULTS
        tests = load(results)["tests"] if code == 1 and results.exists() else []
    failed = [test for test in tests if test["score"] < test["max_score"]]
    if code != 0 and not failed:
        raise InputError(last_line(report))
    if failed:
        why = "; ".join(f"{test['number']}: {first_error(test['output'])}" for test in failed)
        raise InputError(f"the solution fails against itself: {why:.1000}")


def first_error(output):
    """Give the first line of a test's error, without what the submission printed."""
    return (output.partition("caused the test to fail.\n")[2] or output).strip().partition("\n")[0]


def last_line(report):
    """Give the line in which the grader says why it does not grade."""
    return report.strip().split("\n")[-1].removeprefix("grader.py: ") or UNFINISHED


def check_closed(submissions, options):
    """Make sure that no submission can read another one."""
    if options.unconfined:
        return
    paths = [path for each in submissions for path in (each.files.values() or [each.path])]
    with contextlib.closing(open_sandbox({}, WORKERS())) as sandbox:
        if found := reachable(sandbox, paths):
            raise InputError(
                f"submissions could read {found[0]}, as they run under the confinement "
                f"{sandbox.confinement}. Close it to others: chmod -R go-rwx {options.submissions}"
            )


def carried():
    """Tell how many gradings at once this machine carries: its processors, its memory."""
    here = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if here else os.cpu_count() or 1
    return max(1, min(processors, memory_here() // A_GRADING, MOST_JOBS))


def write_tables(folder, submissions, options):
    """Write the tables and the picture, what changed since the last run, and say so."""
    rows = [(each, read_outcome(folder.of(each))) for each in submissions]
    out, before = folder.path, folder.before["finished"]
    files = {
        out / "grades.csv": to_csv(rows),
        out / "mistakes.csv": mistakes_csv(rows),
        out / "summary.png": to_png(plot_summary(rows)),
    }
    if before:
        changed = changes(before, rows)
        files[out / "changes.csv"] = changes_csv(changed)
    if options.format:
        files[out / f"{options.format}.csv"] = fill(options.roster, rows, options.format)
    write_files(files)
    print(status_line(rows))
    if before:
        print(changes_line(changed, rows))
    print(f"Wrote {', '.join(map(str, files))}, and a folder for each in {out / EACH}")
    folder.save(submissions, folder.before["part"], remember(rows))


def merge(options):
    """Make one class of the folders that its parts were graded into."""
    parts = parts_of(options.merge)
    if options.format:
        fill(options.roster, [], options.format)
    whole = ClassFolder(options.out, parts[0].before["run"])
    whole.changed()
    found = sorted(
        ((each.name, each, part) for part in parts for each in part.submissions()),
        key=itemgetter(0),
    )
    submissions = [each for _, each, _ in found]
    with whole.kept():
        for _, each, part in found:
            whole.take(each, part)
        whole.save(submissions, "1/1")
        write_tables(whole, submissions, options)


def main(arguments=None):
    """Run the program; return 0, 2 for a wrong input, 130 if it was stopped."""
    options = parse(arguments)
    stopped = "Stopped. To go on, pass --resume."
    return program.run("grade_class.py", lambda: run(options), lambda: stopped)


if __name__ == "__main__":
    program.launch(main)
