"""Grade a folder of submissions: a report for each, tables and a picture for all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import argparse
import contextlib
import hashlib
import os
import queue
import re
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from tqdm import tqdm

from changes import changes, changes_csv, changes_line, remember
from class_folder import EACH, ClassFolder, parts_of
from gradebook import (
    NOTHING,
    grades_csv,
    mistakes_csv,
    plot_summary,
    read_graded,
    status_line,
)
from graders import REPORT, RESULTS, Grader
from grading.course import WORKERS, open_sandbox, reachable
from handed_in import read_class
from roster import fill
from sandbox.watch import memory_here
from student_view import describe, one_of
from utils.plotting import to_png
from utils.utils import InputError, dump, load, write_files

A_GRADING = 2**30  # bytes of memory that one may take at worst
MOST_JOBS = 64
GATHERED = "gathered"  # folder for hand-ins that are gathered from single files


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="grade_class.py", description=__doc__, allow_abbrev=False)

    def add(name, about, **how):
        parser.add_argument(name, help=about, **how)

    def part(text):
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise argparse.ArgumentTypeError(f"expected a part such as 3/20, not {text!r}")
        return int(found[1]), int(found[2])

    of_folder = {"type": Path, "metavar": "DIR"}
    handed_in = "a folder with a folder or zip for each student, or an export of a learning system"
    add("submissions", handed_in, type=Path, nargs="?", metavar="SUBMISSIONS")
    vectors = "sample_vectors_(soln).json in or beside it"
    add("--solution", f"the solution, a package folder with {vectors}", **of_folder)
    add("--out", "folder for what is written", required=True, **of_folder)
    most = "gradings at once (default: as many as this machine carries)"
    add("--jobs", most, type=program.number(int, 1, MOST_JOBS), metavar="N")
    resume = "continue a run that was stopped; also grade resubmissions"
    add("--resume", resume, action="store_true")
    again = "grade these again, by name, id or e-mail; all if none is named"
    add("--regrade", again, nargs="*", metavar="STUDENT")
    only = "with --regrade: only these, by ids or their beginnings"
    add("--tests", only, nargs="+", metavar="ID", default=[])
    roster = "the class list, as CSV: students who handed in nothing get a row, too"
    add("--roster", roster, type=Path, metavar="FILE")
    filled = "with --roster: fill the grades into it, ready to import"
    add("--format", filled, choices=["canvas", "moodle"])
    one = "grade one of N parts of a class, into a folder of its own"
    add("--part", one, type=part, default=(1, 1), metavar="K/N")
    merge = "combine the folders that the parts were graded into"
    add("--merge", merge, type=Path, nargs="+", metavar="DIR")
    add("--show", "show one student, from what was graded into --out", metavar="STUDENT")
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


def run(options):
    """Do what is asked."""
    if options.show:
        print(describe(options.out, options.show))
        return
    if options.format:
        fill(options.roster, [], options.format)  # it says what is wrong with it before all else
    if options.merge:
        merge(options)
    else:
        grade_class(options)


def grade_class(options):
    """Grade all that is not graded yet; write the tables and the picture."""
    (k, count), everybody = options.part, read_class(options.submissions, options.roster)
    hand_ins, part = everybody[k - 1 :: count], f"{k}/{count}"
    folder = prepare(options, part)
    if not hand_ins:
        with folder.locked():
            folder.save([], part, {})
        print(f"Part {part} is empty: the class has {len(everybody)}.")
        return
    carried = most_jobs()
    jobs = options.jobs or carried
    if jobs > carried:
        print(f"This machine carries {carried} at once: {jobs} will take longer.")
    with contextlib.ExitStack() as stack:
        graders = [Grader(options.solution, options.unconfined) for _ in range(jobs)]
        for grader in graders:
            stack.callback(grader.close)
        graders[0].check_solution(options.tests)
        if not options.unconfined:
            check_closed(hand_ins, options.submissions)
        stack.enter_context(folder.locked())
        left = what_is_left(folder, hand_ins, options)
        folder.save(hand_ins, part)
        began = time.monotonic()
        grade_all(folder, hand_ins, left, graders)
        write_tables(folder, hand_ins, options)
        if left:
            minutes = (time.monotonic() - began) / 60
            print(f"{len(left)} graded in {minutes:.1f} minutes, {jobs} at once")


def prepare(options, part):
    """Make sure that the folder for what is written is new, or that of this class."""
    out, solution, source = options.out, options.solution, Grader.source
    if options.submissions.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"--out {out} lies among the submissions. Name a folder elsewhere.")
    if not solution.is_dir():
        raise InputError(f"--solution {solution} is not a folder. Name the package's folder.")
    vectors = solution.parent.glob("sample_vectors*.json")
    code = [
        path for name in ("grading", "sandbox", "utils") for path in source.glob(f"{name}/*.py")
    ]
    folder = ClassFolder(
        out,
        {
            "submissions": str(options.submissions.resolve()),
            "the solution": hash_of([*solution.rglob("*.py"), *solution.rglob("*.json"), *vectors]),
            "points": hash_of([source / "points.json"]),
            "the grader": hash_of([*source.glob("grader*.py"), *code]),
            "--unconfined": options.unconfined,
        },
    )
    if folder.is_used and not options.resume and options.regrade is None:
        raise InputError(f"{out} is not empty. Pass --resume to go on, or name another folder.")
    folder.changed()
    if (other := folder.before.get("part", part)) != part:
        raise InputError(f"{out} holds part {other}, not {part}. Name another folder.")
    return folder


def hash_of(files):
    """Tell files from others by what is in them."""
    hasher = hashlib.sha256()
    for path in sorted(files):
        try:
            hasher.update(path.name.encode() + b"\0" + path.read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return hasher.hexdigest()


def what_is_left(folder, hand_ins, options):
    """List what is to be graded, and say why if it was graded before."""
    changed = ", ".join(folder.changed())
    if options.regrade is None:
        if changed:
            print(f"Changed since: {changed}. All are graded again.")
        return [each for each in hand_ins if folder.is_left(each)]
    for each in [one_of(hand_ins, name) for name in options.regrade] or hand_ins:
        folder.mark(each, options.tests)
    left = [each for each in hand_ins if folder.is_left(each, also_of_another_run=False)]
    others = sum(map(folder.is_left, hand_ins)) - len(left)
    if others:
        print(f"Graded before the last change: {others} more. --resume grades them again.")
    return left


def grade_all(folder, hand_ins, left, graders):
    """Grade those left, some at once, and then again who did not get a fair grading."""
    free = queue.SimpleQueue()
    for grader in graders:
        free.put(grader)

    def work(each):
        grader = free.get()
        try:
            grade(folder, each, grader)
        finally:
            free.put(grader)

    pool = ThreadPoolExecutor(len(graders))
    try:
        futures = [pool.submit(work, each) for each in left]
        done = len(hand_ins) - len(left)
        with tqdm(total=len(hand_ins), initial=done, disable=None, unit="submission") as bar:
            for future in as_completed(futures):
                future.result()
                bar.update()
    finally:
        pool.shutdown(cancel_futures=True)
    for each in hand_ins:
        if read_graded(folder.of(each)).again:
            work(each)


def grade(folder, hand_in, grader):
    """Grade one hand-in; its folder appears when all in it is whole."""
    tests, before = folder.due(hand_in), folder.of(hand_in)
    with folder.new(hand_in) as (partial, ended):
        ended |= {"problem": NOTHING, "processor_seconds": 0.0}
        if not (hand_in.files or os.path.lexists(hand_in.path)):
            return
        path = hand_in.gather(folder.path / GATHERED / hand_in.name)
        problem, seconds = grader.grade(path, partial, tests)
        ended |= {"problem": problem, "processor_seconds": round(seconds, 2)}
        if tests and not problem:
            dump(joined(load(before / RESULTS), load(partial / RESULTS)), partial / RESULTS)
            texts = [(path / REPORT).read_text(encoding="utf-8") for path in (before, partial)]
            (partial / REPORT).write_text("\n".join(texts), encoding="utf-8", newline="\n")


def joined(before, results):
    """Put the results of some tests among those of all tests."""
    tests, again = ({test["number"]: test for test in each["tests"]} for each in (before, results))
    extra = results.get("extra_data", {})
    starved = [
        test for test in before.get("extra_data", {}).get("starved", ()) if test not in again
    ]
    extra |= {"starved": [*starved, *extra.get("starved", ())]}
    return results | {"tests": [*(tests | again).values()], "extra_data": extra}


def check_closed(hand_ins, folder):
    """Make sure that no submission can read another one."""
    paths = [path for each in hand_ins for path in (each.files.values() or [each.path])]
    with contextlib.closing(open_sandbox({}, WORKERS())) as sandbox:
        if found := reachable(sandbox, paths):
            raise InputError(
                f"submissions could read {found[0]}, as they run under the confinement "
                f"{sandbox.confinement}. Close the folder to others: chmod -R go-rwx {folder}"
            )


def most_jobs():
    """Tell how many gradings at once this machine carries: its processors, its memory."""
    here = hasattr(os, "sched_getaffinity")
    processors = len(os.sched_getaffinity(0)) if here else os.cpu_count() or 1
    return max(1, min(processors, memory_here() // A_GRADING, MOST_JOBS))


def write_tables(folder, hand_ins, options):
    """Write the tables and the picture, what changed since the last run, and say so."""
    rows = [(each, read_graded(folder.of(each))) for each in hand_ins]
    out, before = folder.path, folder.before["finished"]
    files = {
        out / "grades.csv": grades_csv(rows),
        out / "mistakes.csv": mistakes_csv(rows),
        out / "summary.png": to_png(plot_summary(rows)),
    }
    told = [status_line(rows)]
    if before:
        changed = changes(before, rows)
        files[out / "changes.csv"] = changes_csv(changed)
        told.append(changes_line(changed, rows))
    if options.format:
        files[out / f"{options.format}.csv"] = fill(options.roster, rows, options.format)
    write_files(files)
    print(*told, sep="\n")
    print(f"Wrote {', '.join(map(str, files))}, and a folder for each in {out / EACH}")
    folder.save(hand_ins, folder.before["part"], remember(rows))


def merge(options):
    """Make one class of the folders that its parts were graded into."""
    parts = parts_of(options.merge)
    whole = ClassFolder(options.out, parts[0].before["run"])
    whole.changed()
    found = [(each, part) for part in parts for each in part.hand_ins()]
    with whole.locked():
        for each, part in found:
            whole.take(each, part)
        hand_ins = sorted((each for each, _ in found), key=lambda each: each.name)
        whole.save(hand_ins, "1/1")
        write_tables(whole, hand_ins, options)


def main(arguments=None):
    """Run the program; return 0, 2 for a wrong input, 130 if it was stopped."""
    options = parse(arguments)
    stopped = "Stopped. To go on, pass --resume."
    return program.run("grade_class.py", lambda: run(options), lambda: stopped)


if __name__ == "__main__":
    program.launch(main)
