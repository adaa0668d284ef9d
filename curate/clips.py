"""Ids, table schemas and the layout of a sample: what every other module agrees on.

An id is a 128-bit BLAKE2b digest: 16 bytes in Python, a UUID column in Parquet and DuckDB (16 bytes on disk,
quick to join, and `WHERE clip_id = '<32 hex digits>'` works), 32 lowercase hex digits wherever a person or a
file sees it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

ID_BYTES = 16
SCHEMA_VERSION = 1
"""Version of the table schemas below, written in every table; a run of a newer one is refused."""

ID = pa.uuid()


def new_hash() -> "hashlib.blake2b":
    """The hash behind every id: BLAKE2b cut to 128 bits."""
    return hashlib.blake2b(digest_size=ID_BYTES)


def digest(*parts: bytes) -> bytes:
    """Id (16 bytes) of `parts`; each is prefixed by its length, so that no two lists of parts run
    together."""
    h = new_hash()
    for part in parts:
        h.update(len(part).to_bytes(8, "little"))
        h.update(part)
    return h.digest()


def clip_id(video_id: bytes, start_pts: int, end_pts: int) -> bytes:
    """Id of the span [start_pts, end_pts) of a video: it does not depend on the options that found the
    span."""
    return digest(video_id, str(start_pts).encode(), str(end_pts).encode())


def cache_key(*facts: Any) -> str:
    """16 hex digits that stand for `facts` (JSON values): equal facts, equal key, on every machine."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def captions_digest(captions: Iterable[tuple[str, str]]) -> str:
    """Hex digest of the captions of a clip, (name, text) each: embeddings of others are out of date."""
    return digest(*(part.encode() for pair in sorted(captions) for part in pair)).hex()


def pairs_key(name: str, key: str) -> str:
    """Key of the pairs that the filter `name`, whose own key is `key`, found."""
    return cache_key("pairs", name, key)


def share(identity: bytes, salt: str) -> float:
    """A fixed number in [0, 1) for an id: a seeded choice that no order, path or worker count can change."""
    h = hashlib.blake2b(identity, digest_size=8, salt=salt.encode()[:16])
    return int.from_bytes(h.digest(), "big") / 2**64


def ids_array(ids: list[bytes | None]) -> pa.Array:
    """A UUID array from 16-byte ids."""
    return pa.ExtensionArray.from_storage(ID, pa.array(ids, pa.binary(ID_BYTES)))


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


_S, _I, _F, _B = pa.string(), pa.int64(), pa.float64(), pa.bool_()

FILES = _schema(uri=_S, bytes=_I, modified=_S, video_id=ID, error=_S)
"""Cache of hashing: what (uri, bytes, modified) was when it was last read. `video_id` is NULL where reading
failed."""

INPUTS = _schema(uri=_S, bytes=_I, modified=_S, carried=_S, missing=_S)
"""What the input of the last run named. `carried`: further columns of a list, as a JSON object. `missing`:
why a listed file could not be found."""

VIDEOS = _schema(
    video_id=ID, bytes=_I, container=_S, codec=_S, width=_I, height=_I, coded_width=_I, coded_height=_I,
    rotation=_I, sar=_S, fps=_F, vfr=_B, irregular=_B, frames=_I, keyframes=_I, seconds=_F, start_seconds=_F,
    time_base=_S, pixel_format=_S, bit_depth=_I, matrix=_S, range=_S, transfer=_S, primaries=_S, has_audio=_B,
    audio_codec=_S, audio_rate=_I, audio_channels=_I, bits_per_pixel=_F, error=_S, key=_S,
    entries=pa.list_(pa.struct([("pts", _I), ("ready", _I)])),
)  # fmt: skip
"""One content. `width` x `height` as shown (upright, square pixels); `seconds` of its frames; `error`: why
not usable; `entries`: keyframes at which a scan may be split (curate.media.probe), not in the view."""

SCANS = _schema(
    video_id=ID,
    groups=pa.list_(
        pa.struct([("group", _S), ("key", _S), ("part", _S), ("rows", _I), ("bytes", _I)]),
    ),
    frames_decoded=_I, start_pts=_I, end_pts=_I, seconds=_F, time_base=_S, salvaged=_B, errors=_I,
    first_error=_S,
    reordered=_B, filled=_I, error=_S, transient=_B, cpu_seconds=_F, chunks=_I, chunk_error=_S,
)  # fmt: skip
"""One decoding pass over a video. A signal part exists for readers only when a row here names it
(`groups.part`). `chunks`: in how many it was decoded, 0 if its sound alone was; `chunk_error`: why it was
decoded whole all the same."""

