"""Colour facts of decoded frames, and the one conversion of all of them to BT.709.

Target: BT.709 primaries and matrix, display-referred with the BT.1886 gamma of 2.4, full-range 8-bit RGB for
pictures that are looked at and limited-range YCbCr for video that is encoded.
Standard-range sources change matrix and range only (primaries of BT.601 and BT.709 differ by less than a
camera's own error); BT.2020 primaries are converted in linear light; PQ and HLG go through `display_light`.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
F32 = npt.NDArray[np.float32]

# Code points of ITU-T H.273 (tables 2, 3 and 4), which FFmpeg uses as they are.
_MATRICES = {0: "rgb", 1: "bt709", 2: "unspecified", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m",
             8: "ycgco", 9: "bt2020nc", 10: "bt2020c", 11: "smpte2085", 12: "chroma-nc", 13: "chroma-c",
             14: "ictcp"}  # fmt: skip
_TRANSFERS = {1: "bt709", 2: "unspecified", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m",
              8: "linear", 9: "log100", 10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1",
              14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428",
              18: "arib-std-b67"}  # fmt: skip
_PRIMARIES = {1: "bt709", 2: "unspecified", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m",
              8: "film", 9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432",
              22: "ebu3213"}  # fmt: skip

KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593),
         "smpte240m": (0.212, 0.087), "fcc": (0.30, 0.11)}  # fmt: skip
"""Shares of red and blue in luma: BT.601-7 2.5.1, BT.709-6 item 3.2, BT.2020-2 table 4, H.273 table 4."""

_RESOLVED = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}

HD_WIDTH, HD_HEIGHT = 1280, 577
"""An unstated matrix is taken as BT.709 from either of these coded sizes on, below both as BT.601: mpv's rule
(video/csputils.c), which leaves PAL (576 lines) to BT.601 and letterboxed 1280x544 to BT.709."""


def matrix_name(code: int) -> str:
    """The tagged matrix, in FFmpeg's words."""
    return _MATRICES.get(int(code), "unspecified")


def transfer_name(code: int) -> str:
    """The tagged transfer characteristic, in FFmpeg's words."""
    return _TRANSFERS.get(int(code), "unspecified")


def primaries_name(code: int) -> str:
    """The tagged primaries, in FFmpeg's words."""
    return _PRIMARIES.get(int(code), "unspecified")


def range_name(frame: VideoFrame) -> str:
    """The tagged range: "limited", "full" (also by the yuvj formats) or "unspecified"."""
    if frame.color_range == 2 or frame.format.name.startswith("yuvj"):
        return "full"
    return "limited" if frame.color_range == 1 else "unspecified"


@dataclass(frozen=True)
class Look:
    """Colour facts with every gap filled: what a picture's numbers mean."""

    matrix: str
    """A key of KR_KB, or "rgb"."""
    full_range: bool
    transfer: str
    """"sdr", "pq" or "hlg"."""
    wide: bool
    """BT.2020 primaries."""
    bit_depth: int


def look(frame: VideoFrame) -> Look:
    """The facts of one frame. Gaps: matrix by size (HD_WIDTH, HD_HEIGHT), range limited (RGB: full)."""
    large = frame.width >= HD_WIDTH or frame.height >= HD_HEIGHT
    tags = (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries)
    return _look(frame.format.name, large, *tags)


@cache
def _look(name: str, large: bool, matrix: int, colour_range: int, transfer: int, primaries: int) -> Look:
    layout = VideoFormat(name)
    rgb = layout.is_rgb or layout.has_palette
    known = _RESOLVED.get(int(matrix), "bt709" if large else "bt601")
    return Look(
        matrix="rgb" if rgb else known,
        full_range=rgb or name.startswith("yuvj") or int(colour_range) == 2,
        transfer={16: "pq", 18: "hlg"}.get(int(transfer), "sdr"),
        wide=int(primaries) == 9,
        bit_depth=max(component.bits for component in layout.components),
    )


def is_plain(facts: Look) -> bool:
    """Whether matrix and range are all there is to convert."""
    return facts.transfer == "sdr" and not facts.wide


@cache
def ycbcr_to_bgr(facts: Look) -> F32:
    """3x4 affine map from 8-bit (Y, Cb, Cr, 1) as stored to full-range 8-bit (B, G, R).

    R = y + 2(1-Kr)·cr, B = y + 2(1-Kb)·cb, G = (y - Kr·R - Kb·B)/(1-Kr-Kb), with y = (Y-16)/219 and
    c = (C-128)/224 in limited range, y = Y/255 and c = (C-128)/255 in full range.
    """
    kr, kb = KR_KB[facts.matrix]
    kg = 1 - kr - kb
    ys, cs, y0 = (1.0, 1.0, 0.0) if facts.full_range else (255 / 219, 255 / 224, 16.0)
    red, blue = 2 * (1 - kr) * cs, 2 * (1 - kb) * cs
    rows = np.array([[ys, blue, 0], [ys, -kb / kg * blue, -kr / kg * red], [ys, 0, red]])
    # cv2.transform multiplies bytes by whole 1024ths. Rounded to those before the offset is made from them,
    # grey stays exactly grey; one blue too many in a dark picture would be a jump in hue and saturation.
    rows = np.round(rows * 1024) / 1024
    offset = -(rows @ np.array([y0, 128.0, 128.0]))
    result: F32 = np.hstack([rows, offset[:, None]]).astype(np.float32)
    return result


