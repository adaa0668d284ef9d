"""Files that are not clean, each made by one function: what a folder of found footage holds sooner or later.

`ALL[name](folder)` writes one file into `folder` and returns its path; `OUTCOMES[name]` says what must become
of it: "ok" (every frame is used), "salvaged" (what decodes is used, and marked), "error" (a row says why).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.stream import Disposition
from av.video.frame import VideoFrame

from tests.making import add_sound, box, gif_of, picture, write, write_sound

ALL: dict[str, Callable[[Path], Path]] = {}
OUTCOMES: dict[str, str] = {}

ODD_NAMES = {
    "name_spaces": "two  words .mp4",
    "name_quotes": 'it\'s "quoted".mp4',
    "name_newline": "two\nlines.mp4",
    "name_markup": "<b>bold</b> & [red]rich[/red].mp4",  # Its slashes make folders.
    "name_chinese": "视频 文件.mp4",
    "name_emoji": "🎬🏔️.mp4",
    "name_combining": "e\u0301te\u0301.mp4",
    "name_dash": "-rf.mp4",
    "name_percent": "100%03d %s.mp4",
    "name_hash": "#1 ?x=y&z.mp4",
    "name_protocol": "concat:a|b.mp4",
    "name_glob": "[a]*{b}.mp4",
    "name_upper": "SHOUTED.MP4",
    "name_long": "long" * 60 + ".mp4",
}
"""Paths below the folder; each holds a sound video."""


def hostile(outcome: str) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """Enters a maker in `ALL` under its own name."""

    def enter(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        ALL[make.__name__], OUTCOMES[make.__name__] = make, outcome
        return make

    return enter


@hostile("salvaged")
def truncated(folder: Path) -> Path:
    """An index in front and half of the pictures: a download that broke off."""
    path = write(folder / "truncated.mp4", frames=60, container_options={"movflags": "+faststart"})
    content = path.read_bytes()
    start, end = box(content, b"mdat")
    path.write_bytes(content[: (start + end) // 2])
    return path


@hostile("error")
def no_moov(folder: Path) -> Path:
    """The pictures without the index that should follow them."""
    path = write(folder / "no_moov.mp4")
    content = path.read_bytes()
    path.write_bytes(content[: box(content, b"mdat")[1]])
    return path


@hostile("error")
def empty(folder: Path) -> Path:
    """No byte."""
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


@hostile("error")
def text(folder: Path) -> Path:
    """Words."""
    path = folder / "text.mp4"
    path.write_text("This is not a video.\n" * 50)
    return path


@hostile("error")
def random_bytes(folder: Path) -> Path:
    """Noise that no demuxer should take for anything."""
    path = folder / "random.mkv"
    path.write_bytes(np.random.default_rng(3).bytes(20_000))
    return path


@hostile("error")
def audio_only(folder: Path) -> Path:
    """A sound track alone."""
    path = folder / "audio_only.mp4"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        write_sound(container, add_sound(container), 1)
    return path


@hostile("error")
def audio_only_m4a(folder: Path) -> Path:
    """An .m4a that was renamed."""
    path = folder / "song.mp4"
    with av.open(str(path), "w", format="ipod", options={"fflags": "+bitexact"}) as container:
        write_sound(container, add_sound(container), 1)
    return path


@hostile("error")
def zero_frames(folder: Path) -> Path:
    """A video track that is announced and holds nothing."""
    return write(
        folder / "zero_frames.mp4", frames=0, container_options={"movflags": "+empty_moov+frag_keyframe"}
    )


@hostile("error")
def ffconcat(folder: Path) -> Path:
    """A script that makes a careless demuxer open another file: `secret.dat`, which no one pointed at."""
    write(folder / "secret.dat", muxer="mp4", frames=5)
    path = folder / "script.mp4"
    path.write_text("ffconcat version 1.0\nfile secret.dat\n")
    return path


@hostile("error")
def playlist(folder: Path) -> Path:
    """An HLS playlist that names another file."""
    write(folder / "segment.m4s", muxer="mpegts", frames=25)
    path = folder / "playlist.mp4"
    path.write_text(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nsegment.m4s\n#EXT-X-ENDLIST\n"
    )
    return path


@hostile("ok")
def one_frame(folder: Path) -> Path:
    """A single picture."""
    return write(folder / "one_frame.mp4", frames=1)


@hostile("ok")
def fifty_pixels(folder: Path) -> Path:
    """50 × 50."""
    return write(folder / "fifty.mp4", size=(50, 50))


@hostile("ok")
def two_pixels(folder: Path) -> Path:
    """2 × 2, the least that 4:2:0 can hold."""
    return write(folder / "two.mkv", size=(2, 2), codec="ffv1")


@hostile("ok")
def very_wide(folder: Path) -> Path:
    """1280 × 16: a height of three rows once it is 256 wide."""
    return write(folder / "very_wide.mp4", size=(1280, 16), frames=12)


@hostile("salvaged")
def corrupt_middle(folder: Path) -> Path:
    """A stretch in the middle of the pictures is overwritten with noise."""
    path = write(folder / "corrupt.mp4", frames=75)
    content = bytearray(path.read_bytes())
    start, end = box(content, b"mdat")
    middle, length = (start + end) // 2, (end - start) // 6
    content[middle : middle + length] = np.random.default_rng(5).bytes(length)
    path.write_bytes(content)
    return path


@hostile("ok")
def uncompressed(folder: Path) -> Path:
    """Bare pixels, so that any byte can change and the file still decodes in full."""
    return write(folder / "uncompressed.mkv", frames=12, size=(64, 48), codec="rawvideo")


@hostile("ok")
def one_byte_flipped(folder: Path) -> Path:
    """`uncompressed` with one bit of one byte in the middle changed: another content."""
    path = folder / "one_byte_flipped.mkv"
    content = bytearray(uncompressed(folder).read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    return path


@hostile("ok")
def variable_rate(folder: Path) -> Path:
    """Spacings of 20 to 200 ms."""
    steps = np.random.default_rng(9).integers(20, 200, 40)
    return write(folder / "vfr.mp4", frames=40, milliseconds=[0, *np.cumsum(steps).tolist()])


@hostile("ok")
def long_gap(folder: Path) -> Path:
    """A frame that stays for a minute."""
    return write(folder / "gap.mkv", frames=20, milliseconds=[40 * k + 60_000 * (k >= 10) for k in range(20)])


@hostile("ok")
def rotated(folder: Path) -> Path:
    """To be turned clockwise by 90 degrees."""
    return write(folder / "rotated.mp4", rotation=90)


@hostile("ok")
def odd_size(folder: Path) -> Path:
    """321 × 241 in 4:4:4."""
    return write(folder / "odd_size.mp4", size=(321, 241), pixel_format="yuv444p")


@hostile("ok")
def ten_bit(folder: Path) -> Path:
    """10 bits a sample."""
    return write(folder / "ten_bit.mkv", pixel_format="yuv420p10le")


@hostile("ok")
def grey(folder: Path) -> Path:
    """Luma alone."""
    return write(folder / "grey.mkv", codec="ffv1", pixel_format="gray")


@hostile("ok")
def gif(folder: Path) -> Path:
    """Ten pictures a second."""
    return write(folder / "loop.gif", codec="gif", pixel_format="rgb8", fps=10, frames=20)


@hostile("ok")
def gif_varying(folder: Path) -> Path:
    """Delays of 20 to 500 ms."""
    delays = [20, 500, 100, 40, 250, 70, 70, 300]
    times = [sum(delays[:k]) for k in range(len(delays))]
    return write(folder / "varying.gif", codec="gif", pixel_format="rgb8", frames=8, milliseconds=times)


@hostile("ok")
def late_start(folder: Path) -> Path:
    """The clock starts at an hour."""
    return write(folder / "late.ts", first=25 * 3600, container_options={"mpegts_copyts": "1"})


@hostile("ok")
def size_changes(folder: Path) -> Path:
    """160 × 120, then 320 × 180 in the same stream."""
    path = folder / "size_changes.ts"
    one = write(folder / "part_a.bin", muxer="mpegts", frames=25)
    two = write(folder / "part_b.bin", muxer="mpegts", frames=25, size=(320, 180), first=25)
    path.write_bytes(one.read_bytes() + two.read_bytes())
    one.unlink()
    two.unlink()
    return path


@hostile("error")
def cover_art_mp3(folder: Path) -> Path:
    """A song whose only picture is its cover."""
    plain = folder / "song.part"
    with av.open(
        str(plain), "w", format="mp3", options={"fflags": "+bitexact", "id3v2_version": "0"}
    ) as container:
        write_sound(container, add_sound(container, "libmp3lame"), 1)
    jpeg = cv2.imencode(".jpg", picture(0, 160, 120))[1].tobytes()
    body = b"\x00image/jpeg\x00\x03\x00" + jpeg
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\x00\x00" + body
    syncsafe = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path = folder / "cover_art.mp4"
    path.write_bytes(b"ID3\x03\x00\x00" + syncsafe + frame + plain.read_bytes())
    plain.unlink()
    return path


@hostile("error")
def cover_art_mp4(folder: Path) -> Path:
    """A song in mp4 whose only picture is its cover, marked as an attached picture."""
    path = folder / "cover_art_inside.mp4"
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        audio: Any = add_sound(container)
        cover: Any = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 160, 120, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        frame = VideoFrame.from_ndarray(picture(0, 160, 120), format="bgr24").reformat(format="yuvj420p")
        frame.pts = 0
        container.mux(cover.encode(frame))
        container.mux(cover.encode(None))
        write_sound(container, audio, 1)
    return path


@hostile("error")
def huge_gif(folder: Path) -> Path:
    """30000 × 30000: FFmpeg itself refuses more than about 16384², without a word on why."""
    return gif_of(folder / "huge.gif", 30000)


@hostile("error")
def bomb_gif(folder: Path) -> Path:
    """16000 × 16000: FFmpeg accepts it and takes 1 GB for one picture, out of 43 bytes."""
    return gif_of(folder / "bomb.gif", 16000)


@hostile("ok")
def raw_h264(folder: Path) -> Path:
    """A bare H.264 stream: no container, no times."""
    return write(folder / "raw.h264", muxer="h264", options={"preset": "veryfast", "bf": "2"})


@hostile("ok")
def avi_b_frames(folder: Path) -> Path:
    """B-frames in AVI, which has no presentation times."""
    return write(folder / "b_frames.avi", options={"preset": "veryfast", "bf": "2"})


@hostile("ok")
def no_duration(folder: Path) -> Path:
    """A live recording in Matroska: no duration and no index."""
    return write(folder / "live.mkv", container_options={"live": "1"})


@hostile("ok")
def clock_restarts(folder: Path) -> Path:
    """Two recordings of a second each in one file: half way the clock starts again."""
    path = write(folder / "restarts.ts", frames=25)
    path.write_bytes(path.read_bytes() * 2)
    return path


@hostile("ok")
def trailing_garbage(folder: Path) -> Path:
    """A whole video and then 5000 bytes of something else."""
    path = write(folder / "trailing.mp4")
    path.write_bytes(path.read_bytes() + np.random.default_rng(6).bytes(5000))
    return path


def _odd_name(key: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        plain, path = folder / f"{key}.part", folder / ODD_NAMES[key]
        write(
            plain, muxer="mp4", frames=3 + list(ODD_NAMES).index(key)
        )  # Contents differ, or they were copies.
        path.parent.mkdir(parents=True, exist_ok=True)
        os.rename(plain, path)
        return path

    make.__doc__ = f"A sound file named {ODD_NAMES[key]!r}."
    return make


for _key in ODD_NAMES:
    ALL[_key], OUTCOMES[_key] = _odd_name(_key), "ok"


def directory(folder: Path) -> Path:
    """A folder with a video's name."""
    path = folder / "folder.mp4"
    path.mkdir()
    return path


def pipe(folder: Path) -> Path:
    """A named pipe, which blocks whoever opens it."""
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def dangling_link(folder: Path) -> Path:
    """A link to nothing."""
    path = folder / "link.mp4"
    path.symlink_to(folder / "nowhere.mp4")
    return path


NOT_FILES: dict[str, Callable[[Path], Path]] = {
    "directory": directory,
    "pipe": pipe,
    "dangling_link": dangling_link,
}
"""What has a video's name and is no file: to be passed over or reported, never waited for."""
