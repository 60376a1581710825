"""The published contract of Gradescope's results.json, and what we add to it, as a checker.

It shares nothing with the code that writes results.json.
"""

import json

from jsonschema import Draft202012Validator

TEXT = {"type": "string", "pattern": r"\A[^\0\r\ud800-\udfff]*\Z"}
OUTPUT = TEXT | {"maxLength": 20_000}
NUMBER = {"type": "number", "minimum": -1e300, "maximum": 1e300}  # JSON's 1e999 is infinite
AMOUNT = NUMBER | {"minimum": 0}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}


def an_object(properties, required=()):
    """Make the schema of an object that has no other keys."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [*required],
    }


TEST = {
    "score": AMOUNT, "max_score": AMOUNT, "status": {"enum": ["passed", "failed"]}, "name": TEXT,
    "name_format": FORMAT, "number": TEXT, "output": OUTPUT, "output_format": FORMAT,
    "tags": {"type": "array", "items": TEXT}, "visibility": VISIBILITY,
    "extra_data": {"type": "object", "properties": {"is_extra_credit": {"type": "boolean"}}},
}  # fmt: skip
LINE = {"name": TEXT, "value": {"anyOf": [TEXT, NUMBER]}, "order": {"enum": ["asc", "desc"]}}
RESULTS = {
    "score": AMOUNT, "execution_time": AMOUNT, "output": OUTPUT, "output_format": FORMAT,
    "test_output_format": FORMAT, "test_name_format": FORMAT, "visibility": VISIBILITY,
    "stdout_visibility": VISIBILITY, "extra_data": {"type": "object"},
    "tests": {"type": "array", "items": an_object(TEST, ["status"])},
    "leaderboard": {"type": "array", "items": an_object(LINE, LINE)},
}  # fmt: skip
VALIDATOR = Draft202012Validator(an_object(RESULTS))


def problems(results):
    """List what is wrong with a results.json, given as object or text; a line each."""
    try:
        results = parse(results if isinstance(results, (str, bytes)) else json.dumps(results))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"no JSON: {error}"]
    if found := [f"{one.json_path}: {one.message:.200}" for one in VALIDATOR.iter_errors(results)]:
        return found
    tests = results.get("tests", [])
    if "score" not in results and not tests:
        found.append("neither score nor tests")
    for place, test in enumerate(tests):
        if "score" not in results and "score" not in test:
            found.append(f"tests[{place}]: no score")
        is_extra = test.get("extra_data", {}).get("is_extra_credit", False)
        if not is_extra and test.get("score", 0) > test.get("max_score", float("inf")):
            found.append(f"tests[{place}]: score above max_score")
    numbers = [test["number"] for test in tests if "number" in test]
    if len(set(numbers)) < len(numbers):
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
