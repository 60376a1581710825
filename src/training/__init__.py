"""The training run: word vectors from a text, by the submission or, faster, by plain loops."""

from .train import Settings, train

__all__ = ["Settings", "train"]
