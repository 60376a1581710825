"""What a submission prints or says: capped, and shown without control characters."""


class Capture:
    """Keeps the first and the last bytes of a stream, however long it is.

    Parameters
    ----------
    first, last : int, optional
        How many bytes to keep of its start and of its end; each at least 1.

    Examples
    --------
    >>> capture = Capture(first=4, last=2)
    >>> capture.add(b"begin ... end")
    >>> print(capture.text())
    begi
    [... 7 bytes left out ...]
    nd
    """

    def __init__(self, first=4096, last=4096):
        self.first, self.last = first, last
        self.start, self.end = bytearray(), bytearray()
        self.total = 0

    def add(self, data):
        """Take in more of the stream.

        Parameters
        ----------
        data : bytes
            What came.
        """
        room = self.first - len(self.start)
        self.start += data[:room]
        self.end += data[room:]
        del self.end[: -self.last]
        self.total += len(data)

    def text(self):
        """Show what was kept.

        Returns
        -------
        str
            The text, cleaned; bytes that are no UTF-8 are replaced by U+FFFD.
        """
        left_out = self.total - len(self.start) - len(self.end)
        if not left_out:
            return escape((self.start + self.end).decode("utf-8", "replace"))
        start, end = (part.decode("utf-8", "replace") for part in (self.start, self.end))
        return f"{escape(start)}\n[... {left_out:,} bytes left out ...]\n{escape(end)}"


def clean(text, limit=4000):
    r"""Make a stranger's text fit to be shown.

    Parameters
    ----------
    text : str
        Any text, of any length.
    limit : int, optional
        Characters to show, at least 100; of a longer text the middle is left out.

    Returns
    -------
    str
        At most `limit` characters, the only control characters line feed and tab. Cleaning it
        once more changes nothing.

    Examples
    --------
    >>> print(clean("naïve \x1b[1m\r text"))
    naïve \x1b[1m\r text
    """
    if len(text) <= limit and len(whole := escape(text)) <= limit:
        return whole
    gap = "\n[... {:,} characters left out ...]\n"
    room = (limit - len(gap.format(len(text)))) // 2
    start = fitting(text[:room], room)
    end = fitting(text[: -room - 1 : -1], room)[::-1]
    return "".join([*start, gap.format(len(text) - len(start) - len(end)), *end])


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
    r"""Write out all that is not seen, as `repr` does: ``\x1b``, ``\u2028``, ``\ud800``.

    These are control and format characters, line separators, blanks other than the ordinary one,
    lone surrogates and code points without a character. Line feed and tab stay.
    """
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )
