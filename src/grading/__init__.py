"""Grading: outcomes and their views, comparisons, cases."""
