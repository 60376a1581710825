"""Grade a folder of submissions: a report for each, a table and a picture for all."""

import hashlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
from gradebook import Graded, plot_summary, read_results, to_csv
from roster import read_roster
from utils.plotting import to_png
from utils.program import OneLineParser, number, run_program
from utils.utils import InputError, dump, load, write_files
from zips import ROOT

GRADER = ROOT / "src" / "grader.py"
RESULTS, REPORT, ENDED, CLASS = "results.json", "report.txt", "ended.json", "class.json"
PARTIAL = ".partial-"  # a folder's name begins so until grading has ended
MOST_SECONDS = 1200  # for one submission; the grader's own limits end far below


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = OneLineParser(prog="grade_class.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="a folder with a folder or zip for each student, or the export of Gradescope",
    )
    add(
        "--solution",
        type=Path,
        required=True,
        metavar="DIR",
        help="the solution, a package folder with sample_vectors_(soln).json in or beside it",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="folder for what is written")
    add(
        "--jobs",
        type=number(int, 1, 64),
        default=1,
        metavar="N",
        help="gradings at once (default: 1)",
    )
    add("--resume", action="store_true", help="go on with a run that was stopped")
    unsafe = "grade although nothing keeps a submission from reading the solution"
    add("--unconfined", action="store_true", help=unsafe)
    return parser.parse_args(arguments)


def run(options):
    """Grade all that is not graded yet; write the table and the picture."""
    submissions = read_roster(options.submissions)
    prepare(options)
    check_solution(options)
    left = [each for each in submissions if not (options.out / each.name).exists()]
    done = len(submissions) - len(left)
    pool = ThreadPoolExecutor(options.jobs)
    try:
        futures = [pool.submit(grade, each, options) for each in left]
        bar = tqdm(total=len(submissions), initial=done, disable=None, unit="submission")
        with bar:
            for future in as_completed(futures):
                future.result()
                bar.update()
    finally:
        pool.shutdown(cancel_futures=True)

    rows = [(each, outcome(options.out / each.name)) for each in submissions]
    table, picture = options.out / "grades.csv", options.out / "summary.png"
    write_files({table: to_csv(rows), picture: to_png(plot_summary(rows))})
    graded = sum(result.status == "graded" for _, result in rows)
    median = statistics.median(result.total for _, result in rows)
    print(f"{len(rows)} submissions, {graded} graded, median {median:g} points")
    print(f"Wrote {table}, {picture}, and a folder for each submission")


def prepare(options):
    """Make the folder for what is written; if it is in use, it must be this run's."""
    out, identity = options.out, {"solution": digest(options.solution)}
    if options.submissions.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"--out {out} lies among the submissions. Name a folder elsewhere.")
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        used = any(out.iterdir())
        if used and not options.resume:
            raise InputError(f"{out} is not empty. Pass --resume to go on, or name another folder.")
        if used and (not (out / CLASS).exists() or load(out / CLASS) != identity):
            raise InputError(f"{out} is of another solution, or of no class. Name another folder.")
        for path in out.glob(f"{PARTIAL}*"):
            shutil.rmtree(path)
    except OSError as error:
        raise InputError(f"{out} cannot be used: {error.strerror}. Name another --out.") from error
    dump(identity, out / CLASS)


def digest(solution):
    """Tell what a solution is by its files."""
    hasher = hashlib.sha256()
    beside = solution.parent.glob("sample_vectors*.json")
    for path in sorted([*solution.rglob("*.py"), *solution.rglob("*.json"), *beside]):
        hasher.update(path.name.encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()


def check_solution(options):
    """Make sure that the solution gets full marks against itself, and can be kept from others."""
    with tempfile.TemporaryDirectory(dir=options.out, prefix=PARTIAL) as folder:
        code = run_grader(options.solution, Path(folder), options)
        report = (Path(folder) / REPORT).read_text(encoding="utf-8")
    if code == 2:
        raise InputError(report.strip().split("\n")[-1].removeprefix("grader.py: "))
    if code:
        raise InputError(
            f"the solution {options.solution} fails against itself. See what python src/grader.py "
            "says with it as --submission and as --solution."
        )


def grade(submission, options):
    """Grade one submission; its folder appears when all in it is whole."""
    partial = Path(tempfile.mkdtemp(dir=options.out, prefix=PARTIAL))
    began = time.monotonic()
    code = run_grader(submission.path, partial, options)
    if code == 130:
        raise KeyboardInterrupt
    dump({"code": code, "seconds": round(time.monotonic() - began, 2)}, partial / ENDED)
    partial.rename(options.out / submission.name)


def run_grader(path, folder, options):
    """Run the grader; its results and its report go into a folder. Give its exit code, or None."""
    command = [sys.executable, GRADER, "--submission", path, "--solution", options.solution]
    command += ["--gradescope", folder / RESULTS] + ["--unconfined"] * options.unconfined
    with open(folder / REPORT, "w", encoding="utf-8") as report:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=subprocess.STDOUT,
                timeout=MOST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None
    return done.returncode


def outcome(folder):
    """Read what came of a submission."""
    code = load(folder / ENDED)["code"]
    if code in (0, 1):
        return read_results(folder / RESULTS)
    lines = (folder / REPORT).read_text(encoding="utf-8").strip().split("\n")
    reason = lines[-1].removeprefix("grader.py: ") if code == 2 else "the grader did not finish"
    return Graded(reason, {}, {})


def main(arguments=None):
    """Run the program; return 0, 2 for a wrong input, 130 if it was stopped."""
    options = parse(arguments)
    return run_program(
        "grade_class.py", lambda: run(options), lambda: "Stopped. To go on, pass --resume."
    )


if __name__ == "__main__":
    sys.exit(main())
