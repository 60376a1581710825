"""The grader's defences: what removes each of them, and the hostile row that must notice.

Not here, as something else holds where they are broken, so that no grading is another:

- in the wire, the finiteness and size of numbers, the depth of lists, the shapes of arrays: JSON,
  NumPy and the comparison refuse the same;
- `killpg` of the worker's group: the sweep kills those, too;
- that the nursery may not be looked into, and seccomp's ban of ptrace: Landlock denies both;
- the mark before a line of an error that begins as the grader's: it is indented, too;
- the limit of the calls of a test's functions: its time is over before;
- in an archive's files, the limit of what is unpacked: what the archive tells of them comes first;
- compiled files: sources are compiled from memory, where no cache could be;
- the other user's umask, capabilities and empty input: what `setresuid` and the nursery do is enough;
- tolerance and postprocessing: they are broken in `mistakes.py`, by students;
- the set of tests and the clamp of scores: nothing that a submission does comes near them.
"""

from dataclasses import dataclass

from . import ROWS

PROBE = (
    "grader.py",
    "if found := exposed(course, options.solution, options.gradescope):",
    "if found := []:",
)
REGAIN = (
    "sandbox/other_user.py",
    '            raise OSError(f"user {uid} could become root again")',
    "            pass",
)
SCOPE = (
    "sandbox/landlock.py",
    "SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL\n",
    "SCOPE_ABSTRACT_UNIX_SOCKET\n",
)
CHMOD = ("sandbox/seccomp.py", "chmod 90 -1  fchmod 91 52  fchmodat 268 53  fchmodat2 452 452", "")
SOCKETS = ("sandbox/seccomp.py", "socket 41 198  connect 42 203  bind 49 200", "")
ALLOWED = ("sandbox/nursery.py", "restrict(landlock.what_python_needs(), [folder, os.devnull])")
ESCAPE = (
    "sandbox/output.py",
    'c if c.isprintable() or c in "\\n\\t" else c.encode("unicode_escape").decode() for c in text',
    "c for c in text",
)
RIGHT = "right = error <= atol + rtol * np.abs(expected)"


@dataclass(frozen=True)
class Defence:
    """A defence, and how to break it.

    Attributes
    ----------
    rule : str
        Key of `fixture.RULES`.
    name : str
        What is defended, by what.
    row : str
        The hostile row that must draw a complaint, or a part of it: see `fixture.in_threes`.
    level : str
        Confinement under which it is graded.
    words : str
        What a complaint must hold.
    edits : tuple of (str, str, str)
        File in ``src``, text that stands there once, and what replaces it. Several where one
        defence stands behind another.
    as_root : bool
        As of `grading.Gradings.grade`.
    """

    rule: str
    name: str
    row: str
    level: str
    words: str
    edits: tuple
    as_root: bool = False


def defence(rule, name, row, level, words, *edits, **options):
    """Make a row of the table."""
    return Defence(rule, name, row, level, words, edits, **options)


def row_of(defence):
    """Find the hostile row of a defence: the only one that has it."""
    (found,) = (row for row in ROWS if defence.row in (row.name, *row.name.split("; ")))
    return found


def mutated(defence, sources):
    """Break a defence.

    Parameters
    ----------
    defence : Defence
        Which.
    sources : Path
        The folder ``src``; nothing in it is changed.

    Returns
    -------
    dict of str to str
        New text of each file.

    Raises
    ------
    ValueError
        If an old text does not stand in its file exactly once: the table has to follow the code.
    """
    texts = {}
    for file, old, new in defence.edits:
        text = texts.get(file) or (sources / file).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{defence.name}: {file} holds {text.count(old)} times {old!r}")
        texts[file] = text.replace(old, new)
    return texts