BGR_TO_LUMA = np.array([[0.0722, 0.7152, 0.2126, 16 * 255 / 219]], np.float32) * np.float32(219 / 255)
"""1x4 affine map from full-range 8-bit (B, G, R) to limited BT.709 luma."""

PEAK = 1000.0
"""Nits that the tone map takes as the brightest: the peak for which HLG is specified (BT.2100-2 table 5) and
most PQ footage is graded; brighter is clipped."""
WHITE = 203.0
"""Nits of diffuse white in HDR (BT.2408-7 table 1), which becomes the peak of the SDR picture's scale."""

# BT.2087-0 equation for linear light: BT.2020 to BT.709 primaries.
_NARROW = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)

_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_STEPS = 65536


def _pq_to_nits(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """EOTF of BT.2100-2 table 4, code value 0 to 1."""
    power = code ** (1 / _M2)
    nits: npt.NDArray[np.float64] = 10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    return nits


def _nits_to_pq(nits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    power = (nits / 10000) ** _M1
    code: npt.NDArray[np.float64] = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return code


def _hlg_to_scene(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Inverse OETF of BT.2100-2 table 5, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    low = code <= 0.5
    scene: npt.NDArray[np.float64] = np.where(low, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return scene


@cache
def _linear_table(transfer: str) -> F32:
    """Light for each 16-bit code value, as a share of: PEAK nits (PQ), the scene (HLG), white (SDR)."""
    code = np.arange(_STEPS) / (_STEPS - 1)
    if transfer == "pq":
        light = np.minimum(_pq_to_nits(code) / PEAK, 1)
    elif transfer == "hlg":
        light = np.minimum(_hlg_to_scene(code), 1)
    else:
        light = code**2.4
    table: F32 = light.astype(np.float32)
    return table


@cache
def _gain_table() -> F32:
    """Factor from light in units of PEAK to light in units of WHITE, for each level of the brightest channel.

    The roll-off is the EETF of BT.2390-11 section 5.4.1: with E the PQ value over that of the peak, and
    L = PQ(WHITE)/PQ(PEAK), the knee is K = 1.5 L - 0.5: below K nothing changes, above it a Hermite spline
    ends at L.
    """
    light = np.maximum(np.arange(_STEPS) / (_STEPS - 1), 0.5 / _STEPS)
    top = _nits_to_pq(np.array(PEAK))
    value, most = _nits_to_pq(light * PEAK) / top, float(_nits_to_pq(np.array(WHITE)) / top)
    knee = 1.5 * most - 0.5
    t = (value - knee) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    )
    nits = _pq_to_nits(np.where(value < knee, value, spline) * top)
    table: F32 = (nits / WHITE / light).astype(np.float32)
    return table


@cache
def _code_table() -> U16:
    """16-bit code value for light of 0 to 1 in 65536 steps: the inverse of gamma 2.4."""
    table: U16 = np.rint((np.arange(_STEPS) / (_STEPS - 1)) ** (1 / 2.4) * 65535).astype(np.uint16)
    return table


def display_light(rgb: U16, facts: Look) -> U16:
    """Tone-map and narrow R'G'B' of shape (H, W, 3) in 16 bits to BT.709 R'G'B' in 16 bits.

    PQ: EOTF. HLG: inverse OETF, then the OOTF for PEAK nits, light = scene · Y_scene^0.2. Both then roll off
    to SDR by the brightest channel, which keeps hues. Finally BT.2020 primaries become BT.709's, clipped.
    """
    result = np.empty_like(rgb)
    for top in range(0, len(rgb), 256):  # in strips, as a float copy of an 8K picture is 400 MB
        result[top : top + 256] = _strip(rgb[top : top + 256], facts)
    return result


def _strip(rgb: U16, facts: Look) -> U16:
    light = _linear_table(facts.transfer)[rgb]
    if facts.transfer == "hlg":
        luminance = light @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        light *= (luminance**0.2)[..., None]
    if facts.transfer != "sdr":
        level = np.rint(np.clip(light.max(axis=2), 0, 1) * (_STEPS - 1)).astype(np.uint16)
        light *= _gain_table()[level][..., None]
    if facts.wide:
        light = light @ _NARROW.T
    index = np.rint(np.clip(light, 0, 1) * (_STEPS - 1)).astype(np.uint16)
    result: U16 = _code_table()[index]
    return result
