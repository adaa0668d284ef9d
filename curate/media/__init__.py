"""The one place that touches codecs: opening, probing, decoding and viewing videos of any origin."""

from curate.media.container import MAX_PIXELS, open_video, video_stream
from curate.media.decode import DecodeReport, Frame, decode
from curate.media.errors import MediaError
from curate.media.picture import Viewer, shown_size
from curate.media.probe import Probe, probe

__all__ = [
    "MAX_PIXELS",
    "DecodeReport",
    "Frame",
    "MediaError",
    "Probe",
    "Viewer",
    "decode",
    "open_video",
    "probe",
    "shown_size",
    "video_stream",
]
