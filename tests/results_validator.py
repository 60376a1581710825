"""The published contract of Gradescope's results.json, and what we add to it, as a checker.

It shares nothing with the code that writes results.json.
"""

import json
import math

TEXT_LIMIT = 20_000
FORMATS = ("text", "html", "simple_format", "md", "ansi")
VISIBILITIES = ("hidden", "after_due_date", "after_published", "visible")


def text(value):
    if not isinstance(value, str):
        return "is no string"
    for character, name in (("\0", "NUL"), ("\r", "a carriage return")):
        if character in value:
            return f"holds {name}"
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        return "holds a lone surrogate"
    return ""


def long_text(value):
    return text(value) or (f"is longer than {TEXT_LIMIT}" if len(value) > TEXT_LIMIT else "")


def number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is no number"
    return "" if math.isfinite(value) else "is not finite"


def amount(value):
    return number(value) or ("is negative" if value < 0 else "")


def number_or_text(value):
    return text(value) if isinstance(value, str) else number(value)


def one_of(*choices):
    return lambda value: "" if value in choices else f"is none of {choices}"


def mapping(value):
    return "" if isinstance(value, dict) else "is no object"


def array(value):
    return "" if isinstance(value, list) else "is no array"


def texts(value):
    return array(value) or next(filter(None, map(text, value)), "")


TOP = {
    "score": amount, "execution_time": amount, "output": long_text, "output_format": one_of(*FORMATS),
    "test_output_format": one_of(*FORMATS), "test_name_format": one_of(*FORMATS),
    "visibility": one_of(*VISIBILITIES), "stdout_visibility": one_of(*VISIBILITIES),
    "extra_data": mapping, "tests": array, "leaderboard": array,
}  # fmt: skip
TEST = {
    "score": amount, "max_score": amount, "status": one_of("passed", "failed"), "name": text,
    "name_format": one_of(*FORMATS), "number": text, "output": long_text,
    "output_format": one_of(*FORMATS), "tags": texts, "visibility": one_of(*VISIBILITIES),
    "extra_data": mapping,
}  # fmt: skip
LEADERBOARD = {"name": text, "value": number_or_text, "order": one_of("asc", "desc")}


def problems(results):
    """Say what is wrong with the content of a results.json.

    Parameters
    ----------
    results : dict, str or bytes
        The object, or the file's text.

    Returns
    -------
    list of str
        A line for each problem, with its place; none if all is well.
    """
    try:
        results = parse(results if isinstance(results, (str, bytes)) else json.dumps(results))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"no JSON: {error}"]
    found = list(of_object(results, TOP, "results"))
    if found:
        return found
    tests = results.get("tests", [])
    if "score" not in results and not tests:
        found.append("results: neither score nor tests")
    for place, test in enumerate(tests):
        found += of_test(test, f"tests[{place}]", score_needed="score" not in results)
    for place, line in enumerate(results.get("leaderboard", [])):
        where = f"leaderboard[{place}]"
        found += of_object(line, LEADERBOARD, where, needed=LEADERBOARD)
    numbers = [test["number"] for test in tests if isinstance(test, dict) and "number" in test]
    if len(set(map(str, numbers))) < len(numbers):
        found.append("tests: two have the same number")
    return found


def parse(content):
    """Read JSON as the standard has it: UTF-8 without mark, no NaN, no key twice."""

    def no_constant(name):
        raise ValueError(f"{name} is no JSON")

    def no_key_twice(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key stands twice in an object")
        return dict(pairs)

    text = content.decode("utf-8") if isinstance(content, bytes) else content
    if "\r" in text:
        raise ValueError("line ends are not those of Unix")
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_key_twice)


def of_object(value, rules, where, needed=()):
    if not isinstance(value, dict):
        yield f"{where}: is no object"
        return
    for key in value.keys() - rules.keys():
        yield f"{where}: unknown key {key!r}"
    for key in needed:
        if key not in value:
            yield f"{where}: no {key}"
    for key, rule in rules.items():
        if key in value and (problem := rule(value[key])):
            yield f"{where}: {key} {problem}"


def of_test(test, where, score_needed):
    needed = ("status", "score") if score_needed else ("status",)
    found = list(of_object(test, TEST, where, needed))
    if found:
        return found
    extra = test.get("extra_data", {}).get("is_extra_credit", False)
    if not isinstance(extra, bool):
        found.append(f"{where}: is_extra_credit is neither true nor false")
    if "max_score" in test and "score" in test and not extra and test["score"] > test["max_score"]:
        found.append(f"{where}: score above max_score")
    return found
