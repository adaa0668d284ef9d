"""The gate `similarity`: whether a caption is among those of its source that fit their pictures least.

It stands apart from the other gates (captioners/gates.py), since what it says of a caption depends on the
others of its source: it comes last, once all clips have a caption that passed those."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from captioners._gates.prose import sentences
from captioners.dialogue.schema import Fields
from curate import clip_models, clips

NAME = "similarity"
"""Of the gate: what `outcome` says of a clip that fails it."""
VERSION = 1
"""Of what is measured: similarities of another one are measured again."""


class SimilarityOptions(BaseModel):
    """Which captions are the least similar ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    model: str = "openai-vit-b-32"
    """Name of a CLIP model (openai-vit-b-32; openai-vit-l-14 takes 18 times as long), or a folder with
    open_clip_config.json and the weights beside it."""
    tail: float = Field(0.02, ge=0, le=0.5)
    """Share of each source's captions, those with the lowest similarity, that fail. A source is what the
    column `source` of the input list says, or the folder of the video's file. A guess: what share of a
    model's captions is wrong is for `curate captions --audit` to say."""
    least: int = Field(50, ge=1)
    """Sources with fewer captions are judged by all captions of the run. With fewer than 50, a tail of 0.02
    is less than one caption."""
    frames: int = Field(4, ge=1, le=64)
    """Frames of a clip that its caption is compared with, evenly spread over it."""
    num_gpus: float = Field(0.0, ge=0, le=64)
    """GPUs that Ray reserves for each process that compares; none: it works on a CPU."""

    @field_validator("model")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return clip_models.absolute(value)

    def key(self, frames: str) -> str:
        """Of the similarities; `frames`: key of the stored frames. The tail is not in it: to move it measures
        nothing."""
        return clips.cache_key(NAME, VERSION, clip_models.identity_of(self.model), self.frames, frames)

    def check(self) -> None:
        """ValueError, with what to type, where a package or weights are not there; named weights are
        downloaded here, once."""
        clip_models.installed("the gate similarity")
        clip_models.tower_of(self.model)

    def lacks(self) -> str | None:
        """What `check` would refuse or fetch, in one sentence, without any network; None: nothing."""
        try:
            clip_models.installed("the gate similarity")
            if self.model not in clip_models.NAMED:
                clip_models.tower_of(self.model)
                return None
        except ValueError as error:
            return str(error)
        source = clip_models.NAMED[self.model][1]
        if source.there:
            return None
        return (
            "the gate similarity needs weights that are not on this machine: a run first downloads them, as "
            f"`{source.command}` would"
        )

    def load(self) -> Any:
        """captioners._clip.Scorer, in this process."""
        from captioners._clip import load

        return load(*clip_models.tower_of(self.model), gpu=self.num_gpus > 0)


def digest_of(short: str, dense: str) -> str:
    """Which text a similarity is of."""
    return clips.captions_digest((("short", short), ("dense", dense)))


def texts_of(short: str, dense: str) -> list[str]:
    """What is compared with the pictures, each for itself: the short caption, and every sentence of the dense
    one. A text encoder of CLIP reads 77 tokens and no further: less than a dense caption has, more
    than nearly every sentence."""
    found = [short, *(sentence.text for sentence in sentences(dense))]
    return [text for text in (" ".join(one.split()) for one in found) if text]


@dataclass(frozen=True)
class Fit:
    """What is known of how well a clip's captions fit its pictures."""

    floor: float
    """What fits less fails."""
    similarities: Mapping[str, float | None]
    """By digest of the text; None: it could not be measured, and so does not fail."""

    def knows(self, fields: Fields) -> bool:
        return digest_of(fields.short, fields.dense) in self.similarities

    def fault(self, fields: Fields) -> str | None:
        """What is wrong with a caption of known similarity."""
        found = self.similarities[digest_of(fields.short, fields.dense)]
        if found is None or found >= self.floor:
            return None
        return (
            f"the caption does not fit the pictures: its similarity to them is {found:.4f}, and that of "
            f"nearly all others of its source at least {self.floor:.4f}"
        )

    def as_json(self) -> dict[str, Any]:
        return {"floor": self.floor, "similarities": dict(self.similarities)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any] | None) -> "Fit | None":
        return None if found is None else cls(found["floor"], found["similarities"])


def floors(
    similarities: Mapping[bytes, float], sources: Mapping[bytes, str], tail: float, least: int
) -> dict[bytes, float]:
    """The floor of each clip, by the similarities of the first good captions of all clips.

    Of n captions of a source the lowest tail · n (rounded down) are below its floor, or fewer where several
    are equal; it depends on no order. Later answers are held against it and do not move it, or it
    would rise with each of them, and no round of questions were the last."""
    by_source: dict[str, list[float]] = {}
    for clip, value in similarities.items():
        by_source.setdefault(sources[clip], []).append(value)
    whole = _floor(list(similarities.values()), tail)
    own = {source: _floor(found, tail) for source, found in by_source.items() if len(found) >= least}
    return {clip: own.get(sources[clip], whole) for clip in similarities}


def _floor(values: list[float], tail: float) -> float:
    if not values:
        return -math.inf
    return sorted(values)[min(len(values) - 1, int(tail * len(values) + 1e-9))]
