"""Grade a folder of submissions: a report for each, a table and a picture for all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import contextlib
import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from tqdm import tqdm

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None

from gradebook import Graded, plot_summary, read_results, to_csv
from grading.course import WORKERS, open_sandbox, reachable
from roster import read_roster
from utils.plotting import to_png
from utils.utils import InputError, dump, load, write_files
from zips import ROOT

GRADER = ROOT / "src" / "grader.py"
RESULTS, REPORT, ENDED, CLASS = "results.json", "report.txt", "ended.json", "class.json"
STOPPED = 130, -signal.SIGINT, -signal.SIGTERM  # how a grader ends that somebody stops
UNFINISHED = "the grader did not finish: grade it again with --resume"
MOST_FILES = 5_000  # of a submission that are looked at, to see if it is another one
EACH = "submissions"  # folder for the folders of all submissions
PARTIAL = ".partial-"  # a folder's name begins so until grading has ended
MOST_SECONDS = 1200  # for one submission; the grader's own limits end far below
THREADS = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"  # more cost time


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="grade_class.py", description=__doc__, allow_abbrev=False)
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
        type=program.number(int, 1, 64),
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
    options.about = prepare(options)
    check_solution(options)
    check_closed(submissions, options)
    with own_folder(options.out, options.about):
        grade_all(submissions, options)
        write_grades(submissions, options)


def grade_all(submissions, options):
    """Grade those left, some at once, and then who was not graded to the end by itself."""
    left = [each for each in submissions if not is_graded(each, options)]
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
    for each in submissions:
        if outcome(folder_of(each, options)).again:
            grade(each, options)


def write_grades(submissions, options):
    """Write the table and the picture, and say so."""
    rows = [(each, outcome(folder_of(each, options))) for each in submissions]
    table, picture = options.out / "grades.csv", options.out / "summary.png"
    write_files({table: to_csv(rows), picture: to_png(plot_summary(rows))})
    graded = sum(result.status == "graded" for _, result in rows)
    median = statistics.median(result.total for _, result in rows)
    print(f"{len(rows)} submissions, {graded} graded, median {median:g} points")
    print(f"Wrote {table}, {picture}, and a folder for each in {options.out / EACH}")


def prepare(options):
    """Make sure that the folder for what is written is new, or this run's; give what run it is."""
    out = options.out
    if options.submissions.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"--out {out} lies among the submissions. Name a folder elsewhere.")
    if not options.solution.is_dir():
        raise InputError(f"--solution {options.solution} is no folder. Name the package's folder.")
    try:
        about = identity(options)
        used = out.exists() and any(out.iterdir())
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error
    if used and not options.resume:
        raise InputError(f"{out} is not empty. Pass --resume to go on, or name another folder.")
    if used and not (out / CLASS).exists():
        raise InputError(f"{out} holds no class to go on with. Name another folder.")
    before = load(out / CLASS) if used else about
    if before.get("submissions") != about["submissions"]:
        others = f"other submissions, those in {before.get('submissions')}"
        raise InputError(f"{out} is of {others}. Name another folder.")
    changed = [name for name, value in about.items() if before.get(name) != value]
    if changed:
        print(f"Changed since: {', '.join(changed)}. All are graded again.")
    return about


