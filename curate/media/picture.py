"""Decoded frames as pictures to look at and to encode: upright, square pixels, BT.709.

Scan pictures and JPEGs are reduced plane by plane and become RGB only when small, which costs a fifth of what
converting whole frames does. Every path ends in the same colours (see `colour`).
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter

from curate.media.colour import BGR_TO_LUMA, U8, U16, Look, display_light, is_plain, look, ycbcr_to_bgr

cv2.setNumThreads(1)  # work is spread over files, and threads of its own would only fight over cores

_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
_SWS = {"bt601": 5, "bt709": 1, "bt2020": 9, "smpte240m": 7, "fcc": 4, "rgb": 1}
_BT709, _LIMITED, _FULL = 1, 1, 2

AnyPlane = npt.NDArray[Any]
"""Samples of 8 or 16 bits, (H, W) or (H, W, channels)."""


def rotation_of(frame: VideoFrame) -> int:
    """Clockwise degrees, 0, 90, 180 or 270, that turn the decoded picture upright, from its display matrix.

    PyAV reports the matrix's angle counterclockwise; angles between are rounded to a quarter. A matrix that
    mirrors as well (some front cameras) is taken for its rotation alone: upright, but mirrored.
    """
    degrees = -float(frame.rotation)
    matrix = cast(Any, frame.side_data).get("DISPLAYMATRIX")
    if matrix is not None:
        a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
        if a * d - b * c < 0:
            degrees = math.degrees(math.atan2(b / (math.hypot(b, d) or 1), -a / (math.hypot(a, c) or 1)))
    return round(degrees / 90) % 4 * 90


def usable_sar(sar: Fraction | None) -> Fraction:
    """The sample aspect ratio, or 1 where it is unstated, beyond 10:1 (a broken header), or within half a
    percent of 1: what is left when an aspect ratio was rounded (320x426 at 639:640), not worth scaling for.
    """
    if sar is None or not Fraction(1, 10) <= sar <= 10 or abs(sar - 1) < Fraction(1, 200):
        return Fraction(1)
    return Fraction(sar)


def shown_size(width: int, height: int, rotation: int, sar: Fraction) -> tuple[int, int]:
    """(width, height) with square pixels, upright, of a picture decoded as width x height.

    Pixels are squared by stretching the side that is too short, so that none are lost: 704x576 at 16:11 is
    shown as 1024x576, at 8:9 as 704x648.
    """
    if sar >= 1:
        width = max(1, round(width * sar))
    else:
        height = max(1, round(height / sar))
    return (height, width) if rotation % 180 else (width, height)


class Viewer:
    """Turns the frames of one video into pictures.

    Frames may change size and format midway. Pictures then keep the size that they had, as players do.
    """

    def __init__(
        self, rotation: int = 0, sar: Fraction = Fraction(1), shown: tuple[int, int] | None = None
    ) -> None:
        """`rotation`: clockwise degrees to upright; `sar`: width to height of a coded pixel; `shown`: size of
        the video as shown (`Probe.width`, `Probe.height`), by default that of the first frame that comes."""
        if rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation is {rotation}, but must be 0, 90, 180 or 270")
        self.rotation = rotation
        self.sar = usable_sar(sar)
        self._shown = shown
        self._reformatter = VideoReformatter()

    def size(self, frame: VideoFrame) -> tuple[int, int]:
        """(width, height) of the video as shown."""
        if self._shown is None:
            self._shown = shown_size(frame.width, frame.height, self.rotation, self.sar)
        return self._shown

    def luma(self, frame: VideoFrame) -> U8:
        """Luma as stored (limited range stays limited), 8 bits, native size, coded orientation: (H, W).

        Deeper luma loses its low bits. For 8-bit planar formats a view of the frame's memory: do not write.
        """
        planes = _planes(frame)
        if planes is None or look(frame).matrix == "rgb":
            return cast(U8, cv2.transform(self._whole_bgr(frame), BGR_TO_LUMA))
        stored = next(planes)
        return stored if stored.dtype == np.uint8 else (stored >> (_stored_bits(frame) - 8)).astype(np.uint8)

    def small(self, frame: VideoFrame, width: int = 256) -> U8:
        """The picture `width` wide, or its own width where that is less: BGR, full range, (h, w, 3)."""
        shown_width, shown_height = self.size(frame)
        width = min(width, shown_width)
        return self._bgr(frame, (width, max(1, round(width * shown_height / shown_width))))

    def coarse(self, frame: VideoFrame, longer_side: int = 256) -> U8:
        """The picture that scenedetect compares frames by: BGR, full range, as coded (not turned, pixels not
        squared), its longer side reduced to `longer_side`, (h, w, 3).

        As in scenedetect's reader, samples are picked (bilinearly) and not averaged, and the matrix is BT.601
        whatever the tags say: how much a frame differs from the one before depends on both, and so does where
        its detectors find cuts. For comparing only: the right colours are those of `small`.
        """
        scale = max(1.0, max(frame.width, frame.height) / longer_side)
        size = (max(1, round(frame.width / scale)), max(1, round(frame.height / scale)))
        facts = look(frame)
        planes = None if facts.matrix == "rgb" else _planes(frame)
        if planes is None:
            return cast(U8, cv2.resize(self._whole_bgr(frame), size, interpolation=cv2.INTER_LINEAR))
        picked = [cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes]
        eight = [_to_8_bit(part, _stored_bits(frame)) for part in _parted(picked, frame)]
        as_bt601 = ycbcr_to_bgr(replace(facts, matrix="bt601"))
        return cast(U8, cv2.transform(cv2.merge(eight), as_bt601))

    def rgb(self, frame: VideoFrame, short_side: int | None = None) -> U8:
        """The picture with its shorter side at `short_side`, never enlarged: RGB, full range, (h, w, 3)."""
        width, height = self.size(frame)
        short = min(width, height)
        if short_side is not None and short_side < short:
            width = max(1, round(width * short_side / short))
            height = max(1, round(height * short_side / short))
        rgb: U8 = cv2.cvtColor(self._bgr(frame, (width, height)), cv2.COLOR_BGR2RGB)
        return rgb

    def rgb_of(self, frame: VideoFrame, size: tuple[int, int]) -> U8:
        """The picture at (width, height) = `size`, smaller or larger than it is: RGB, full range, (h, w,
        3)."""
        rgb: U8 = cv2.cvtColor(self._bgr(frame, size), cv2.COLOR_BGR2RGB)
        return rgb

    def yuv(self, frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        """The picture as yuv420p, BT.709, limited range, for the encoder; `size` = (width, height), even.

        Where `size` is the shown size less one pixel in either direction, the last column or row (of the
        coded picture) is cut, otherwise the picture is scaled (bicubic). A source that is already just that
        comes back with its planes untouched. `pts` is the source's; equal frames give equal bytes.
        """
        if size[0] % 2 or size[1] % 2 or min(size) < 2:
            raise ValueError(f"the size for encoding is {size[0]}x{size[1]}, but both sides must be even")
        target = self._coded(size)
        whole = self._coded(shown_size(frame.width, frame.height, self.rotation, self.sar))
        cut = all(0 <= full - part <= 1 for full, part in zip(whole, target, strict=True))
        result = self._bt709(frame, *(whole if cut else target))
        if (result.width, result.height) != target or self.rotation:
            result = _turned(result, target, self.rotation)
        result.pts = frame.pts
        if frame.time_base is not None:
            result.time_base = frame.time_base
        result.colorspace = result.color_primaries = result.color_trc = _BT709
        result.color_range = _LIMITED
        return result

    def _coded(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self.rotation % 180 else size

    def _bgr(self, frame: VideoFrame, size: tuple[int, int]) -> U8:
        """BGR of `size` as shown: reduced as coded, then turned."""
        facts = look(frame)
        width, height = self._coded(size)
        planes = None if facts.matrix == "rgb" else _planes(frame)
        if planes is not None:
            parts = _parted([_resized(plane, width, height) for plane in planes], frame)
            if is_plain(facts):
                eight = [_to_8_bit(part, _stored_bits(frame)) for part in parts]
                picture = cv2.transform(cv2.merge(eight), ycbcr_to_bgr(facts))
            else:
                unit = 1.0 / (1 << (_stored_bits(frame) - 8))
                bgr = cv2.transform(cv2.merge(parts).astype(np.float32) * unit, ycbcr_to_bgr(facts))
                picture = _graded(np.rint(np.clip(bgr, 0, 255) * 257).astype(np.uint16)[..., ::-1], facts)
        elif is_plain(facts):
            picture = _resized(self._whole_bgr(frame), width, height)
        else:
            picture = _graded(self._rgb48(frame, width, height), facts)
        return _upright(picture, self.rotation)

    def _whole_bgr(self, frame: VideoFrame) -> U8:
        return _view(self._swscale(frame, frame.width, frame.height, "bgr24", full=True).planes[0], 1, 3)

    def _rgb48(self, frame: VideoFrame, width: int, height: int) -> U16:
        deep = self._swscale(frame, width, height, "rgb48le", full=True)
        return _view(deep.planes[0], 2, 3)

    def _bt709(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """yuv420p of coded orientation. Other matrices go through 16-bit RGB: swscale converts between
        matrices in some combinations of formats only."""
        facts = look(frame)
        if is_plain(facts) and frame.format.name.startswith("gray"):
            frame, facts = _greyscale(self.luma(frame), facts)
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


_PLANAR = ("yuv4", "yuvj4", "yuva4", "gray", "nv12", "nv21", "nv16", "nv24", "nv42", "p01", "p21", "p41")
_PAIRED = ("nv", "p0", "p2", "p4")


def _stored_bits(frame: VideoFrame) -> int:
    """Bits of a sample as it lies in memory: the P formats hold 10 or 12 bits at the top of 16."""
    return 16 if frame.format.name.startswith(_PAIRED[1:]) else look(frame).bit_depth


def _planes(frame: VideoFrame) -> Iterator[AnyPlane] | None:
    """Views of luma and chroma (two planes, or one of pairs, or none), or None for packed and odd layouts."""
    name = frame.format.name
    if not name.startswith(_PLANAR) or name.endswith(("be", "f32le", "f16le")):
        return None
    planes = frame.planes[:3]  # each access makes new objects
    if any(plane.line_size <= 0 for plane in planes):
        return None
    item = 2 if look(frame).bit_depth > 8 else 1
    pairs = name.startswith(_PAIRED)
    return (_view(plane, item, 1 + (pairs and index > 0)) for index, plane in enumerate(planes))


def _view(plane: VideoPlane, item: int, channels: int) -> AnyPlane:
    """(H, W) or (H, W, channels) view of one plane, without the padding at the end of each line."""
    lines = np.frombuffer(cast("memoryview[int]", plane), np.uint8 if item == 1 else np.uint16)
    stride = plane.line_size // item
    picture = lines[: plane.height * stride].reshape(plane.height, stride)[:, : plane.width * channels]
    return picture if channels == 1 else picture.reshape(plane.height, plane.width, channels)


def _parted(planes: list[AnyPlane], frame: VideoFrame) -> list[AnyPlane]:
    """Y, Cb and Cr apart: pairs are split, and what is grey gets neutral chroma."""
    if len(planes) == 2:
        chroma = list(cv2.split(planes[1]))
        swapped = frame.format.name in ("nv21", "nv42")
        planes = [planes[0], *(reversed(chroma) if swapped else chroma)]
    if len(planes) == 1:
        planes = planes + [np.full_like(planes[0], 1 << (_stored_bits(frame) - 1))] * 2
    return planes


def _graded(rgb: U16, facts: Look) -> U8:
    """16-bit R'G'B' that needs more than a matrix, as 8-bit BT.709 BGR."""
    deep = display_light(rgb, facts)[..., ::-1]
    return np.ascontiguousarray(((deep.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))


def _to_8_bit(plane: AnyPlane, bits: int) -> U8:
    """Rounded, not cut: means of deep samples keep their precision until here."""
    if plane.dtype == np.uint8:
        return plane
    rounded = (plane.astype(np.uint32) + (1 << (bits - 9))) >> (bits - 8)
    return cast(U8, np.minimum(rounded, 255).astype(np.uint8))


def _resized(plane: AnyPlane, width: int, height: int) -> AnyPlane:
    """About the mean of the samples that each target pixel covers: exact halvings, then one bilinear resize.

    Bilinear below a factor of two leaves no sample out for long, and costs a seventh of INTER_AREA. An odd
    last row or column is left out of a halving: a shift by under half a pixel of that stage.
    """
    while plane.shape[1] >= 2 * width and plane.shape[0] >= 2 * height:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cv2.resize(plane[: half[1] * 2, : half[0] * 2], half, interpolation=cv2.INTER_LINEAR)
    less = (min(width, plane.shape[1]), min(height, plane.shape[0]))
    if plane.shape[1] >= 2 * less[0] or plane.shape[0] >= 2 * less[1]:  # far from square pixels
        plane = cv2.resize(plane, less, interpolation=cv2.INTER_AREA)
    if plane.shape[:2] != (height, width):
        plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
    return plane


def _greyscale(luma: U8, facts: Look) -> tuple[VideoFrame, Look]:
    """Luma alone as yuv420p, BT.709, limited: swscale takes every grey format for full range."""
    if facts.full_range:
        luma = cv2.LUT(luma, np.rint(np.arange(256) * (219 / 255) + 16).astype(np.uint8))
    frame = VideoFrame(luma.shape[1], luma.shape[0], "yuv420p")
    frame.colorspace, frame.color_range = _BT709, _LIMITED
    for index, plane in enumerate(frame.planes):
        samples = np.frombuffer(cast("memoryview[int]", plane), np.uint8)
        samples[:] = 128
        if index == 0:
            samples.reshape(plane.height, plane.line_size)[:, : plane.width] = luma
    return frame, look(frame)


_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def _upright(picture: U8, rotation: int) -> U8:
    return cast(U8, cv2.rotate(picture, _TURNS[rotation])) if rotation else picture


def _turned(frame: VideoFrame, size: tuple[int, int], rotation: int) -> VideoFrame:
    """A yuv420p frame cut to `size`, as coded, and turned clockwise."""
    width, height = size
    turned = VideoFrame(*((height, width) if rotation % 180 else size), "yuv420p")
    for index, plane in enumerate(turned.planes):
        part = _view(frame.planes[index], 1, 1)[: height >> bool(index), : width >> bool(index)]
        whole = np.frombuffer(cast("memoryview[int]", plane), np.uint8).reshape(plane.height, plane.line_size)
        whole[:, : plane.width] = _upright(np.ascontiguousarray(part), rotation)
        whole[:, plane.width :] = 0
    return turned
