"""Damage that knows the container: sizes, counts, clocks and dimensions that are lies.

`EDITS[name]` is (the base that it is made from, a function of a seeded generator and the base's content).
"""

from collections.abc import Iterator
from functools import partial

from tests.hostile_corpus.mutations import Mutation, Rng

NESTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"moof", b"traf", b"mvex", b"dinf"}
EXTREMES = (0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0)


def atoms(content: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, kind) of every box of an mp4, also of those within others."""
    end = len(content) if end is None else end
    while start + 8 <= end:
        size, kind = int.from_bytes(content[start : start + 4], "big"), content[start + 4 : start + 8]
        if size < 8:
            return
        yield start, start + size, kind
        if kind in NESTS:
            yield from atoms(content, start + 8, start + size)
        start += size


def _found(content: bytes, kind: bytes) -> tuple[int, int]:
    """Where the first box of a kind is; those that follow other fields are found by their name."""
    for start, end, found in atoms(content):
        if found == kind:
            return start, end
    start = content.index(kind) - 4
    return start, start + int.from_bytes(content[start : start + 4], "big")


def put(content: bytes, at: int, number: int, width: int = 4) -> bytes:
    return content[:at] + (number % (1 << 8 * width)).to_bytes(width, "big") + content[at + width :]


def box_size(rng: Rng, content: bytes, kind: bytes, size: int) -> bytes:
    """The box says that it is `size` bytes long (0: to the end of the file, 1: see the next 64 bits)."""
    return put(content, _found(content, kind)[0], size)


def box_field(rng: Rng, content: bytes, kind: bytes, offset: int, number: int, width: int = 4) -> bytes:
    """A number in the first box of a kind, `offset` bytes behind its header."""
    return put(content, _found(content, kind)[0] + 8 + offset, number, width)


def box_gone(rng: Rng, content: bytes, kind: bytes) -> bytes:
    """The box is free space; what is in it is not read."""
    start = _found(content, kind)[0]
    return content[: start + 4] + b"free" + content[start + 8 :]


def box_numbers(rng: Rng, content: bytes, kind: bytes) -> bytes:
    """One to three numbers anywhere in a box become extreme."""
    start, end = _found(content, kind)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(start + 8, max(start + 9, end - 4)))
        content = put(content, at, EXTREMES[int(rng.integers(len(EXTREMES)))])
    return content


def two_indexes(rng: Rng, content: bytes) -> bytes:
    start, end = _found(content, b"moov")
    return content + content[start:end]


def deep_boxes(rng: Rng, content: bytes) -> bytes:
    """Four thousand boxes within one another behind the file type, as long as they need to be."""
    end = _found(content, b"ftyp")[1]
    deep = b""
    for _ in range(4000):
        deep = (len(deep) + 8).to_bytes(4, "big") + b"moov" + deep
    return content[:end] + deep + content[end:]


def long_samples(rng: Rng, content: bytes) -> bytes:
    """Every frame lasts 2^31 - 1 ticks: days."""
    start, _ = _found(content, b"stts")
    return put(content, start + 8 + 12, 0x7FFFFFFF)


def ebml_unknown(rng: Rng, content: bytes, element: bytes) -> bytes:
    """The element's size is the one that stands for "unknown", as in a live recording."""
    at = content.index(element) + len(element)
    length = 8 - content[at].bit_length() + 1
    return content[:at] + bytes([(1 << (9 - length)) - 1]) + b"\xff" * (length - 1) + content[at + length :]


def ebml_number(rng: Rng, content: bytes, element: bytes, number: int) -> bytes:
    """The value of a short element, in as many bytes as it has."""
    at = content.index(element) + len(element)
    width = content[at] & 0x7F
    return put(content, at + 1, number, width)


def ebml_size(rng: Rng, content: bytes, element: bytes) -> bytes:
    """The element claims 2^49 bytes: eight bytes of size take the place of what was there."""
    at = content.index(element) + len(element)
    return content[:at] + b"\x01\x02\x00\x00\x00\x00\x00\x00" + content[at + 8 :]


def little(rng: Rng, content: bytes, tag: bytes, offset: int, number: int) -> bytes:
    """Four bytes at `offset` behind a RIFF tag."""
    at = content.index(tag) + len(tag) + offset
    return content[:at] + number.to_bytes(4, "little") + content[at + 4 :]


def replaced(rng: Rng, content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new, 1)


