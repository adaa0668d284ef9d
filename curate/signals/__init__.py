"""Measures of single frames, in groups: a group is a table with one row per decoded frame.

A group is a module of this folder with NAME, VERSION (raised when its numbers change), SCHEMA (its columns
beside video_id and pts) and a class that holds the state of one file and turns a `FrameView` into a row. It
needs nothing but the frames themselves, and of earlier frames no more than the last half second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import pyarrow as pa

from curate.signals import audio, content, flow, picture, prints, thumbs, transnet
from curate.signals.view import FrameView


class Measure(Protocol):
    """State of one file in one group."""

    def update(self, view: FrameView) -> Sequence[Any]:
        """The row of the next frame, in the order of the group's schema."""


@dataclass(frozen=True)
class Group:
    """A signal group: `start(time_base)` gives the measure for one file."""

    name: str
    version: int
    schema: pa.Schema
    start: Callable[[Fraction], Measure] | None
    """None: it is not measured on pictures (`audio`, see curate.signals.audio)."""
    standing: bool = True
    """Scanned for every pipeline; the others only where something in the plan reads them."""


GROUPS: dict[str, Group] = {
    group.name: group
    for group in (
        Group(content.NAME, content.VERSION, content.SCHEMA, lambda _: content.Content()),
        Group(picture.NAME, picture.VERSION, picture.SCHEMA, picture.PictureLook),
        Group(flow.NAME, flow.VERSION, flow.SCHEMA, flow.Flow),
        Group(thumbs.NAME, thumbs.VERSION, thumbs.SCHEMA, lambda _: thumbs.Thumbs()),
        Group(audio.NAME, audio.VERSION, audio.SCHEMA, None, standing=False),
        Group(prints.NAME, prints.VERSION, prints.SCHEMA, prints.Prints),
        Group(
            transnet.NAME,
            transnet.VERSION,
            transnet.SCHEMA,
            lambda _: transnet.TransNetPicture(),
            standing=False,
        ),
    )
}
"""Every group by name."""
