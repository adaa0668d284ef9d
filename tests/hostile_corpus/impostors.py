"""What bears a video's name and is none, or is one and something else besides.

`IMPOSTORS[name](folder)` writes one file and returns its path; `SECRETS` are files beside them that only a
careless reader opens. `NODES[name](folder)` makes what is no regular file.
"""

import gzip
import io
import os
import socket
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2

from tests.hostile_corpus import bases
from tests.making import picture, write

Maker = Callable[[Path], Path]

SECRETS = ("secret.dat", "secret.bin")
"""A sound video, and an MPEG transport stream, in every folder of an impostor that names them."""

_WORDS = {
    "ffconcat.mp4": "ffconcat version 1.0\nfile secret.dat\n",
    "concat_safe.mkv": "ffconcat version 1.0\nfile 'file:secret.dat'\nduration 1\n",
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nsecret.bin\n#EXT-X-ENDLIST\n",
    "hls.ts": "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:secret.bin\n",
    "hls_key.mp4": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="secret.bin"\n#EXTINF:1,\nsecret.bin\n',
    "dash.mp4": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>secret.dat</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "smil.rm": '<smil><body><video src="secret.dat"/></body></smil>',
    "asx.asf": '<asx version="3.0"><entry><ref href="secret.dat"/></entry></asx>',
    "sdp.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "redirect.mov": "RTSPtextRTSP://127.0.0.1/secret.dat\r\n",
    "image_list.mjpg": "secret%03d.jpg\n",
    "lavfi.mp4": "testsrc=duration=1000000:size=16384x16384",
    "page.mp4": "<!doctype html><html><body><video src='secret.dat'></video></body></html>\n" * 20,
    "svg.gif": '<svg xmlns="http://www.w3.org/2000/svg"><image href="secret.dat"/></svg>',
    "words.mkv": "Nothing that moves.\n" * 500,
    "ass.mp4": "[Script Info]\nScriptType: v4.00+\n[Events]\n"
    + "Dialogue: 0,0:00:00.00,9:59:59.99,,,,0,0,0,,x\n" * 40,
    "srt.avi": "1\n00:00:00,000 --> 99:59:59,999\nword\n\n" * 200,
    "webvtt.webm": "WEBVTT\n\n00:00.000 --> 99:59:59.000\nword\n",
    "script.mp4": "#!/bin/sh\nexit 1\n",
    "json.mov": '{"a": [' * 3000,
    "ansi.mpg": "\x1b[2J\x1b[31m" * 500,
    "ffmetadata.mp4": ";FFMETADATA1\ntitle=x\n[CHAPTER]\nTIMEBASE=1/0\nSTART=0\nEND=1\n",
}
"""Text with a video's name, among it every format known to make a demuxer open something else."""


def _text(folder: Path, name: str) -> Path:
    write(folder / SECRETS[0], muxer="mp4", frames=5)
    write(folder / SECRETS[1], muxer="mpegts", frames=5)
    path = folder / name
    path.write_text(_WORDS[name])
    return path


def _bytes(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _still(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, picture(0, 96, 64))[1].tobytes())


def _video(folder: Path, base: str = "mp4_front") -> bytes:
    path = bases.make(base, folder)
    content = path.read_bytes()
    path.unlink()
    return content


def zipped(folder: Path) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video.mp4", _video(folder))
        archive.writestr("zeros", bytes(10_000_000))
    return _bytes(folder, "zipped.mp4", buffer.getvalue())


def tarred(folder: Path) -> Path:
    buffer = io.BytesIO()
    content = _video(folder)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("../video.mp4")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return _bytes(folder, "tarred.mp4", buffer.getvalue())