def _mp4() -> Iterator[tuple[str, str, Mutation]]:
    for kind in (b"ftyp", b"moov", b"mdat", b"trak", b"stbl", b"stsd", b"stts", b"stsz", b"stco", b"avcC"):
        for size in EXTREMES:
            yield f"size_{kind.decode()}_{size:x}", "mp4", partial(box_size, kind=kind, size=size)
    for kind in (b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz",
                 b"stco", b"elst", b"dref"):  # fmt: skip
        for turn in range(4):
            yield f"numbers_{kind.decode()}_{turn}", "mp4", partial(box_numbers, kind=kind)
        yield f"gone_{kind.decode()}", "mp4", partial(box_gone, kind=kind)
    fields = {
        "movie_clock_0": (b"mvhd", 12, 0), "movie_endless": (b"mvhd", 16, 0xFFFFFFFF),
        "clock_0": (b"mdhd", 12, 0), "clock_1": (b"mdhd", 12, 1), "clock_huge": (b"mdhd", 12, 0xFFFFFFFF),
        "clock_negative": (b"mdhd", 12, 0x80000000), "track_endless": (b"mdhd", 16, 0xFFFFFFFF),
        "frames_many": (b"stts", 8, 0x7FFFFFFF), "frame_0": (b"stts", 12, 0),
        "frame_back": (b"stts", 12, -500),
        "frame_days": (b"stts", 12, 0x7FFFFFFF), "sizes_many": (b"stsz", 8, 0x7FFFFFFF),
        "size_same": (b"stsz", 4, 0x10000), "chunks_many": (b"stco", 4, 0x7FFFFFFF),
        "chunk_outside": (b"stco", 8, 0x7FFFFFFF), "chunk_0": (b"stco", 8, 0),
        "edits_many": (b"elst", 4, 0xFFFF), "edit_late": (b"elst", 12, 0x7FFFFFFF),
        "edit_early": (b"elst", 12, -5000), "edit_empty": (b"elst", 12, -1),
        "edit_short": (b"elst", 8, 1), "edit_long": (b"elst", 8, 0x7FFFFFFF),
        "shift_huge": (b"ctts", 12, 0x7FFFFFFF), "shift_back": (b"ctts", 12, -0x7FFFFFFF),
        "matrix_0": (b"tkhd", 40, 0), "matrix_odd": (b"tkhd", 44, 0x00008000),
    }  # fmt: skip
    for name, (kind, offset, number) in fields.items():
        yield name, "mp4", partial(box_field, kind=kind, offset=offset, number=number)
    for side, width, height in (("0", 0, 0), ("1", 1, 1), ("65535", 65535, 65535), ("wide", 65535, 1)):
        edit = partial(box_field, kind=b"stsd", offset=8 + 8 + 24, number=width << 16 | height)
        yield f"stated_{side}", "mp4", edit
    yield "two_indexes", "mp4", two_indexes
    yield "deep_boxes", "mp4", deep_boxes
    yield "fragment_offsets", "mp4_fragments", partial(box_numbers, kind=b"trun")
    yield "fragment_time", "mp4_fragments", partial(box_field, kind=b"tfdt", offset=4, number=-1, width=8)
    yield (
        "fragment_time_huge",
        "mp4_fragments",
        partial(box_field, kind=b"tfdt", offset=4, number=(1 << 62), width=8),
    )


def _matroska() -> Iterator[tuple[str, str, Mutation]]:
    cluster, segment, tracks = b"\x1f\x43\xb6\x75", b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b"
    for name, element in (("cluster", cluster), ("segment", segment), ("tracks", tracks)):
        yield f"ebml_unknown_{name}", "mkv", partial(ebml_unknown, element=element)
        yield f"ebml_huge_{name}", "mkv", partial(ebml_size, element=element)
    for name, element in (("scale", b"\x2a\xd7\xb1"), ("frame", b"\x23\xe3\x83"), ("number", b"\xd7\x81")):
        for number in (0, 1, 0xFFFFFFFF):
            if name != "number":
                edit = partial(ebml_number, element=element, number=number)
                yield f"ebml_{name}_{number:x}", "mkv", edit
    for number in (0, 1, 0x7FFF):
        yield f"ebml_width_{number:x}", "mkv", partial(ebml_number, element=b"\xb0", number=number)


def _riff() -> Iterator[tuple[str, str, Mutation]]:
    for number in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"riff_size_{number:x}", "avi", partial(little, tag=b"RIFF", offset=0, number=number)
        yield f"riff_scale_{number:x}", "avi", partial(little, tag=b"strh", offset=24, number=number)
        yield f"riff_rate_{number:x}", "avi", partial(little, tag=b"strh", offset=28, number=number)
        yield f"riff_start_{number:x}", "avi", partial(little, tag=b"strh", offset=32, number=number)
        yield f"riff_movi_{number:x}", "avi", partial(little, tag=b"LIST", offset=0, number=number)
        yield f"riff_index_{number:x}", "avi", partial(little, tag=b"idx1", offset=0, number=number)
        yield f"riff_width_{number:x}", "avi_mjpeg", partial(little, tag=b"strf", offset=8, number=number)


def _others() -> Iterator[tuple[str, str, Mutation]]:
    for width, height in ((0, 0), (1, 1), (65535, 65535), (99999999, 99999999), (16384, 4096)):
        new = b"W%d H%d" % (width, height)
        yield f"y4m_{width}x{height}", "y4m", partial(replaced, old=b"W96 H64", new=new)
    for rate in (b"0:0", b"1:0", b"1000000:1", b"1:1000000", b"-5:1"):
        yield f"y4m_rate_{rate.decode()}", "y4m", partial(replaced, old=b"F25:1", new=b"F" + rate)
    for number in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"ivf_rate_{number:x}", "ivf", partial(little, tag=b"DKIF", offset=12, number=number)
        yield f"ivf_scale_{number:x}", "ivf", partial(little, tag=b"DKIF", offset=16, number=number)
        yield f"ivf_time_{number:x}", "ivf", partial(little, tag=b"DKIF", offset=28 + 8, number=number)
    yield "gif_canvas", "gif", lambda rng, content: content[:6] + b"\xff\x20\xff\x20" + content[10:]


EDITS: dict[str, tuple[str, Mutation]] = {
    name: (base, edit) for made in (_mp4, _matroska, _riff, _others) for name, base, edit in made()
}
"""By name: the base, and what is done to it."""