@contextlib.contextmanager
def own_folder(out, about):
    """Make the folder for what is written, and keep other runs out of it until this one ends."""
    lock = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        out.chmod(0o700)
        if fcntl:
            lock = os.open(out, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        dump(about, out / CLASS)
        (out / EACH).mkdir(exist_ok=True)
    except BlockingIOError as error:
        os.close(lock)
        raise InputError(f"another run grades into {out}. Wait until it ends.") from error
    except OSError as error:
        raise InputError(f"{out} cannot be made: {error.strerror}. Name another --out.") from error
    remove_partial(out)
    try:
        yield
    finally:
        remove_partial(out)
        if fcntl:
            os.close(lock)


def remove_partial(out):
    """Remove what stopped gradings left."""
    for path in out.glob(f"{PARTIAL}*"):
        shutil.rmtree(path, ignore_errors=True)


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
        hasher.update(path.name.encode() + b"\0" + path.read_bytes())
    return hasher.hexdigest()


def check_solution(options):
    """Make sure that the solution gets full marks against itself, and can be kept from others."""
    with tempfile.TemporaryDirectory() as folder:
        code = run_grader(options.solution, Path(folder), options)
        report = (Path(folder) / REPORT).read_text(encoding="utf-8")
        results = Path(folder) / RESULTS
        tests = load(results)["tests"] if code == 1 and results.exists() else []
    if code in STOPPED:
        raise KeyboardInterrupt
    failed = [test for test in tests if test["score"] < test["max_score"]]
    if code == 2 or (code and not failed):
        raise InputError(last_line(report))
    if failed:
        why = "; ".join(f"{test['number']}: {first_error(test['output'])}" for test in failed)
        raise InputError(f"the solution fails against itself: {why:.1000}")


def check_closed(submissions, options):
    """Make sure that no submission can read another one."""
    if options.unconfined:
        return
    with contextlib.closing(open_sandbox({}, WORKERS())) as sandbox:
        if found := reachable(sandbox, [each.path for each in submissions]):
            raise InputError(
                f"submissions could read {found[0]}, as they run under the confinement "
                f"{sandbox.confinement}. Close it to others: chmod -R go-rwx {options.submissions}"
            )


def folder_of(submission, options):
    """Name the folder for what came of a submission."""
    return options.out / EACH / submission.name


def is_graded(submission, options):
    """Tell whether a submission was graded to the end, and is the same now."""
    folder = folder_of(submission, options)
    if not (folder / ENDED).exists() or outcome(folder).again:
        return False
    return load(folder / ENDED).get("stamp") == stamp(submission.path, options.about)


def stamp(path, about):
    """Tell a submission from one that came later, by the times of its files, or by another run."""
    hasher = hashlib.sha256(repr(about).encode(errors="replace"))
    paths = [str(path)]
    for folder, _, names in os.walk(path):
        paths += [os.path.join(folder, name) for name in names]
        if len(paths) > MOST_FILES:
            break
    for name in sorted(paths):
        if os.path.lexists(name):
            about = os.lstat(name)
            hasher.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode(errors="replace"))
    return hasher.hexdigest()


def grade(submission, options):
    """Grade one submission; its folder appears when all in it is whole."""
    before, began = stamp(submission.path, options.about), time.monotonic()
    partial = Path(tempfile.mkdtemp(dir=options.out, prefix=PARTIAL))
    problem = "nothing was handed in"
    if os.path.lexists(submission.path):
        code = run_grader(submission.path, partial, options)
        if code in STOPPED:
            raise KeyboardInterrupt
        report = (partial / REPORT).read_text(encoding="utf-8", errors="replace")
        graded = code in (0, 1) and (partial / RESULTS).exists()  # Python, too, can fail with 1
        problem = last_line(report) if code == 2 else "" if graded else UNFINISHED
    seconds = round(time.monotonic() - began, 2)
    dump({"problem": problem, "seconds": seconds, "stamp": before}, partial / ENDED)
    shutil.rmtree(folder_of(submission, options), ignore_errors=True)  # of an earlier one
    partial.rename(folder_of(submission, options))


def first_error(output):
    """Give the first line of a test's error, without what the submission printed."""
    return (output.partition("caused the test to fail.\n")[2] or output).strip().partition("\n")[0]


def last_line(report):
    """Give the line in which the grader says why it does not grade."""
    return report.strip().split("\n")[-1].removeprefix("grader.py: ")


def run_grader(path, folder, options):
    """Run the grader; its results and its report go into a folder. Give its exit code, or None."""
    command = [sys.executable, GRADER, "--submission", path.absolute()]
    command += ["--solution", options.solution.absolute(), "--gradescope", folder / RESULTS]
    command += ["--unconfined"] * options.unconfined
    environment = dict.fromkeys(THREADS, "1") | {"PYTHONIOENCODING": "utf-8"}
    with open(folder / REPORT, "wb") as report:
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=subprocess.STDOUT,
                timeout=MOST_SECONDS,
                env=os.environ | environment,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
    written = (folder / REPORT).read_bytes()
    (folder / REPORT).write_bytes(written.replace(os.linesep.encode(), b"\n"))
    return code


def outcome(folder):
    """Read what came of a submission."""
    problem = load(folder / ENDED)["problem"]
    if problem:
        return Graded(problem, {}, {}, again=problem == UNFINISHED)
    return read_results(folder / RESULTS)


def main(arguments=None):
    """Run the program; return 0, 2 for a wrong input, 130 if it was stopped."""
    options = parse(arguments)
    return program.run(
        "grade_class.py", lambda: run(options), lambda: "Stopped. To go on, pass --resume."
    )


if __name__ == "__main__":
    program.launch(main)
