"""Ticks: what a person or a model says of each claim, as a file. Files may come from anywhere: they are
checked in full before anything is made of them.

    {"format": "curate-ticks", "version": 1, "auditor": "…", "clips": [{"clip_id": "32 hex digits",
     "digest": "of its claims", "claims": ["right", null, …], "missing": ["…"]}, …]}
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from curate.judging.claims import Claim, claims_of, digest_of
from curate.judging.source import Clip, Source

FORMAT, VERSION = "curate-ticks", 1
RIGHT, WRONG, UNCLEAR = "right", "wrong", "unclear"
VERDICTS = (RIGHT, WRONG, UNCLEAR)
"""UNCLEAR: it can be neither seen nor ruled out."""

MOST_BYTES = 20_000_000
MOST_CLIPS = 10_000
MOST_MISSING = 200
"""Things that one clip's caption may be said to omit."""
LONGEST = 2_000
"""Characters of one of those."""


@dataclass(frozen=True)
class Ticked:
    """A clip as an auditor left it."""

    clip: Clip
    claims: tuple[Claim, ...]
    verdicts: tuple[str | None, ...]
    """One for each claim; None: not ticked."""
    missing: tuple[str, ...]
    """What the caption omits."""

    @property
    def looked_at(self) -> bool:
        """Whether anything was ticked or written: what is missing can be counted then."""
        return bool(self.missing) or any(self.verdicts)


@dataclass(frozen=True)
class Sheet:
    """All that one auditor said."""

    auditor: str
    file: str
    clips: tuple[Ticked, ...]


def written(auditor: str, ticked: Sequence[Ticked]) -> bytes:
    """The file."""
    body = {
        "format": FORMAT,
        "version": VERSION,
        "auditor": auditor,
        "clips": [
            {
                "clip_id": one.clip.clip_id.hex(),
                "digest": digest_of(one.claims),
                "claims": list(one.verdicts),
                "missing": list(one.missing),
            }
            for one in ticked
        ],
    }
    return json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def read(source: Source, path: str) -> Sheet:
    """The ticks of a file about captions of this run. ValueError says what is wrong with it."""
    file = _parsed(path)
    wanted = [bytes.fromhex(entry.clip_id) for entry in file.clips]
    clips = {clip.clip_id.hex(): clip for clip in source.clips(wanted)}
    found = []
    for entry in file.clips:
        clip = clips.get(entry.clip_id)
        if clip is None:
            raise ValueError(
                f"{path} has ticks of the clip {entry.clip_id}, of which this run has no caption: give the "
                "run that the audit was made of"
            )
        claims = claims_of(clip)
        if digest_of(claims) != entry.digest or len(claims) != len(entry.claims):
            raise ValueError(
                f"{path} has ticks of another caption of the clip {entry.clip_id} than the run has now: make "
                "the audit anew with --audit, or run the pipeline that it was made with"
            )
        missing = (" ".join(thing.split()) for thing in entry.missing)
        found.append(Ticked(clip, claims, tuple(entry.claims), tuple(thing for thing in missing if thing)))
    return Sheet(" ".join(file.auditor.split()), path, tuple(found))


def _parsed(path: str) -> "_File":
    """The content of a file, checked."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): give a file of ticks") from error
    if len(data) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES:,} bytes and is no file of ticks")
    try:
        found = _File.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        said = ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)
        raise ValueError(
            f"{path} is no sound file of ticks ({said[:300]}): save one from the page of an audit"
        ) from error
    if len({entry.clip_id for entry in found.clips}) < len(found.clips):
        raise ValueError(f"{path} is no sound file of ticks (a clip is there twice): save it anew")
    return found


_Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
_Thing = Annotated[str, StringConstraints(max_length=LONGEST)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    clip_id: _Hex
    digest: _Hex
    claims: list[Literal["right", "wrong", "unclear"] | None]
    missing: list[_Thing] = Field(max_length=MOST_MISSING)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["curate-ticks"]
    version: Literal[1]
    auditor: str = Field(max_length=200)
    clips: list[_Entry] = Field(max_length=MOST_CLIPS)
