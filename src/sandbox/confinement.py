"""Which confinement there is for a submission."""

from dataclasses import dataclass

from . import landlock, other_user

OTHER_USER, LANDLOCK = "another user", "Landlock"


@dataclass(frozen=True)
class Confinement:
    """What keeps a submission from the files and processes of the grader.

    Attributes
    ----------
    user : tuple of (int, int) or None
        User and group that the worker becomes.
    landlock : bool
        Whether it restricts itself by Landlock.
    """

    user: tuple | None = None
    landlock: bool = False

    def __str__(self):
        """Name it."""
        kinds = [OTHER_USER] * bool(self.user) + [LANDLOCK] * self.landlock
        return " and ".join(kinds) or "none"


def choose(kinds=(OTHER_USER, LANDLOCK)):
    """Find the confinement that this machine has.

    Parameters
    ----------
    kinds : sequence of str
        Those to be used if they can be.

    Returns
    -------
    Confinement
        As root another user, if that one can run Python; Landlock where the kernel has it.
    """
    user = None
    if OTHER_USER in kinds and other_user.available():
        account = other_user.account()
        user = account if other_user.can_run_python(*account) else None
    return Confinement(user, LANDLOCK in kinds and landlock.available() > 0)