def zip_behind(folder: Path) -> Path:
    """A video that is a zip archive as well: archives are read from their end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("file", b"content" * 1000)
    return _bytes(folder, "zip_behind.mp4", _video(folder) + buffer.getvalue())


def page_in_front(folder: Path) -> Path:
    """A page in whose comment a video stands."""
    return _bytes(folder, "page_in_front.ts", b"<html><!--" + _video(folder, "ts") + b"--></html>")


def two_containers(folder: Path) -> Path:
    """A Matroska file behind an MP4 file."""
    return _bytes(folder, "two_containers.mp4", _video(folder) + _video(folder, "mkv"))


def nested(folder: Path) -> Path:
    """A whole MP4 file in the free space of another."""
    content = _video(folder)
    inner = (len(content) + 8).to_bytes(4, "big") + b"free" + content
    return _bytes(folder, "nested.mp4", content + inner)


def sparse(folder: Path, name: str, content: bytes, size: int) -> Path:
    """A file that claims `size` bytes and of which the disk holds a few."""
    path = folder / name
    with open(path, "wb") as file:
        file.write(content)
        file.truncate(size)
    return path


IMPOSTORS: dict[str, Maker] = {
    **{name.replace(".", "_"): partial(_text, name=name) for name in _WORDS},
    **{f"still_{ext}": partial(_bytes, name=f"still_{ext}.mp4", content=_still(f".{ext}"))
       for ext in ("png", "jpg", "webp", "bmp", "tiff", "ppm")},
    "one_byte": partial(_bytes, name="one_byte.mp4", content=b"\x00"),
    "zeros": partial(_bytes, name="zeros.mp4", content=bytes(100_000)),
    "ones": partial(_bytes, name="ones.ts", content=b"\xff" * 100_000),
    "sync_bytes": partial(_bytes, name="sync_bytes.ts", content=(b"\x47" + bytes(187)) * 500),
    "start_codes": partial(_bytes, name="start_codes.h264", content=b"\x00\x00\x01" * 30_000),
    "jpeg_starts": partial(_bytes, name="starts.mjpeg", content=b"\xff\xd8\xff" * 30_000),
    "mpeg_starts": partial(_bytes, name="starts.mpg", content=b"\x00\x00\x01\xba" * 20_000),
    "gif_frames": partial(
        _bytes, name="frames.gif",
        content=bytes.fromhex("474946383961010001008000000000 00ffffff")
        + bytes.fromhex("21f9040000000000 2c000000000100010000 0202440100") * 3000,
    ),
    "gzipped": partial(_bytes, name="gzipped.mp4", content=gzip.compress(bytes(5_000_000), mtime=0)),
    "elf": partial(_bytes, name="program.mkv", content=b"\x7fELF\x02\x01\x01" + bytes(5000)),
    "pdf": partial(_bytes, name="pages.mov", content=b"%PDF-1.7\n" + b"1 0 obj<<>>endobj\n" * 100),
    "sparse_zeros": partial(sparse, name="sparse.mp4", content=b"", size=200_000_000),
    "sparse_box": partial(
        sparse, name="sparse_box.mp4", content=b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", size=100_000_000
    ),
    **{made.__name__: made for made in (zipped, tarred, zip_behind, page_in_front, two_containers, nested)},
}  # fmt: skip


def _named(folder: Path, name: bytes) -> Path:
    """A sound video; its length, and so its content, follows from the name."""
    plain = write(folder / "plain.part", muxer="mp4", frames=3 + sum(name) % 23, size=(64, 48))
    path = os.path.join(os.fsencode(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.rename(plain, path)
    return Path(os.fsdecode(path))


_LONG = b"/".join((b"d" * 200, b"e" * 200, b"f" * 200, b"g.mp4"))
_NAMES = (
    b"a\nb.mp4", b"tab\tbell\x07.mp4", b"'quote\".mp4", b"--input.mp4", b"caf\xe9.mp4", b"\xff\xfe.mkv",
    "🎞️ مرحبا.mp4".encode(), "e\u0301 \u202egpj.mp4".encode(), "\ufeff.mp4".encode(), "\u2028.mp4".encode(),
    b"x" * 251 + b".mp4", _LONG, b" .mp4", b"a .mp4", b"%00%0a%d%s%n.mp4", b"$(exit 1).mp4", b"`exit`;.mp4",
    b"a|b>c<d&.mp4", b"*.mp4", b"?.mp4", b"~.mp4", b"nul.mp4", b"file:a.mp4", b"http:a.mp4", b"pipe:0.mp4",
    b"subfile,,start,0,end,9,,:a.mp4", b"a.mp4.MP4", b"\\.mp4", b"\\n.mp4", b"\x1b]0;title\x07.mp4",
    b"[/red].mp4", b"<script>alert(1)<|script>.mp4", b"';DROP TABLE videos;--.mp4", b"a,b;c.mp4",
    b'{"a": 1}.mp4',
)  # fmt: skip
NAMES: dict[str, Maker] = {f"name_{number}": partial(_named, name=name) for number, name in enumerate(_NAMES)}
"""Names that something between a folder and a page could take for anything but a name."""


def _folder(folder: Path) -> Path:
    path = folder / "folder.mp4"
    path.mkdir()
    return path


def _pipe(folder: Path) -> Path:
    path = folder / "pipe.mp4"
    os.mkfifo(path)
    return path


def _socket(folder: Path) -> Path:
    """A socket's name must be short, so it is bound from within the folder."""
    path = folder / "s.mp4"
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(".", os.O_RDONLY)
        try:
            os.chdir(folder)
            bound.bind(path.name)
        finally:
            os.fchdir(here)
            os.close(here)
    return path


def _link(folder: Path, name: str, target: str) -> Path:
    path = folder / name
    path.symlink_to(target)
    return path


def _links_in_a_circle(folder: Path) -> Path:
    _link(folder, "other.mkv", "circle.mkv")
    return _link(folder, "circle.mkv", "other.mkv")


def _folder_in_itself(folder: Path) -> Path:
    return _link(folder, "again.mp4", ".")


def _closed(folder: Path) -> Path:
    """Nobody may read it (but root may)."""
    path = write(folder / "closed.mp4", frames=7, size=(64, 48))
    path.chmod(0)
    return path


NODES: dict[str, tuple[Maker, int]] = {
    "folder": (_folder, 0),
    "pipe": (_pipe, 1),
    "socket": (_socket, 1),
    "device": (partial(_link, name="zero.mp4", target="/dev/zero"), 1),
    "terminal": (partial(_link, name="tty.mp4", target="/dev/tty"), 1),
    "dangling": (partial(_link, name="dangling.mp4", target="nowhere.mp4"), 1),
    "circle": (_links_in_a_circle, 2),
    "loop": (_folder_in_itself, 0),
    "process": (partial(_link, name="self.mp4", target="/proc/self/mem"), 1),
    "closed": (_closed, 1),
}
"""By name: the maker, and how many files a run must account for."""