CONFINED = [
    defence("confinement", "another user: its number", "becomes root again", "another user", "'ROOT' is shown", ("sandbox/other_user.py", "    os.setresuid(uid, uid, uid)\n", ""), REGAIN, PROBE),
    defence("confinement", "another user: its group", "becomes root again", "another user", "'ROOT' is shown", ("sandbox/other_user.py", "    os.setresgid(gid, gid, gid)\n", ""), REGAIN),
    defence("confinement", "another user: its other groups", "becomes root again", "another user", "'ROOT' is shown", ("sandbox/other_user.py", "    os.setgroups([])\n", "")),
    defence("confinement", "another user is taken on at all, and a probe", "writes into the grader, the solution and the upload", "another user", "changed: ['grader/", ("sandbox/nursery.py", 'if order["user"]:', "if False:"), PROBE),
    defence("confinement", "no program gets more rights than its parent", "has capabilities", "none", "NEW 1' is not shown", ("sandbox/nursery.py", "        limits.forbid_new_privileges()", "        pass")),
    defence("confinement", "Landlock takes root's capabilities", "has capabilities", "Landlock", "NEW 1' is not shown", ("sandbox/landlock.py", "        drop_capabilities()", "        pass"), as_root=True),
    defence("secrets", "Landlock: reading, and a probe", "reads files whose paths it knows", "Landlock", "a secret is in the report", (*ALLOWED, 'restrict(["/"], [folder, os.devnull])'), PROBE),
    defence("confinement", "Landlock: writing, and a probe", "writes into the grader, the solution and the upload", "Landlock", "changed: ['grader/", (*ALLOWED, 'restrict(landlock.what_python_needs(), ["/"])'), PROBE),
    defence("confinement", "Landlock: truncating", "writes into the grader, the solution and the upload", "Landlock", "changed: ['grader/", ("sandbox/landlock.py", "if version >= 3:", "if version >= 99:")),
    defence("confinement", "Landlock: signals", "kills all that it may", "Landlock", "2a-1-basic was not graded", SCOPE),
    defence("tcp", "Landlock: TCP, and seccomp: sockets", "sends its inputs to a port", "Landlock", "got through", ("sandbox/landlock.py", "if version >= 4:", "if version >= 99:"), SOCKETS),
    defence("tcp", "seccomp: datagrams", "sends its inputs in a datagram", "Landlock", "got through", SOCKETS),
    defence("confinement", "seccomp: chmod", "closes the folders around it", "Landlock", "exit code 2", CHMOD),
    defence("confinement", "seccomp: times of files", "writes into the grader, the solution and the upload", "Landlock", "'CHANGED' is shown", ("sandbox/seccomp.py", "utime 132 -1  utimes 235 -1  futimesat 261 -1  utimensat 280 88", "")),
    defence("confinement", "seccomp: attributes of files", "writes into the grader, the solution and the upload", "Landlock", "'CHANGED' is shown", ("sandbox/seccomp.py", "setxattr 188 5  lsetxattr 189 6", "lsetxattr 189 6")),
    defence("confinement", "seccomp: limits of other processes", "limits and slows the process above it", "Landlock", "'SLOWED' is shown", ("sandbox/seccomp.py", '    ("prlimit64", 302, 261): (0, 0xFFFFFFFF, 0),  # limits of the process itself\n', "")),
    defence("confinement", "seccomp: priority of other processes", "limits and slows the process above it", "Landlock", "'SLOWED' is shown", ("sandbox/seccomp.py", "setpriority 141 140", "")),
    defence("confinement", "seccomp: processors of other processes", "limits and slows the process above it", "Landlock", "'SLOWED' is shown", ("sandbox/seccomp.py", "sched_setaffinity 203 122", "")),
    defence("writer", "results.json from the start, and Landlock: signals", "kills all that it may", "Landlock", "results.json is no JSON", SCOPE, ("grader.py", "    save(options, unfinished)\n    try:", "    try:")),
]  # fmt: skip

