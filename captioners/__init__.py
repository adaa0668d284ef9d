"""One captioner per file. `use: NAME` in a pipeline is the only public class in `captioners/NAME.py`."""

NOT_PLUGINS = ("gates",)
"""Modules that serve the captioners."""