CLIPS = _schema(
    clip_id=ID, video_id=ID, start_pts=_I, end_pts=_I, time_base=_S, start_seconds=_F, end_seconds=_F,
    frames=_I,
    audited=_B, dropped_by=_S,
)  # fmt: skip
"""A span. `dropped_by` is `cuts.…` for shots too short and trimmed ends; `audited`: measured whatever the
verdict."""

CAPTIONS = _schema(
    clip_id=ID, subject=_S, action=_S, background=_S, camera_motion=_S, shot_type=_S, lighting=_S,
    atmosphere=_S, style=_S, text_visible=_S, dense=_S, short=_S, original=_S, fields=_S, captioner=_S,
    model=_S, revision=_S, prompt_hash=_S, frames_seen=pa.list_(_I), attempts=_I, outcome=_S, error=_S,
)  # fmt: skip
"""`subject` … `text_visible`: what a model said, NULL where it said nothing or none was asked; `fields`: the
structured parts as a JSON object, whoever wrote them. `original`: the source's own caption, untouched.
`frames_seen`: pts of the frames that the model was shown. `attempts`: its answers. `outcome`: one of
CAPTIONED, or why there is no caption: the gate that the last answer failed, `unanswered` (asked again in the
next run), `rejected` (the server does not take the request) or `failed`."""

CAPTIONED = ("ok", "measured")
"""Outcomes with a caption: the captioner's own, and that of `measured` in its place."""

ANSWERS = _schema(
    clip_id=ID, window=_I, attempt=_I, request_hash=_S, sampling=_S, raw=_S, finish_reason=_S, tokens_in=_I,
    tokens_out=_I, seconds=_F, answered=_F, model=_S, frames_seen=pa.list_(_I), evidence=_S, error=_S,
)  # fmt: skip
"""What a model answered. `window`: 0, 1, … of a long clip, -1 for the call that merges them. `sampling` and
`evidence` (what was measured of the window) are JSON objects. `answered`: when, in seconds since 1970;
`seconds`: how long it took. `raw` is NULL, and `error` says why, where no answer came."""

SIMILARITIES = _schema(clip_id=ID, digest=_S, similarity=_F, error=_S)
"""How well a caption fits the clip's pictures. `digest`: of the short and the dense caption. `similarity`:
mean cosine by CLIP, NULL where `error` says why it could not be measured."""

ENCODES = _schema(
    clip_id=ID, bytes=_I, width=_I, height=_I, frames=_I, fps=_F, seconds=_F, has_audio=_B, audio_start=_F,
    audio_rate=_I, audio_error=_S, digest=_S, frames_decoded=_I, error=_S, transient=_B,
)  # fmt: skip
"""A clip that was encoded (or could not be). `digest` names the file's bytes. The sound's sample k belongs to
the time `audio_start + k / audio_rate`, in seconds after the first frame and in Hz; NULL without sound."""

SAMPLES = _schema(
    clip_id=ID, shard=_S, key=_S, mp4_offset=_I, mp4_bytes=_I, json_offset=_I, json_bytes=_I, txt_offset=_I,
    txt_bytes=_I, short_txt_offset=_I, short_txt_bytes=_I, width=_I, height=_I, frames=_I, fps=_F, seconds=_F,
    has_audio=_B, audio_start=_F, audio_rate=_I, bucket=_S, weight=_F, split=_S, digest=_S,
)  # fmt: skip
"""A clip in a shard. `shard` is relative to the run; offsets count bytes from the start of the tar to the
member's data."""

VERDICTS = _schema(clip_id=ID, kept=_B, dropped_by=_S, error=_S, pending=_B, position=_I)
"""`position`: the rule (row of `funnel`) at which the clip's fate was settled; NULL for kept clips."""

FUNNEL = _schema(position=_I, rule=_S, entered=_I, dropped=_I, failed=_I, pending=_I)

PAIRS = _schema(clip_a=ID, clip_b=ID, kind=_S, similarity=_F, better=ID, covered=_F)
"""Two near-identical clips, clip_a < clip_b. `better`: the one of the two that is the better copy; `covered`:
how much of the other one it shows, which a rule is about; `similarity` is about the shorter one."""

LATENTS = _schema(
    clip_id=ID, digest=_S, made_with=_S, made=_S, vae=_S, vae_name=_S, window=_I, start_frame=_I, frames=_I,
    height=_I, width=_I, fps=_F, file=_S, offset=_I, bytes=_I, crc=_I,
)  # fmt: skip
"""Latents of a window of a sample, in a tar beside the shards (see MANIFEST). `digest`: of the clip that
they were made of; `made_with`: key of the autoencoder and the sizes; `made`: when; `vae_name`: where the
autoencoder was."""

TEXTS = _schema(
    clip_id=ID, digest=_S, encoder=_S, variant=_S, file=_S, offset=_I, bytes=_I, tokens=_I, width=_I,
    pooled=_I, crc=_I,
)  # fmt: skip
"""An embedding of a caption variant of a sample. `digest`: of the captions that it was made of."""