PROCESSES = [
    defence("fresh", "a process for each test", "modules damaged for the next test", "Landlock", "failed: ['2a-6-hidden'", ("sandbox/proxy.py", "            with contextlib.closing(Session(self.workers, order, seconds)) as session:\n                yield session", "            self.kept = vars(self).get('kept') or Session(self.workers, order, seconds)\n            yield self.kept")),
    defence("fresh", "a working folder for each test", "state kept in files, modules and the environment", "Landlock", "'STATE [' is shown", ("sandbox/proxy.py", "        folder = tempfile.mkdtemp(dir=self.folder)", "        folder = os.path.join(self.folder, 'same')\n        os.makedirs(folder, exist_ok=True)"), ("sandbox/proxy.py", "        finally:\n            remove(folder)", "        finally:\n            pass")),
    defence("fresh", "an empty working folder", "state kept in files, modules and the environment", "none", "'STATE [' is shown", ("sandbox/nursery.py", "    os.chdir(folder)\n", "")),
    defence("fresh", "seccomp: chmod, and closed folders are opened to be removed", "closed folders and files in its working folder", "Landlock", "left files", ("sandbox/proxy.py", "        os.chmod(path, 0o700)", "        pass"), CHMOD),
    defence("fresh", "links are not followed", "links to the solution", "Landlock", "passed: ['2a-1-basic'", ("sandbox/archive.py", "        return LINK\n", '        return ""\n'), ("sandbox/archive.py", '"O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK"', '"O_RDONLY", "O_NONBLOCK"')),
    defence("fresh", "files that are too large are not read", "files of 20 GB", "Landlock", "the grader held", ("sandbox/sources.py", "MAX_SOURCE, MAX_TOTAL = 10**6, 20 * 10**6", "MAX_SOURCE, MAX_TOTAL = 7 * 10**8, 10**10")),
    defence("fresh", "names of the upload shadow none of Python", "files that shadow modules", "Landlock", "'SHADOW' is shown", ("sandbox/loader.py", "sys.meta_path.append(self.importers[1])", "sys.meta_path.insert(0, self.importers[1])")),
    defence("clock", "a sweep of what is left", "holds the output open", "Landlock", "left processes", ("sandbox/nursery.py", "        while time.monotonic() < give_up:", "        while False:")),
    defence("clock", "what was forked and left comes to the nursery", "holds the output open", "Landlock", "left processes", ("sandbox/nursery.py", "        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)\n", "")),
    defence("clock", "a nursery that was killed is begun anew", "kills the process above it", "none", "the grader itself failed in 2b-0-basic", ("sandbox/forked.py", "        if answer is None:\n            self._restart()", "        if answer is None:"), ("sandbox/forked.py", "for _ in range(2):", "for _ in range(1):")),
    defence("clock", "a limit of calls", "answers rightly, but too late in all", "Landlock", "passed: ['2a-3-hidden']", ("sandbox/session.py", "time.monotonic() + seconds)", "time.monotonic() + 1000)")),
    defence("clock", "a limit of all calls together", "answers rightly, but too late in all", "Landlock", "passed: ['2a-3-hidden']", ("sandbox/session.py", "            self.left -= time.monotonic() - began", "            pass")),
    defence("clock", "a limit of imports", "is imported, but too late", "Landlock", "passed: ['2a-1-basic']", ("sandbox/proxy.py", "module, self.import_seconds)", "module, 1000)")),
    defence("limits", "memory", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", '    _set("RLIMIT_AS", size + memory if size else None)\n', "")),
    defence("limits", "processor time", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", '    _set("RLIMIT_CPU", cpu_seconds)\n', "")),
    defence("limits", "size of files", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", '    _set("RLIMIT_FSIZE", file_size)\n', "")),
    defence("limits", "open files", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", '    _set("RLIMIT_NOFILE", open_files)\n', "")),
    defence("limits", "processes", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", '    _set("RLIMIT_NPROC", count + processes if count else None)\n', "")),
    defence("limits", "limits cannot be raised again", "lifts its limits", "Landlock", "'NO LIMIT' is shown", ("sandbox/limits.py", "resource.setrlimit(kind, (value, value))", "resource.setrlimit(kind, (value, highest))")),
    defence("limits", "shapes that f takes", "hands arrays that broadcast to the grader's function", "Landlock", "the grader held", ("grading/sgd_checks.py", "if np.shape(numbers) != self.shape:", "if False:")),
    defence("limits", "objects that carry nothing do not compute in the grader", "has the grader compute with a loss that it handed over", "Landlock", "passed: ['2a-7-hidden']", ("sandbox/session.py", "if isinstance(function, (Function, *NEUTRAL)):", "if isinstance(function, Function):")),
    defence("secrets", "the worker's environment", "looks through its own objects, arguments and environment", "Landlock", "a secret is in the report", ("sandbox/forked.py", "env=ENVIRONMENT,", "env=os.environ | ENVIRONMENT,")),
    defence("secrets", "what is open", "reads all that is open", "Landlock", "'OPEN ' is shown", ("sandbox/nursery.py", "    os.closerange(grader + 1, 4096)\n", "")),
]  # fmt: skip

ANSWERS = [
    defence("decides", "SystemExit is an error like others", "raises SystemExit", "Landlock", "SystemExit' is not shown", ("sandbox/worker.py", "except BaseException as error:  # SystemExit and", "except Exception as error:  # SystemExit and")),
    defence("decides", "only functions that were handed over can be called", "asks for calls of what was never handed over", "Landlock", "the grader itself failed", ("sandbox/session.py", "if type(number) is not int or not 0 <= number < len(self.given):", "if False:")),
    defence("decides", "a wrong call of a test's function is the submission's fault", "calls the grader's function with what it does not take", "Landlock", "the grader itself failed", ("sandbox/session.py", "except Exception as error:  # called", "except ZeroDivisionError as error:  # called")),
    defence("data", "a reference names what was handed over", "references to what is the grader's", "Landlock", "the grader itself failed", ("sandbox/session.py", 'if tag == "given" and type(content) is int and 0 <= content < len(self.given):', 'if tag == "given":')),
    defence("data", "words of a window are texts", "calls the loss and the model of a test with what they do not take", "Landlock", "the grader itself failed", ("grading/word2vec_checks.py", "if not all(isinstance(text, str) for text in texts) or np.ndim(size) != 0:", "if False:")),
    defence("data", "an answer is a dict", "replies that are no dict", "Landlock", "the grader itself failed", ("sandbox/session.py", "if not isinstance(answer, dict):", "if False:")),
    defence("data", "bytes of a message's header", "four million small dicts", "Landlock", "the grader held", ("sandbox/wire.py", "if header_size > MAX_HEADER or", "if")),
    defence("data", "bytes of all messages together", "hands large arrays to the grader's model again and again", "Landlock", "the grader held", ("sandbox/session.py", "self._resolve, MAX_RECEIVED)", "self._resolve)")),
    defence("data", "kinds of arrays", "an array of objects, by name", "Landlock", "the grader itself failed", ("sandbox/wire.py", "not isinstance(name, str) or name not in DTYPES or", "")),
    defence("data", "JSON that is nested too deeply", "JSON nested 100,000 deep", "Landlock", "the grader itself failed", ("sandbox/wire.py", "except (ValueError, RecursionError) as error:", "except ValueError as error:")),
    defence("data", "answers of the quiz are texts", "quiz answers that are no letters", "Landlock", "the grader itself failed", ("grading/quiz.py", "if not isinstance(item, str):", "if False:")),
    defence("data", "a loss and a gradient are two values", "a step that gives no pair", "Landlock", "the grader itself failed", ("grading/word2vec_checks.py", "if not isinstance(found, (list, tuple)) or len(found) != 2:", "if False:")),
    defence("shape", "shape before the numbers", "a shape that broadcasts", "Landlock", "passed: ['2a-2-basic'", ("grading/compare.py", "if bare(found).shape != bare(expected).shape:", "if False:"), ("grading/compare.py", "    found = found.reshape(expected.shape)\n", "")),
    defence("shape", "finiteness, and an error that must be small, not one that must not be large", "NaN everywhere", "Landlock", "passed: ['2a-2-basic'", ("grading/compare.py", "if not np.isfinite(found).all():", "if False:"), ("grading/compare.py", RIGHT, RIGHT.replace("error <=", "~(error >") + ")")),
    defence("shape", "a truth value is no number", "False for 0", "Landlock", "passed: ['2b-1-basic']", ("grading/values.py", "type(leaf) in (int, float)", "type(leaf) in (int, float, bool)")),
    defence("shape", "an array of truth values has no numbers", "an array of False for 0", "Landlock", "passed: ['2b-1-basic']", ("grading/values.py", 'NUMBERS = "fiu"', 'NUMBERS = "fiub"')),
    defence("shape", "a text is no number", "texts for numbers", "Landlock", "passed: ['2a-2-basic']", ("grading/values.py", "type(leaf) in (int, float)", "type(leaf) in (int, float, str)")),
    defence("oracle", "hidden tests have other inputs", "known cases by heart", "Landlock", "passed: ['2a-3-hidden']", ("grader.py", "for x in (cases.numbers(3, 20, 2), cases.numbers(4, 30, 50), 0.7, 900.0, -900.0):", "for x in (cases.SIGMOID[0],):")),
    defence("oracle", "other losses, and the pairs that they get", "skip-gram that knows one loss", "Landlock", "passed: ['2a-7-hidden']", ("grader.py", "            self.check_pairs_of(window)\n", ""), ("grader.py", "([softmax], [sampling], [], [cases.linear_loss(8, window)])", "([softmax],)")),
    defence("oracle", "the path of sgd", "sgd that calls f as often as it must, and returns 0", "Landlock", "passed: ['2b-4-hidden']", ("grading/descent.py", "    for k in range(iterations):\n", "    for k in range(0):\n")),
    defence("oracle", "the number of calls of sgd", "sgd that steps rightly, but once more, and returns 0", "Landlock", "passed: ['2b-4-hidden']", ("grading/descent.py", "if not len(calls) == len(grads) == iterations:", "if False:")),
    defence("oracle", "all right options and no others", "every option ticked, in any number", "Landlock", "passed: ['3a-1-hidden'", ("grading/quiz.py", "answer == key", "set(answer) >= set(key)")),
    defence("disk", "a vectors file that is nested too deeply", "a vectors file nested 100,000 deep", "Landlock", "the grader itself failed", ("grading/vectors.py", "except RecursionError as error:", "except ZeroDivisionError as error:")),
]  # fmt: skip

REPORTS = [
    defence("output", "the most that is kept of it, shown of it, and shown at all", "prints one line of 100 MB", "Landlock", "output is longer than 20000", ("sandbox/output.py", "first=4096, last=4096", "first=4096, last=10**5"), ("grading/terminal.py", "MAX_DETAILS = 20_000", "MAX_DETAILS = 10**6"), ("grading/terminal.py", "MAX_PRINTED = 10_000", "MAX_PRINTED = 10**6")),
    defence("output", "control characters", "prints control characters", "Landlock", "output holds NUL", ESCAPE),
    defence("output", "the bar", "prints forged END lines", "Landlock", "----- END 2a-2-basic", ("grading/terminal.py", 'f"| {line}".rstrip()', "line.rstrip()")),
    defence("errors", "more lines of an error are indented", "an exception with forged END lines", "Landlock", "----- END 2a-2-basic", ("grading/terminal.py", "lines += [indented(4, line) for line in more]", "lines += more")),
    defence("errors", "the type of an error is one line", "an exception with a forged name", "Landlock", "----- END 2a-2-basic", ("grading/terminal.py", "kind = one_line(failure.kind, MAX_NAME)", "kind = failure.kind")),
    defence("errors", "the name of a function is one line", "a function with a forged name", "Landlock", "----- END 2a-2-basic", ("grading/terminal.py", "one_line(line.function, MAX_NAME)", "line.function")),
    defence("errors", "lines of the submission only, from the grader's copy", "forges a stack trace through secret files", "Landlock", "'SECRET =' is shown", ("graderUtil.py", "        if path in sources:\n", "        if Path(path).exists():\n"), ("graderUtil.py", "sources[path].decode", "Path(path).read_bytes().decode")),
    defence("errors", "a text that cannot be had", "an exception whose text raises", "Landlock", "(its text cannot be shown)' is not shown", ("sandbox/worker.py", "        except BaseException:\n            text =", "        except ZeroDivisionError:\n            text =")),
    defence("errors", "lines outside of the file", "a stack trace with lines far outside", "Landlock", "the report has no end", ("graderUtil.py", " if 0 < number <= len(texts) else \"\"", "")),
    defence("errors", "names of files are cleaned", "names that are lines of the report", "Landlock", "'\\x1b' is shown", ("sandbox/archive.py", "c if c.isprintable() else c.encode(\"unicode_escape\").decode() for c in str(text)", "str(text)"), ("grading/terminal.py", "return indented(0, one_line(text))", "return text")),
    defence("errors", "frames of an error are what they must be", "an error report with frames of the wrong kind", "Landlock", "the grader itself failed", ("sandbox/session.py", "filter(is_frame, frames[:MAX_FRAMES] if isinstance(frames, list) else ())", "frames[:MAX_FRAMES]")),
]  # fmt: skip

DEFENCES = CONFINED + PROCESSES + ANSWERS + REPORTS
