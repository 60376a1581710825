"""Text of a stranger made fit to be shown: capped, without control characters."""


class Capture:
    """Keeps the first and the last bytes of a stream, however long it is."""

    def __init__(self, first=4096, last=4096):
        self.first, self.last = first, last
        self.start, self.end = bytearray(), bytearray()
        self.total = 0

    def add(self, data):
        """Take in more of the stream."""
        room = self.first - len(self.start)
        self.start += data[:room]
        self.end += data[room:]
        del self.end[: -self.last]
        self.total += len(data)

    def take_end(self, mark):
        """Tell whether the stream ends with a mark; then it is removed."""
        is_there = bytes(self.start + self.end).endswith(mark)
        if is_there:
            part = self.end if len(self.end) >= len(mark) else self.start
            del part[-len(mark) :]
            self.total -= len(mark)
        return is_there

    def text(self):
        """Give what was kept, cleaned; bytes that are no UTF-8 become U+FFFD."""
        left_out = self.total - len(self.start) - len(self.end)
        if not left_out:
            return escape((self.start + self.end).decode("utf-8", "replace"))
        start, end = (escape(part.decode("utf-8", "replace")) for part in (self.start, self.end))
        return f"{start}\n[... {left_out:,} bytes left out ...]\n{end}"


def clean(text, limit=4000):
    """Clean a text of several lines; of a longer one than `limit` (>= 100) the middle goes."""
    if len(text) <= limit and len(whole := escape(text)) <= limit:
        return whole
    gap = "\n[... {:,} characters left out ...]\n"
    room = (limit - len(gap.format(len(text)))) // 2
    start = fitting(text[:room], room)
    end = fitting(text[: -room - 1 : -1], room)[::-1]
    return "".join([*start, gap.format(len(text) - len(start) - len(end)), *end])


def one_line(text, limit=80):
    """Clean what is shown within a line, such as a file's name."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


def fitting(characters, room):
    """List the characters, escaped, as long as there is room."""
    fit = []
    for character in map(escape, characters):
        room -= len(character)
        if room < 0:
            break
        fit.append(character)
    return fit


def escape(text):
    r"""Write out what is not seen, such as ``\x1b`` or ``\u2028``; line feed and tab stay."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )
