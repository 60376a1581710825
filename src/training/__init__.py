"""The training run: word vectors from a text, by the submission's functions or as fast as loops."""

from .train import Settings, train

__all__ = ["Settings", "train"]
