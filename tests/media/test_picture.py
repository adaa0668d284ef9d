"""Colours and geometry, on frames that are built sample by sample from known RGB."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from curate.media.colour import display_light, look
from curate.media.picture import Viewer, rotation_of, shown_size, usable_sar

# Kr and Kb by the code points of H.273; written out here again so that a slip in the module shows.
COEFFICIENTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
COLOURS = [
    (235, 64, 52),
    (30, 200, 90),
    (20, 40, 220),
    (128, 128, 128),
    (250, 240, 30),
    (0, 0, 0),
    (255, 255, 255),
]


def ycbcr(rgb: np.ndarray, matrix: int, full: bool, bits: int) -> list[np.ndarray]:
    """Y, Cb and Cr planes (float) of an RGB picture of shape (H, W, 3)."""
    kr, kb = COEFFICIENTS[matrix]
    red, green, blue = (rgb[..., i] / 255 for i in range(3))
    y = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - y) / 2 / (1 - kb), (red - y) / 2 / (1 - kr)
    if full:
        top = (1 << bits) - 1
        return [y * top, cb * top + (1 << (bits - 1)), cr * top + (1 << (bits - 1))]
    unit = 1 << (bits - 8)
    return [(219 * y + 16) * unit, (224 * cb + 128) * unit, (224 * cr + 128) * unit]


def put(frame: VideoFrame, index: int, samples: np.ndarray, dtype: type = np.uint8) -> None:
    plane = frame.planes[index]
    lines = np.frombuffer(plane, dtype).reshape(plane.height, -1)
    lines[:] = 0
    flat = samples.reshape(plane.height, -1)
    lines[:, : flat.shape[1]] = np.rint(flat).astype(dtype)


def painted(rgb: np.ndarray, layout: str, matrix: int = 2, colour_range: int = 0) -> VideoFrame:
    """A frame of `layout` that shows `rgb`; untagged (2 and 0) it is BT.601 and limited at this size."""
    height, width = rgb.shape[:2]
    frame = VideoFrame(width, height, layout)
    frame.colorspace, frame.color_range = matrix, colour_range
    if layout in ("rgb24", "bgra"):
        pixels = rgb if layout == "rgb24" else np.dstack([rgb[..., ::-1], np.full((height, width), 255)])
        put(frame, 0, pixels)
        return frame
    if layout.startswith("gbrp"):
        bits = 10 if "10" in layout else 8
        for index, channel in enumerate((1, 2, 0)):
            put(
                frame, index, rgb[..., channel] / 255 * ((1 << bits) - 1), np.uint16 if bits > 8 else np.uint8
            )
        return frame
    bits = 12 if "12" in layout.replace("nv12", "") else 10 if "10" in layout else 8
    dtype = np.uint8 if bits == 8 else np.uint16
    full = colour_range == 2 or layout.startswith("yuvj")
    known = matrix if matrix in COEFFICIENTS else 5
    planes = ycbcr(rgb.astype(float), known, full, bits)
    if layout.startswith("gray"):
        put(frame, 0, planes[0], dtype)
        return frame
    across = 1 if "444" in layout else 2
    down = 1 if "444" in layout or "422" in layout else 2
    chroma = [plane[::down, ::across] for plane in planes[1:]]
    shift = 64 if layout.startswith("p010") else 1
    put(frame, 0, planes[0] * shift, dtype)
    if layout.startswith(("nv12", "p010")):
        put(frame, 1, np.stack(chroma, axis=-1) * shift, dtype)
    else:
        put(frame, 1, chroma[0], dtype)
        put(frame, 2, chroma[1], dtype)
    return frame


def solid(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def rgb_of_bt709(frame: VideoFrame) -> np.ndarray:
    """Mean RGB of a yuv420p limited BT.709 frame, by the formula."""
    assert frame.format.name == "yuv420p"
    planes = [
        np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width].mean() for p in frame.planes
    ]
    y, cb, cr = (planes[0] - 16) / 219, (planes[1] - 128) / 224, (planes[2] - 128) / 224
    red, blue = y + 2 * (1 - 0.2126) * cr, y + 2 * (1 - 0.0722) * cb
    green = (y - 0.2126 * red - 0.0722 * blue) / (1 - 0.2126 - 0.0722)
    return np.clip(np.array([red, green, blue]) * 255, 0, 255)


FORMATS = [
    ("yuv420p", 2, 0),
    ("yuv420p", 6, 1),
    ("yuv420p", 5, 1),
    ("yuv420p", 1, 1),
    ("yuv420p", 1, 2),
    ("yuvj420p", 5, 2),
    ("yuvj420p", 2, 0),
    ("yuv422p", 1, 1),
    ("yuv444p", 6, 1),
    ("yuvj444p", 1, 2),
    ("nv12", 1, 1),
    ("yuva420p", 1, 1),
    ("yuv420p10le", 1, 1),
    ("yuv420p10le", 9, 1),
    ("yuv422p10le", 6, 1),
    ("yuv444p12le", 1, 1),
    ("yuv444p10le", 1, 2),
    ("p010le", 1, 1),
    ("rgb24", 2, 0),
    ("bgra", 2, 0),
    ("gbrp", 0, 2),
    ("gbrp10le", 0, 2),
]


@pytest.mark.parametrize(("layout", "matrix", "colour_range"), FORMATS)
@pytest.mark.parametrize("colour", COLOURS)
def test_one_colour_is_the_same_in_every_format(layout, matrix, colour_range, colour):
    frame = painted(solid(colour), layout, matrix, colour_range)
    viewer = Viewer()
    rgb, small = viewer.rgb(frame), viewer.small(frame, 32)
    assert rgb.shape == (48, 64, 3)
    assert small.shape == (24, 32, 3)
    assert np.abs(rgb.astype(int) - colour).max() <= 3
    assert np.abs(small[..., ::-1].astype(int) - colour).max() <= 3
    assert np.abs(rgb_of_bt709(viewer.yuv(frame, (64, 48))) - colour).max() <= 3.5
    assert np.abs(rgb_of_bt709(viewer.yuv(frame, (32, 24))) - colour).max() <= 3.5


@pytest.mark.parametrize(("layout", "colour_range"), [("gray", 1), ("gray", 2), ("gray10le", 1)])
@pytest.mark.parametrize("level", [0, 90, 255])
def test_grey_formats_keep_their_range(layout, colour_range, level):
    frame = painted(solid((level,) * 3), layout, 2, colour_range)
    viewer = Viewer()
    assert np.abs(viewer.rgb(frame).astype(int) - level).max() <= 2
    assert np.abs(viewer.small(frame, 32).astype(int) - level).max() <= 2
    assert np.abs(rgb_of_bt709(viewer.yuv(frame, (64, 48))) - level).max() <= 2


def test_unstated_matrix_follows_the_size():
    colour = (30, 200, 90)
    tall = painted(solid(colour, (64, 720)), "yuv420p", 1, 1)
    tall.colorspace = 2
    assert look(tall).matrix == "bt709"
    assert np.abs(Viewer().rgb(tall).astype(int) - colour).max() <= 3
    assert look(painted(solid(colour, (1024, 576)), "yuv420p", 2, 1)).matrix == "bt601"
    assert look(painted(solid(colour, (1280, 544)), "yuv420p", 2, 1)).matrix == "bt709"


def test_palette_pictures_are_shown():
    palette = np.full((256, 4), 255, np.uint8)
    palette[7, 1:] = (235, 64, 52)  # alpha first
    frame = VideoFrame.from_ndarray((np.full((48, 64), 7, np.uint8), palette), format="pal8")
    assert np.abs(Viewer().rgb(frame).astype(int) - (235, 64, 52)).max() <= 1
    assert np.abs(Viewer().luma(frame).astype(int) - 94).max() <= 10


def marked(width: int = 64, height: int = 48) -> np.ndarray:
    """Grey with a red corner at the top left and a blue one at the top right."""
    picture = solid((90, 90, 90), (width, height))
    picture[: height // 4, : width // 4] = (235, 30, 30)
    picture[: height // 4, -(width // 4) :] = (30, 30, 235)
    return picture


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pictures_are_turned_clockwise_to_upright(rotation):
    frame = painted(
        np.ascontiguousarray(np.rot90(marked(), rotation // 90)), "yuv420p", 1, 1
    )  # rot90: counterclockwise
    viewer = Viewer(rotation)
    whole = viewer.yuv(frame, (64, 48))
    luma = np.frombuffer(whole.planes[0], np.uint8).reshape(48, -1)[:, :64]
    red, blue = (np.frombuffer(whole.planes[i], np.uint8).reshape(24, -1)[:, :32] for i in (2, 1))
    assert viewer.size(frame) == (64, 48)
    assert (whole.width, whole.height) == (64, 48)
    assert red[1, 1] > 180 > 140 > red[-2, -2]
    assert blue[1, -2] > 180 > 140 > blue[-2, 1]
    assert luma[-4, 4] > luma[4, 4]
    for picture in (viewer.rgb(frame), viewer.small(frame, 32)[..., ::-1]):
        height, width = picture.shape[:2]
        assert (width, height) in ((64, 48), (32, 24))
        assert np.abs(picture[2, 2].astype(int) - (235, 30, 30)).max() < 12
        assert np.abs(picture[2, -3].astype(int) - (30, 30, 235)).max() < 12
        assert np.abs(picture[-3, 2].astype(int) - (90, 90, 90)).max() < 12


@pytest.mark.parametrize("sar", [Fraction(16, 11), Fraction(8, 9), Fraction(1, 2)])
@pytest.mark.parametrize("rotation", [0, 90])
def test_a_circle_is_round_whatever_the_pixels_shape(sar, rotation):
    size = 200
    width, height = (round(size / sar), size) if sar > 1 else (size, round(size * sar))
    rows, columns = np.mgrid[:height, :width]
    inside = ((columns + 0.5) / width - 0.5) ** 2 + ((rows + 0.5) / height - 0.5) ** 2 < 0.3**2
    frame = painted(np.where(inside[..., None], 255, 0).astype(np.uint8).repeat(3, 2), "yuv420p", 1, 1)
    viewer = Viewer(rotation, sar)
    pictures = [viewer.rgb(frame), viewer.rgb(frame, 100), viewer.small(frame, 80)]
    pictures.append(viewer.rgb(viewer.yuv(frame, (120, 120))) if rotation == 0 else pictures[0])
    for picture in pictures[:3]:
        white = picture[..., 1] > 127
        assert abs(picture.shape[0] - picture.shape[1]) <= 2
        assert abs(int(white.any(0).sum()) - int(white.any(1).sum())) <= 2
        assert white.mean() == pytest.approx(np.pi * 0.3**2, abs=0.02)


def test_shown_size_widens_or_heightens_and_never_loses_pixels():
    assert shown_size(704, 576, 0, Fraction(16, 11)) == (1024, 576)
    assert shown_size(704, 576, 90, Fraction(16, 11)) == (576, 1024)
    assert shown_size(720, 480, 0, Fraction(8, 9)) == (720, 540)
    assert shown_size(1, 1, 270, Fraction(1)) == (1, 1)


def test_nonsense_and_rounding_in_the_sample_aspect_ratio_are_ignored():
    assert usable_sar(None) == usable_sar(Fraction(639, 640)) == usable_sar(Fraction(1000)) == 1
    assert usable_sar(Fraction(0)) == 1
    assert usable_sar(Fraction(16, 11)) == Fraction(16, 11)


def test_small_is_never_enlarged_and_agrees_with_rgb():
    random = np.random.default_rng(0)
    picture = np.kron(random.integers(0, 255, (9, 12, 3)), np.ones((30, 40, 1))).astype(np.uint8)  # 480 x 270
    frame = painted(picture, "yuv444p", 1, 1)
    viewer = Viewer()
    small = viewer.small(frame)
    assert small.shape == (144, 256, 3)
    assert viewer.small(painted(picture[:40, :50], "yuv420p"), 256).shape == (
        144,
        256,
        3,
    )  # size changed midway
    assert Viewer().small(painted(picture[:40, :50], "yuv420p"), 256).shape == (40, 50, 3)
    rgb = viewer.rgb(frame, 144)
    assert rgb.shape == small.shape
    assert np.abs(rgb[..., ::-1].astype(int) - small).max() <= 1
    assert viewer.rgb(frame, 1000).shape == (270, 480, 3)


def test_small_is_the_mean_of_what_each_pixel_covers():
    ramp = np.tile(np.linspace(0, 255, 1024)[None, :, None], (256, 1, 3)).astype(np.uint8)
    small = Viewer().small(painted(ramp, "yuv444p", 1, 1), 64)
    expected = ramp[0, :, 0].reshape(64, 16).mean(1)
    # Each of four halvings rounds a half up.
    assert np.abs(small[8, :, 0] - expected).max() <= 2.5


def test_luma_is_a_view_for_8_bits_and_drops_low_bits_above():
    eight = painted(marked(), "yuv420p", 1, 1)
    luma = Viewer(90).luma(eight)
    assert luma.shape == (48, 64)
    assert np.shares_memory(luma, np.frombuffer(eight.planes[0], np.uint8))
    ten = Viewer().luma(painted(marked(), "yuv420p10le", 1, 1))
    assert ten.dtype == np.uint8
    assert np.abs(ten.astype(int) - luma).max() <= 1
    top = Viewer().luma(painted(marked(), "p010le", 1, 1))
    assert (top == ten).all()
    packed = Viewer().luma(painted(marked(), "rgb24"))
    assert np.abs(packed.astype(int) - luma).max() <= 2


def test_yuv_passes_a_clean_source_through_and_cuts_odd_sides():
    random = np.random.default_rng(1)
    frame = painted(random.integers(0, 255, (49, 65, 3)).astype(np.uint8), "yuv444p", 1, 1)
    source = frame.reformat(64, 48, "yuv420p")
    source.colorspace, source.color_range, source.pts = 1, 1, 77
    before = [bytes(plane) for plane in source.planes]
    same = Viewer().yuv(source, (64, 48))
    assert [bytes(plane) for plane in same.planes] == before
    assert (same.pts, same.colorspace, same.color_range) == (77, 1, 1)
    odd = VideoFrame(65, 49, "yuv420p")
    odd.colorspace, odd.color_range = 1, 1
    luma = random.integers(16, 235, (49, 65))
    put(odd, 0, luma)
    put(odd, 1, random.integers(16, 235, (25, 33)))
    put(odd, 2, random.integers(16, 235, (25, 33)))
    cut = Viewer().yuv(odd, (64, 48))
    assert (np.frombuffer(cut.planes[0], np.uint8).reshape(48, -1)[:, :64] == luma[:48, :64]).all()
    turned = Viewer(90).yuv(odd, (48, 64))
    stored = np.frombuffer(turned.planes[0], np.uint8).reshape(64, -1)[:, :48]
    assert (stored == np.rot90(luma[:48, :64], -1)).all()


def test_yuv_is_the_same_bytes_every_time():
    random = np.random.default_rng(2)
    frame = painted(random.integers(0, 255, (90, 160, 3)).astype(np.uint8), "yuv420p10le", 6, 1)
    first, second = (Viewer(0, Fraction(16, 11)).yuv(frame, (116, 46)) for _ in range(2))
    assert (first.to_ndarray() == second.to_ndarray()).all()


def test_yuv_refuses_odd_sides():
    with pytest.raises(ValueError, match="63x48"):
        Viewer().yuv(painted(solid((1, 2, 3)), "yuv420p"), (63, 48))


def test_frames_may_change_size_and_format_midway():
    viewer = Viewer()
    for layout, size in (("yuv420p", (64, 48)), ("yuv444p10le", (128, 96)), ("rgb24", (32, 24))):
        frame = painted(solid((30, 200, 90), size), layout)
        assert viewer.small(frame, 32).shape == (24, 32, 3)
        assert viewer.rgb(frame).shape == (48, 64, 3)
        assert (viewer.yuv(frame, (64, 48)).width, viewer.yuv(frame, (64, 48)).height) == (64, 48)


def hdr(code: float, transfer: int) -> np.ndarray:
    """RGB of a grey BT.2020 picture whose R'G'B' is `code` (0 to 1), in 10 bits."""
    frame = VideoFrame(64, 48, "yuv420p10le")
    put(frame, 0, np.full((48, 64), 64 + 876 * code), np.uint16)
    put(frame, 1, np.full((24, 32), 512), np.uint16)
    put(frame, 2, np.full((24, 32), 512), np.uint16)
    frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = 9, 1, transfer, 9
    viewer = Viewer()
    rgb = viewer.rgb(frame)
    assert np.abs(rgb.astype(int) - rgb[0, 0]).max() <= 1
    assert np.ptp(rgb[0, 0].astype(int)) <= 2
    assert np.abs(viewer.small(frame, 32).astype(int).mean() - rgb.mean()) <= 1
    assert np.abs(rgb_of_bt709(viewer.yuv(frame, (64, 48))) - rgb.mean()).max() <= 2
    return rgb.mean()


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_tone_map_is_monotone_and_spans_the_range(transfer):
    levels = [hdr(code, transfer) for code in np.linspace(0, 0.7518 if transfer == 16 else 1, 12)]
    assert levels[0] <= 1
    assert all(low < high for low, high in pairwise(levels))
    assert levels[-1] >= 250


