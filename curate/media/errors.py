"""The one error of everything that touches codecs."""


class MediaError(Exception):
    """A video that cannot be used, with the reason as a sentence."""
