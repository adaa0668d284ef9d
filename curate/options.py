"""The options of a pipeline as types, each with what it means below it."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from curate.signals.frames import FramesOptions


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _bytes(value: Any) -> Any:
    """`500MB`, `2GiB` or a plain number of bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", value, re.IGNORECASE)
    if not match:
        raise ValueError("give a size such as 500MB or 2GiB")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(unit.upper() or " "))


Size = Annotated[int, BeforeValidator(_bytes)]


class Resources(Options):
    """What one task or actor of a step takes of the cluster, and how many there are at once. Results do not
    depend on it, and no cache key holds it."""

    num_cpus: float = Field(1.0, ge=0, le=1024)
    """CPUs that Ray reserves for each; 0 reserves none."""
    num_gpus: float = Field(0.0, ge=0, le=64)
    """GPUs that Ray reserves for each; a share such as 0.5 lets two sit on one."""
    concurrency: int | None = Field(None, ge=1)
    """At most so many at once; as many as the cluster carries if it is not given."""
    batch_size: int | None = Field(None, ge=1)
    """Clips that are measured together; the step's own choice if it is not given."""


class ScanOptions(FramesOptions):
    """The one full decode. The sampled frames' options are here; the other fields only guard the decoder."""

    stall_seconds: float = Field(60.0, gt=0)
    """A decoder that delivers no frame for this long is ended, and the video fails."""
    max_memory: Size = Field(4_000_000_000, ge=500_000_000)
    """Memory that a decoding process may take; a file that wants more fails."""
    chunk_seconds: float = Field(300.0, ge=1)
    """Longer videos are split at keyframes into chunks of about this length, which are decoded side by side;
    what is written does not depend on it."""
    num_cpus: float = Field(1.0, gt=0, le=1024)
    """CPUs that Ray reserves for each decoding task."""
    concurrency: int | None = Field(None, ge=1)
    """Decoding tasks at once, at most."""

    def frames(self) -> FramesOptions:
        """The options that change what is written (and so belong in the cache key)."""
        return FramesOptions(**{name: getattr(self, name) for name in FramesOptions.model_fields})


class ShardOptions(Options):
    """What survivors are encoded to, and how they are packed."""

    max_bytes: Size = Field(500_000_000, ge=10_000)
    """A shard of a bucket is split in two when its clips take more than this."""
    encode: Literal["h264"] = "h264"
    """Codec of the clips; h264 is libx264."""
    crf: float = Field(18, ge=0, le=51)
    """Constant rate factor of libx264; 18 is about visually lossless, 23 the encoder's default."""
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = (
        "medium"
    )
    """Preset of libx264: slower is smaller."""
    fps: float | None = Field(None, ge=0.01, le=240)
    """Constant frame rate of the clips; the source's own timing if it is not given."""
    max_short_side: int | None = Field(None, ge=16)
    """Larger clips are scaled down to this short side; none is scaled up."""
    audio: bool = True
    """Keep the sound."""
    crop_borders: bool = False
    """Cut off the bars that the filter `borders` found, to even pixels."""
    validation: float = Field(0.01, ge=0, le=1)
    """Share of the videos whose clips are `split: validation` (chosen by a hash of the video)."""
    num_cpus: float = Field(1.0, gt=0, le=1024)
    """CPUs that Ray reserves for each encoding task."""
    concurrency: int | None = Field(None, ge=1)
    """Encoding tasks at once, at most."""


class LatentOptions(Options):
    """What is stored for training beside the clips: latents, and embeddings of captions."""

    vae: str
    """The autoencoder: a folder that `curate train vae` wrote, or a published one's name and revision."""
    text: str = "bytes"
    """The text encoder whose embeddings are stored, name@revision or a folder; bytes needs none."""
    tier: str | None = Field(None, pattern=r"^\d{1,5}px$")
    """Area of the pictures: 256px is that of 256 × 256 pixels in any shape. If it is not given, that of the
    first stage that trains on such latents."""
    max_frames: int | None = Field(None, ge=1)
    """Longest window, in frames; longer clips are stored in several. If it is not given, that stage's."""
    max_fps: float | None = Field(None, ge=0.01, le=240)
    """Frames of faster clips are left out until the rate is at most this."""
    patch: int | None = Field(None, ge=1, le=64)
    """Of the model that will read them; if it is not given 2 for an autoencoder of 8 pixels a latent, and 1
    for a deeper one."""
    num_cpus: float = Field(1.0, gt=0, le=1024)
    """CPUs that Ray reserves for each encoding process."""
    num_gpus: float = Field(0.0, ge=0, le=64)
    """GPUs of each."""
    concurrency: int | None = Field(None, ge=1)
    """At most so many at once; as many as the cluster carries if it is not given."""

    @property
    def resources(self) -> Resources:
        """What Ray reserves."""
        return Resources(num_cpus=self.num_cpus, num_gpus=self.num_gpus, concurrency=self.concurrency)


class Pipeline(Options):
    """One pipeline, resolved."""

    input: list[str]
    """Folders, globs, files, and lists (.txt, .csv, .jsonl, .parquet with a `uri` column)."""
    output: str
    """The run: one folder for tables, frames, shards."""
    scan: ScanOptions = ScanOptions()
    """The one full decode: which frames are stored, and what a decoder may take."""
    cuts: dict[str, Any] = {}
    """How shots are found and become clips: see curate.cutting."""
    filters: list[dict[str, Any]] = []
    """Measures with their rules, in order: a dropped clip goes no further."""
    captioner: dict[str, Any] = {"use": "measured"}
    """Who writes the captions, with its options."""
    shards: ShardOptions = ShardOptions()
    """What survivors are encoded to, and how they are packed."""
    latents: LatentOptions | None = None
    """What is stored beside the clips for training; nothing if it is not given."""
    audit: float = Field(0.01, ge=0, le=1)
    """Share of the dropped clips that is measured with every filter all the same (chosen by a hash)."""
    wave_hours: float = Field(10.0, gt=0)
    """Hours of footage that go through scan, cuts and filters together."""
    workers: int | None = Field(None, ge=1)
    """Decoding and encoding tasks at once; one per CPU if it is not given."""