def test_hdr_levels_below_the_knee_are_exact():
    # 26 nits is a BT.2408 mid-grey: PQ 0.38, light 26/203 of SDR white, code (26/203)^(1/2.4).
    assert hdr(0.3791, 16) == pytest.approx(255 * (26 / 203) ** (1 / 2.4), abs=2.5)
    # HLG 0.38 is scene light 0.0481, shown at 1000 * 0.0481^1.2 = 26.2 nits.
    assert hdr(0.38, 18) == pytest.approx(255 * (26.2 / 203) ** (1 / 2.4), abs=2.5)


def test_wide_primaries_become_bt709s():
    frame = painted(solid((128, 128, 128)), "rgb24")
    frame.color_primaries = 9
    # BT.709 red in BT.2020 light is (0.6274, 0.0691, 0.0164), BT.2087-0.
    red = np.rint(np.array([0.6274, 0.0691, 0.0164]) ** (1 / 2.4) * 65535).astype(np.uint16)
    result = display_light(red.reshape(1, 1, 3), look(frame)).reshape(3)
    assert result[0] > 65000
    assert result[1:].max() < 1800


@pytest.mark.parametrize(
    ("counterclockwise", "clockwise"), [(0, 0), (90, 270), (-90, 90), (180, 180), (-88, 90)]
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_is_read_from_the_display_matrix(tmp_path, counterclockwise, clockwise, mirrored):
    path = str(tmp_path / "turned.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(counterclockwise, hflip=mirrored)
        container.mux(stream.encode(painted(marked(), "yuv420p")))
        container.mux(stream.encode(None))
    with av.open(path) as container:
        assert rotation_of(next(container.decode(video=0))) == clockwise


@pytest.mark.real
@pytest.mark.parametrize(("name", "clockwise"), [("0", 0), ("90", 90), ("180", 180), ("270", 270)])
def test_real_rotations(real_videos, name, clockwise):
    with av.open(str(real_videos / f"decord__video_{name}.mov")) as container:
        assert rotation_of(next(container.decode(video=0))) == clockwise
