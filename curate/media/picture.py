"""Decoded frames as pictures to look at and to encode: upright, square pixels, BT.709.

Scan pictures and JPEGs are reduced plane by plane and become RGB only when small, which costs a fifth of what
converting whole frames does. Every path ends in the same colours (see `colour`).
"""

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from curate.media.colour import U8, U16, Look, display_light, is_plain, look, ycbcr_to_bgr

cv2.setNumThreads(1)

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_SWS = {"bt601": 5, "bt709": 1, "bt2020": 9, "smpte240m": 7, "fcc": 4, "rgb": 1}
_BT709, _LIMITED, _FULL = 1, 1, 2

AnyPlane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def rotation_of(frame: VideoFrame) -> int:
    """Clockwise degrees, 0, 90, 180 or 270, that turn the decoded picture upright, from its display matrix.

    PyAV reports the display matrix's angle counterclockwise; angles between are rounded to a quarter.
    """
    return round(-frame.rotation / 90) % 4 * 90


def usable_sar(sar: Fraction | None) -> Fraction:
    """The sample aspect ratio, or 1 where it is unstated or beyond 10:1 (no camera's; always a broken header)."""
    if sar is None or not Fraction(1, 10) <= sar <= 10:
        return Fraction(1)
    return Fraction(sar)


def shown_size(width: int, height: int, rotation: int, sar: Fraction) -> tuple[int, int]:
    """(width, height) with square pixels, upright, of a picture decoded as width x height.

    Pixels are squared by stretching the side that is too short, so that none are lost: 704x576 at 16:11 is shown
    as 1024x576, at 8:9 as 704x648.
    """
    if sar >= 1:
        width = max(1, round(width * sar))
    else:
        height = max(1, round(height / sar))
    return (height, width) if rotation % 180 else (width, height)


