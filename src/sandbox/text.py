"""Text of a stranger made fit to be shown: in rows, capped, without control characters."""

import contextlib
import math
import re
import threading
import time
import unicodedata
from itertools import accumulate, takewhile

FRAMES = rb'(?:  File "[^"\n]{1,4096}", line \d{1,9} in [^\n]{1,500}\n)+'
# As `faulthandler` writes it, innermost line first; of many the outermost are left out.
TRACE = re.compile(rb"(?:Stack [^\n]{0,40}\n)?(" + FRAMES + rb")(?:  \.\.\.\n)?\Z")
FRAME = re.compile(rb'File "([^"\n]+)", line (\d+) in ([^\n]+)')

LIKE_OURS = re.compile(r"--(?![a-z])|==|[-=]?[^\x00-\x7f]")  # or what looks like ``--`` or ``==``
MAX_ROWS = 60  # of a text
MOST = 20_000  # characters of all together: Gradescope shows no more of a test
FILE, LONG = 80, 1000  # columns in which a file is read at least; longest line there


class Capture:
    """Reads a stream in a thread and keeps its first and last bytes, however long it is."""

    def __init__(self, stream, first=4096, last=16_384):
        self.first, self.last = first, last
        self.begin()
        self.reader = threading.Thread(target=self._read, args=[stream], daemon=True)
        self.reader.start()

    def begin(self):
        """Forget what was read."""
        self.start, self.end, self.total = bytearray(), bytearray(), 0

    def _read(self, stream):
        with stream, contextlib.suppress(OSError):
            while data := stream.read(65536):
                room = self.first - len(self.start)
                self.start += data[:room]
                self.end += data[room:]
                del self.end[: -self.last]
                self.total += len(data)

    def take_end(self, mark, seconds):
        """Wait until the stream ends with a pattern, and take that away; give the match or None."""
        give_up = time.monotonic() + seconds
        while not (found := mark.search(bytes(self.start + self.end))):
            if time.monotonic() > give_up:
                return None
            time.sleep(0.001)
        self.total -= len(found[0])
        del self.end[max(found.start() - len(self.start), 0) :]
        del self.start[found.start() :]
        return found

    def take_trace(self, seconds):
        """Take a stack trace from the end of the stream: file, line, function, outermost first."""
        found = self.take_end(TRACE, seconds)
        frames = FRAME.findall(found[1]) if found else []
        return [
            [file.decode(errors="replace"), int(number), function.decode(errors="replace")]
            for file, number, function in reversed(frames)
        ]

    def text(self):
        """Give what was kept, cleaned; bytes that are no UTF-8 become U+FFFD."""
        left_out = self.total - len(self.start) - len(self.end)
        parts = [self.start, self.end] if left_out else [self.start + self.end]
        gap = f"\n[... {left_out:,} bytes left out ...]\n"
        return escape(gap.join(part.decode("utf-8", "replace") for part in parts))


def one_line(text, limit=80):
    """Clean what is shown within a line, such as a file's name."""
    text, half = escape(str(text), shown=""), limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


def last_line(text):
    """Give the last line of what was printed, where Python says why it ended; empty if none."""
    text = text.partition("\n\nCurrent thread ")[0]  # where it was, after a fatal error
    return one_line(text.rstrip().rpartition("\n")[2], 300)


def escape(text, shown="\n\t"):
    r"""Write out what is not seen, such as ``\x1b`` or ``\u2028``; what is to be shown stays.

    Lines that end as on Windows end as elsewhere.
    """
    text = re.sub("\r+\n", "\n", text)
    return "".join(
        c if c.isprintable() or c in shown else c.encode("unicode_escape").decode() for c in text
    )


def rows(text, width, indent=0, is_printed=False):
    """Break a text into rows that fit the terminal, between words where that can be.

    Rows after the first are indented more. What was printed stands behind ``| ``, and so does a row
    that begins like the grader's lines. In a file (no width) other lines stay whole.
    """
    found = []
    for line in escape(text).split("\n") if text else []:
        rest, blanks = line.expandtabs(), indent + 2 * bool(found)
        room = width or (FILE if is_printed or LIKE_OURS.search(line) else LONG)
        while True:
            is_barred = is_printed or LIKE_OURS.match(rest.lstrip())
            before = "| " if is_printed else " " * blanks + "| " * bool(is_barred)
            end = fitting(rest, room - len(before))
            found.append((before + rest[:end]).rstrip())
            rest, blanks = rest[end:].lstrip(" "), indent + 4
            if not rest:
                break
    return shortened(found, MAX_ROWS)


def fitting(line, room):
    """Count the characters that go into a row of so many columns, whole words if possible."""
    widths = accumulate(2 if is_wide(character) else 1 for character in line)
    end = max(1, sum(1 for _ in takewhile(lambda used: used <= room, widths)))
    blank = line.rfind(" ", 0, end + 1)
    return blank if end < len(line) and line[: blank + 1].strip() else end


def is_wide(character):
    """Tell whether a character may take two columns: terminals differ on emoji."""
    return unicodedata.east_asian_width(character) in "WF" or character >= "\U0001f000"


def shortened(found, most=math.inf):
    """Leave out rows in the middle where they are too many, or all together too long."""
    kept = min(len(found), most)
    while True:
        gap = [f"[... {len(found) - kept:,} lines left out ...]"] * (kept < len(found))
        shown = [*found[: kept - kept // 2], *gap, *found[len(found) - kept // 2 :]]
        if kept == 0 or len("\n".join(shown)) <= MOST:
            return shown
        kept -= 1
