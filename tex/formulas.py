"""Formulas in ASCII, as docstrings hold them, turned into LaTeX.

The grammar is that of the quiz::

    list      relation, relation | relation ...
    relation  sum = sum <- sum ...
    sum       fraction + fraction - fraction ...
    fraction  product / product ...
    product   power . power power ...          a dot or nothing between them
    power     atom ^ atom    atom/atom         a fraction binds closer without blanks
    atom      (list)   name(list)   name   number   - atom   d name   sum over all words w of atom
"""

import re
from itertools import pairwise

SUM = "sum over all words w of"
NAMES = {
    "sigma": r"\sigma",
    "eta": r"\eta",
    "exp": r"\exp",
    "log": r"\log",
    "y_hat": r"\byhat",
    "y": r"\by",
    "U": r"\bU",
    "T": r"\top",
}
RELATIONS = {"=": "=", "<-": r"\leftarrow"}
SEPARATORS = {",": ", ", "|": r" \mid "}
DERIVABLE = "sigma|v_c|[gxJU]"
TOKEN = re.compile(
    rf"{SUM}|\bd ?(?=(?:{DERIVABLE})(?![A-Za-z_]))|<-|\d+| \. |[=+\-/^|(),]"
    r"|(?:\b|(?<=\bd))(?:sigma|eta|exp|log|y_hat|[uv]_[a-z]|[B-Zb-z])(?![A-Za-z_])"
)


def to_latex(text, displayed=True):
    r"""Turn every formula in a text into LaTeX.

    Parameters
    ----------
    text : str
        Prose with formulas.
    displayed : bool
        Whether equations stand on lines of their own, and other formulas in lines of text, where
        no fraction is high.

    Returns
    -------
    str
        The same with the formulas between ``\(`` and ``\)``, or ``\[`` and ``\]``.
    """
    text = " ".join(text.split())
    result, end = "", 0
    for tokens in formulas(text):
        first, last = tokens[0], tokens[-1]
        result += text[end : first.start()]
        end = last.end()
        if displayed and any(token[0] == "=" for token in tokens):
            sign = text[end : end + 1].strip()
            result = f"{result.rstrip()}\n\\[{Parser(tokens).whole()}{sign}\\]\n"
            end += len(sign) + 1
        else:
            result += rf"\({Parser(tokens, low=displayed).whole()}\)"
    return result + text[end:]


def formulas(text):
    """Find the formulas: tokens with nothing but blanks between them, a name or number among them.

    Parameters
    ----------
    text : str
        Prose with formulas.

    Yields
    ------
    list of re.Match
        The tokens of a formula.
    """
    found, end = [], 0
    for token in [*TOKEN.finditer(text), None]:
        if token is None or text[end : token.start()].strip() or closes(token[0], found):
            while found and found[-1][0] == "(":
                found.pop()
            if any(re.search(r"\w", match[0]) for match in found):
                yield found
            found = []
        if token and not closes(token[0], found):
            found.append(token)
            end = token.end()


def closes(token, found):
    """Tell whether a comma or parenthesis belongs to the prose around a formula."""
    signs = [match[0] for match in found]
    return token in (",", ")") and signs.count("(") == signs.count(")")


class Parser:
    """A formula, read from left to right; each method reads a part and gives it in LaTeX.

    Parameters
    ----------
    tokens : list of re.Match
        From `formulas`.
    low : bool
        Whether a fraction is written with a slash.
    """

    def __init__(self, tokens, low=False):
        self.low = low
        self.tokens = [match[0].strip() for match in tokens]
        # sigma(x) is a call, but U (y_hat - y) a product: only the blank tells
        self.follows = [False, *(a.end() == b.start() for a, b in pairwise(tokens))]
        self.at = 0

    def next(self):
        """Give the next token without taking it; empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self):
        """Take the next token."""
        self.at += 1
        return self.tokens[self.at - 1]

    def whole(self):
        """Read all tokens."""
        text = self.relation()
        if self.next():
            raise ValueError(f"no formula: {' '.join(self.tokens)}, at {self.next()}")
        return text

    def list(self):
        """Read relations, with commas or bars between them."""
        text = self.relation()
        while self.next() in SEPARATORS:
            text += SEPARATORS[self.take()] + self.relation()
        return text

    def relation(self):
        """Read sums, with signs of relation between them."""
        text = self.sum()
        while self.next() in RELATIONS:
            text += f" {RELATIONS[self.take()]} {self.sum()}"
        return text

    def sum(self):
        """Read what is added."""
        text = self.fraction()
        while self.next() in ("+", "-"):
            text += f" {self.take()} {self.fraction()}"
        return text

    def fraction(self):
        """Read numerator and denominator."""
        text = self.product()
        while self.next() == "/":
            self.take()
            text = self.quotient(text, self.product())
        return text

    def quotient(self, above, below):
        """Write a fraction."""
        return f"{above} / {below}" if self.low else rf"\frac{{{bare(above)}}}{{{bare(below)}}}"

    def product(self):
        """Read factors; a dot is a product of two columns."""
        text = self.power()
        while self.next() and self.next() not in "=<-+-/^|,)":
            if self.next() == ".":
                self.take()
                text += r"^{\top}" + self.power()
            else:
                text += rf" \, {self.power()}"
        return text

    def power(self):
        """Read a power, or a fraction that is written without blanks."""
        text = self.atom()
        while self.next() == "^" or (self.next() == "/" and self.follows[self.at]):
            if self.take() == "^":
                text += f"^{{{self.atom()}}}"
            else:
                text = self.quotient(text, self.atom())
        return text

    def atom(self):
        """Read what cannot be divided."""
        token = self.take() if self.next() else ""
        if token == "(":
            return self.closed()
        if token == "-":
            return f"-{self.atom()}"
        if token == "d" and re.fullmatch(DERIVABLE, self.next()):
            return rf"\partial {self.atom()}"
        if token == SUM:
            return rf"\sum_{{w}} {self.atom()}"
        if not re.match(r"\w", token):
            raise ValueError(f"no formula: {' '.join(self.tokens)}, at {token or 'its end'}")
        name = NAMES.get(token, re.sub(r"([uv])_(\w)", r"\\b\1_{\2}", token))
        if self.next() == "(" and self.follows[self.at]:
            self.take()
            text = self.closed()
            return name + (rf"\Bigl{text[:-1]}\Bigr)" if r"\sum" in text else text)
        return name

    def closed(self):
        """Read up to the parenthesis that closes."""
        text = self.list()
        if self.next() != ")":
            raise ValueError(f"no formula: {' '.join(self.tokens)}, a parenthesis is open")
        self.take()
        return f"({text})"


def bare(text):
    """Leave out the parentheses around a numerator or denominator."""
    depth, ends = 0, []
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            ends.append(place)
    return text[1:-1] if text[0] == "(" and ends == [len(text) - 1] else text
