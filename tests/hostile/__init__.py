"""Hostile submissions: a table of them, and what grades them at every level of confinement."""

from . import answers, reach, reports, trouble, uploads

ROWS = answers.ROWS + reach.ROWS + uploads.ROWS + trouble.ROWS + reports.ROWS
