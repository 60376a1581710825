"""Values of any kind, as they come from a submission, taken as numbers."""

import numpy as np


class NoNumbersError(ValueError):
    """A value is no number and no array of numbers; the message says what it is."""


def to_array(value):
    """Take a number, an array or lists of these as an array of float, else raise `NoNumbersError`.

    Tell too whether it is in single precision.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise NoNumbersError("is a list whose parts differ in shape") from None
    if array.dtype.kind not in "fiu":
        is_list = isinstance(value, (list, tuple))
        raise NoNumbersError("holds what is no number" if is_list else f"is {kind_of(value)}")
    return np.asarray(array, float), array.dtype == np.float32


def kind_of(value):
    """Name the kind of a value, which may be anything, in a few words."""
    if isinstance(value, (np.ndarray, np.generic)):
        return f"an array of {value.dtype.name}"
    name = str(getattr(value, "type_name", type(value).__name__))[:100]
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"an {name}" if name.startswith("array of ") else f"a value of type {name}"


def bare(array):
    """Drop the leading axes of length 1."""
    while array.shape[:1] == (1,):
        array = array[0]
    return array


def to_array_of_shape(value, shape):
    """Take a value as an array of finite numbers of this shape; None if it is none."""
    try:
        array = bare(to_array(value)[0])
    except NoNumbersError:
        return None
    if array.shape != bare(np.empty(shape)).shape or not np.isfinite(array).all():
        return None
    return np.reshape(array, shape)


def to_parts(found, shapes):
    """Take what a loss gives as arrays of these shapes; None if it is something else."""
    if not isinstance(found, (list, tuple)) or len(found) != len(shapes):
        return None
    parts = [to_array_of_shape(part, shape) for part, shape in zip(found, shapes, strict=True)]
    return None if any(part is None for part in parts) else parts