LOSSES = _schema(clip_id=ID, model=_S, loss=_F, loss_null=_F, made_of=_S)
"""How well a model tells a clip's velocities, at four fixed times and with noise of its own: with its
caption, and without. `model`: digest of its weights. `made_of`: digest of the clip and its captions."""

STEPS = _schema(
    run=_I,
    step=_S,
    done=_I,
    reused=_I,
    failed=_I,
    frames_decoded=_I,
    clips_encoded=_I,
    seconds=_F,
    versions=_S,
)
"""What a step did in a run. `versions`: JSON object of the packages and codecs that it used."""

RUNS = _schema(
    run=_I, pipeline=_S, name=_S, rules=_S, keys=_S, verdicts=_S, passed_over=_I, versions=_S, ended=_S
)
"""A `curate run`. `pipeline`, `keys`, `versions` are JSON; the last row says what the views show."""

TABLES: dict[str, pa.Schema] = {
    "files": FILES, "inputs": INPUTS, "videos": VIDEOS, "scans": SCANS, "clips": CLIPS,
    "captions": CAPTIONS, "answers": ANSWERS, "similarities": SIMILARITIES, "encodes": ENCODES,
    "samples": SAMPLES, "verdicts": VERDICTS, "funnel": FUNNEL,
    "pairs": PAIRS, "steps": STEPS, "runs": RUNS, "latents": LATENTS, "texts": TEXTS, "losses": LOSSES,
}  # fmt: skip

KEYED = {"clips", "captions", "answers", "similarities", "encodes", "verdicts", "funnel", "pairs", "losses"}
"""Tables partitioned by the cache key of the step that wrote them; scores are too."""

SCORE_COLUMN_TYPES: dict[type, pa.DataType] = {float: _F, int: _I, bool: _B, str: _S}


def score_schema(columns: dict[str, type]) -> pa.Schema:
    """Schema of `scores/<filter>`: clip_id, score, the filter's further columns, error."""
    extra = [(name, SCORE_COLUMN_TYPES[kind]) for name, kind in columns.items()]
    return pa.schema([("clip_id", ID), ("score", _F), *extra, ("error", _S)])


ENCODED = (
    "width", "height", "frames", "fps", "seconds", "has_audio", "audio_start", "audio_rate", "digest",
)  # fmt: skip
"""Columns of `samples` that are facts of the encoded clip; `encoded` in KEY.json has them too."""

# What a training run reads: one Parquet file, a row per sample, which names the bytes of all that it needs.
_LATENTS = pa.list_(pa.struct([
    ("vae", _S), ("made_with", _S), ("window", _I), ("start_frame", _I), ("frames", _I), ("height", _I),
    ("width", _I), ("fps", _F), ("file", _S), ("offset", _I), ("bytes", _I), ("crc", _I),
]))  # fmt: skip
_TEXTS = pa.list_(pa.struct([
    ("encoder", _S), ("variant", _S), ("file", _S), ("offset", _I), ("bytes", _I), ("tokens", _I),
    ("width", _I), ("pooled", _I), ("crc", _I),
]))  # fmt: skip

MANIFEST = _schema(
    clip_id=ID, video_id=ID, key=_S, shard=_S, mp4_offset=_I, mp4_bytes=_I, digest=_S, width=_I, height=_I,
    frames=_I, fps=_F, seconds=_F, has_audio=_B, audio_start=_F, audio_rate=_I,
    captions=pa.map_(_S, _S), motion=_F, aesthetic=_F, weight=_F, split=_S, latents=_LATENTS, texts=_TEXTS,
)  # fmt: skip
"""`shard` and `file` are relative to the `root` of the file's metadata. `captions`: `dense`, `short`,
`original` and `fields.NAME`, those that there are. `motion`, `aesthetic`: NULL where not measured.
`latents`: float16, little-endian, C-contiguous (channels, t, h, w), normalised by the autoencoder with the
digest `vae`, of `frames` frames at `fps` from `start_frame` on, height x width pixels; windows of one
`made_with` belong together, another is the clip at another size. `texts`: float16
(tokens, width), then (pooled,), of the caption variant `variant`. `crc`: zlib.crc32 of the bytes."""

MANIFEST_ROOT = b"root"
"""Key of the manifest's schema metadata: the folder of the run."""

# The layout of a sample in a webdataset tar: KEY is the clip's id in hex; webdataset groups members by all
# before the first dot of the name.
MEMBERS: dict[str, str] = {"mp4": "mp4", "json": "json", "txt": "txt", "short_txt": "short.txt"}
"""Column prefix in `samples` -> member extension: the clip, all that is known of it, the dense and short
caption."""
