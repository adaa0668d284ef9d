"""Raw video in, training data for text-to-video models out: decode once, measure once, decide often, encode
survivors."""

__version__ = "0.1.0"