class Viewer:
    """Turns the frames of one video into pictures; frames may change size and format midway."""

    def __init__(self, rotation: int = 0, sar: Fraction = Fraction(1)) -> None:
        """`rotation`: clockwise degrees to upright; `sar`: width to height of a coded pixel."""
        if rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation is {rotation}, but must be 0, 90, 180 or 270")
        self.rotation = rotation
        self.sar = usable_sar(sar)
        self._reformatter = VideoReformatter()

    def size(self, frame: VideoFrame) -> tuple[int, int]:
        """(width, height) of the frame as shown."""
        return shown_size(frame.width, frame.height, self.rotation, self.sar)

    def luma(self, frame: VideoFrame) -> U8:
        """Luma as stored (limited range stays limited), 8 bits, native resolution, coded orientation: (H, W).

        Deeper luma loses its low bits. A view of the frame's memory for 8-bit planar formats: do not write to it.
        """
        planes = _planes(frame)
        if planes is None or look(frame).matrix == "rgb":
            grey = self._swscale(frame, frame.width, frame.height, "gray", full=False)
            return _view(grey, 0, 1, 1)
        return _as_8_bit(next(planes), _depth(frame))

    def small(self, frame: VideoFrame, width: int = 256) -> U8:
        """The picture `width` wide, or its own width where that is less: BGR, full range, (h, w, 3)."""
        shown_width, shown_height = self.size(frame)
        width = min(width, shown_width)
        return self._bgr(frame, (width, max(1, round(width * shown_height / shown_width))))

    def rgb(self, frame: VideoFrame, short_side: int | None = None) -> U8:
        """The picture with its shorter side at `short_side`, never enlarged: RGB, full range, (h, w, 3)."""
        width, height = self.size(frame)
        short = min(width, height)
        if short_side is not None and short_side < short:
            width = max(1, round(width * short_side / short))
            height = max(1, round(height * short_side / short))
        rgb: U8 = cv2.cvtColor(self._bgr(frame, (width, height)), cv2.COLOR_BGR2RGB)
        return rgb

    def yuv(self, frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        """The picture as yuv420p, BT.709, limited range, `size` = (width, height), both even, for the encoder.

        Where `size` is the shown size less one pixel in either direction the last column or row (of the coded
        picture) is cut, otherwise the picture is scaled (bicubic). A source that is already just that comes back
        with its planes untouched. `pts` is the source's; the same frame gives the same bytes every time.
        """
        if size[0] % 2 or size[1] % 2 or min(size) < 2:
            raise ValueError(f"the size for encoding is {size[0]}x{size[1]}, but both sides must be even")
        target = self._coded(size)
        whole = self._coded(self.size(frame))
        cut = all(0 <= full - part <= 1 for full, part in zip(whole, target, strict=True))
        result = self._bt709(frame, *(whole if cut else target))
        if (result.width, result.height) != target or self.rotation:
            result = _turned(result, target, self.rotation)
        result.pts, result.time_base = frame.pts, frame.time_base
        result.colorspace = result.color_primaries = result.color_trc = _BT709
        result.color_range = _LIMITED
        return result

    def _coded(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self.rotation % 180 else size

    def _bgr(self, frame: VideoFrame, size: tuple[int, int]) -> U8:
        """BGR of `size` as shown: reduced as coded, then turned."""
        facts = look(frame)
        width, height = self._coded(size)
        planes = _planes(frame) if is_plain(facts) else None
        if planes is not None and facts.matrix != "rgb":
            parts = [_to_8_bit(_resized(plane, width, height), facts.bit_depth) for plane in planes]
            if len(parts) == 2:
                parts = [parts[0], *cv2.split(parts[1])]
                if frame.format.name in ("nv21", "nv42"):
                    parts[1], parts[2] = parts[2], parts[1]
            if len(parts) == 1:
                parts += [np.full((height, width), 128, np.uint8)] * 2
            picture = cv2.transform(cv2.merge(parts), ycbcr_to_bgr(facts))
        elif is_plain(facts):
            picture = _resized(
                _view(self._swscale(frame, frame.width, frame.height, "bgr24", full=True), 0, 1, 3),
                width,
                height,
            )
        else:
            deep = display_light(self._rgb48(frame, width, height), facts)
            picture = np.ascontiguousarray(
                ((deep[..., ::-1].astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
            )
        return _upright(picture, self.rotation)

    def _rgb48(self, frame: VideoFrame, width: int, height: int) -> U16:
        deep = self._swscale(frame, width, height, "rgb48le", full=True)
        return _view(deep, 0, 2, 3)

    def _bt709(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """yuv420p of coded orientation. Another matrix goes through 16-bit RGB, as swscale's own shortcut does
        not convert between matrices in every combination of formats."""
        facts = look(frame)
        if is_plain(facts) and facts.matrix == "bt709":
            return self._swscale(frame, width, height, "yuv420p", full=False)
        rgb = self._rgb48(frame, width, height)
        if not is_plain(facts):
            rgb = display_light(rgb, facts)
        deep = VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb48le")
        return self._swscale(deep, width, height, "yuv420p", full=False)

    def _swscale(self, frame: VideoFrame, width: int, height: int, layout: str, *, full: bool) -> VideoFrame:
        facts = look(frame)
        return self._reformatter.reformat(
            frame,
            width,
            height,
            layout,
            src_colorspace=_SWS[facts.matrix],
            dst_colorspace=_BT709,
            src_color_range=_FULL if facts.full_range else _LIMITED,
            dst_color_range=_FULL if full else _LIMITED,
            interpolation=_EXACT,
            threads=1,
        )


def _depth(frame: VideoFrame) -> int:
    return look(frame).bit_depth


_PLANAR = (
    "yuv4",
    "yuvj4",
    "yuva4",
    "gray",
    "nv12",
    "nv21",
    "nv16",
    "nv24",
    "nv42",
    "p010le",
    "p016le",
    "p210le",
)


def _planes(frame: VideoFrame) -> Iterator[AnyPlane] | None:
    """Views of luma and chroma (two planes, or one of pairs, or none), or None for packed and odd layouts."""
    name = frame.format.name
    if not name.startswith(_PLANAR) or name.endswith(("be", "f32le", "f16le")):
        return None
    if any(plane.line_size <= 0 for plane in frame.planes):
        return None
    wide = 2 if look(frame).bit_depth > 8 else 1
    paired = name.startswith(("nv", "p0", "p2"))
    return (
        _view(frame, index, wide, 2 if paired and index else 1) for index in range(min(3, len(frame.planes)))
    )


def _view(frame: VideoFrame, index: int, item: int, channels: int) -> "npt.NDArray[np.uint8]":
    """(H, W) or (H, W, channels) view of one plane, without the padding at the end of each line."""
    plane = frame.planes[index]
    lines = np.frombuffer(plane, np.uint8 if item == 1 else np.dtype("<u2"))
    stride = plane.line_size // item
    picture = lines[: plane.height * stride].reshape(plane.height, stride)[:, : plane.width * channels]
    return picture if channels == 1 else picture.reshape(plane.height, plane.width, channels)


def _as_8_bit(plane: AnyPlane, depth: int) -> U8:
    if plane.dtype == np.uint8:
        return plane
    return (plane >> (depth - 8)).astype(np.uint8)


def _to_8_bit(plane: AnyPlane, depth: int) -> U8:
    """Rounded, not cut: means of deep samples keep their precision until here."""
    if plane.dtype == np.uint8:
        return plane
    return np.minimum((plane.astype(np.uint32) + (1 << (depth - 9))) >> (depth - 8), 255).astype(np.uint8)


def _resized(plane: AnyPlane, width: int, height: int) -> AnyPlane:
    """Mean of the samples that each target pixel covers: exact halvings, which are fast, then one resize.

    An odd last row or column is left out of a halving, which shifts the picture by under half a pixel of the source.
    """
    while plane.shape[1] >= 2 * width and plane.shape[0] >= 2 * height:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cv2.resize(plane[: half[1] * 2, : half[0] * 2], half, interpolation=cv2.INTER_LINEAR)
    if plane.shape[:2] == (height, width):
        return plane
    shrinks = plane.shape[1] >= width and plane.shape[0] >= height
    return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def _upright(picture: U8, rotation: int) -> U8:
    return cv2.rotate(picture, _TURNS[rotation]) if rotation else picture


def _turned(frame: VideoFrame, size: tuple[int, int], rotation: int) -> VideoFrame:
    """A yuv420p frame cut to `size`, as coded, and turned clockwise."""
    width, height = size
    turned = VideoFrame(*((height, width) if rotation % 180 else size), "yuv420p")
    for index, plane in enumerate(turned.planes):
        part = _view(frame, index, 1, 1)[: height >> bool(index), : width >> bool(index)]
        whole = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        whole[:, : plane.width] = _upright(np.ascontiguousarray(part), rotation)
        whole[:, plane.width :] = 0
    return turned
