"""Hostile submissions: a table of them, and what grades them at every level of confinement."""

from . import answers, attacks, reach, reports, trouble, uploads

ROWS = answers.ROWS + reach.ROWS + uploads.ROWS + trouble.ROWS + reports.ROWS
ATTACKS = attacks.ROWS
