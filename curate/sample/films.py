"""The sample's films: one file for every kind of footage that curation must tell apart."""

from dataclasses import replace
from fractions import Fraction

from curate.sample import paint
from curate.sample.film import STILL, Film, Move, Shot
from curate.sample.world import World

SLOW_PAN = Move("slow pan", speed=3, direction=180)
PAN = Move("pan", speed=8, direction=0)
FAST_PAN = Move("fast pan", speed=35, direction=180)
TILT = Move("tilt", speed=6, direction=90)
ZOOM_IN = Move("zoom in", zoom=0.12)
ZOOM_OUT = Move("zoom out", zoom=-0.10)
SHAKE = Move("handheld shake", shake=0.8)

FPS_25 = Fraction(25)
NTSC_FILM, NTSC_DOUBLE = Fraction(24000, 1001), Fraction(60000, 1001)


def varying(frame: int) -> int:
    """Milliseconds of a frame at a rate that changes twice a second: 30, 16, 24 frames a second by turns."""
    # One round is half a second of each rate: 15, 8 and 12 frames.
    rounds, within = divmod(frame, 35)
    for first, count, start in ((0, 15, 0), (15, 8, 500), (23, 12, 1000)):
        if within < first + count:
            return rounds * 1500 + start + round((within - first) * 500 / count)
    raise AssertionError(within)


def _one(name: str, world: World, move: Move = SLOW_PAN, seconds: float = 3, **how: object) -> Film:
    """A film of one shot, 320 × 180 at 25 frames a second unless `how` says otherwise."""
    settings: dict[str, object] = {"size": (320, 180), "fps": FPS_25, **how}
    return Film(name=name, shots=(Shot(seconds, world, move),), **settings)  # type: ignore[arg-type]


_CUTS = Film(
    "hard_cuts.mp4",
    (480, 270),
    FPS_25,
    (
        Shot(2.4, World("islands", 1), PAN),
        Shot(2.2, World("town", 2, 60), SLOW_PAN),
        Shot(2.4, World("hills", 3, 150), TILT),
        Shot(2.4, World("meadow", 4, 20), ZOOM_IN),
    ),
    note="four shots, three hard cuts",
)

FILMS: tuple[Film, ...] = (
    _CUTS,
    replace(
        _CUTS,
        name="near_copy_small.mp4",
        stored=(240, 136),
        options={"crf": "32"},
        copy_of="hard_cuts.mp4",
        note="the same pictures, half the size and a fraction of the bits",
    ),
    replace(
        _CUTS,
        name="near_copy_vp9.webm",
        codec="libvpx-vp9",
        stored=(320, 180),
        copy_of="hard_cuts.mp4",
        note="the same pictures in another codec and size",
    ),
    Film(
        "transitions.mp4",
        (480, 270),
        Fraction(24),
        (
            Shot(3, World("hills", 5, 10), SLOW_PAN),
            Shot(3, World("town", 6, 110), PAN),
            Shot(2.5, World("islands", 7, 50), TILT),
            Shot(0.5, looks=("black",)),
            Shot(2.5, World("meadow", 8, 130), ZOOM_OUT),
        ),
        joins=(("dissolve", 1.0), ("cut", 0), ("cut", 0), ("cut", 0)),
        fade_ins=(2, 4),
        fade_outs=(1, 2, 4),
        note="a dissolve, then fades from and to black",
    ),
    Film(
        "camera_moves.mp4",
        (480, 270),
        FPS_25,
        (
            Shot(2.4, World("town", 11, 0), STILL, looks=("static",)),
            Shot(2.4, World("islands", 12, 90), SLOW_PAN),
            Shot(2.4, World("meadow", 13, 150), FAST_PAN),
            Shot(2.4, World("town", 14, 40), ZOOM_IN),
            Shot(2.4, World("hills", 15, 100), SHAKE),
            Shot(
                2.4,
                World("islands", 16, 20),
                STILL,
                looks=("objects",),
                paint=paint.things(16),
                speed_known=False,
            ),
        ),
        note="a tripod, slow and fast pans, a zoom, a handheld camera, things moving before a still camera",
    ),
    _one(
        "static.mp4",
        World("hills", 21, 70),
        STILL,
        4,
        size=(480, 270),
        note="a still picture: every frame the same",
    ),
    Film(
        "black_and_white.mp4",
        (320, 180),
        FPS_25,
        (
            Shot(2.4, looks=("black", "static")),
            Shot(2.4, World("meadow", 31, 40), PAN),
            Shot(2.4, grey=255, looks=("white", "static")),
            Shot(2.4, grey=128, looks=("flat", "static")),
        ),
        note="black, a picture, blown out, plain grey",
    ),
    Film(
        "letterbox.mp4",
        (480, 270),
        FPS_25,
        (
            Shot(
                2.4, World("hills", 41, 30), PAN, 0, ("letterbox",), paint.bars(36, 36, 0, 0), (36, 36, 0, 0)
            ),
            Shot(
                3,
                World("town", 42, 90),
                SLOW_PAN,
                0,
                ("letterbox",),
                paint.bars(0, 0, 60, 60),
                (0, 0, 60, 60),
            ),
        ),
        note="bars above and below, then left and right",
    ),
    Film(
        "text.mp4",
        (640, 360),
        FPS_25,
        (
            Shot(
                2.4,
                World("islands", 51, 10),
                SLOW_PAN,
                looks=("text",),
                paint=paint.caption("THE FERRY LEAVES AT NOON", "and it will not wait"),
                text=("THE FERRY LEAVES AT NOON", "and it will not wait"),
            ),
            Shot(
                2.4,
                World("town", 52, 80),
                SLOW_PAN,
                looks=("text",),
                paint=paint.ticker("BREAKING NEWS  bridge reopens after repairs  +++  rain on Sunday"),
                text=("BREAKING NEWS  bridge reopens after repairs  +++  rain on Sunday",),
            ),
            Shot(2.4, World("meadow", 53, 140), SLOW_PAN),
        ),
        note="captions, a ticker, no text",
    ),
    Film(
        "noise.mp4",
        (320, 240),
        FPS_25,
        (
            Shot(2.4, World("hills", 61, 120), SLOW_PAN, looks=("grain",), paint=paint.grain(14)),
            Shot(2.4, looks=("noise",), paint=paint.snow, speed_known=False),
        ),
        options={"crf": "30"},
        note="a grainy picture, then nothing but noise",
    ),
    _one(
        "clap.mp4",
        World("town", 71, 130),
        seconds=5,
        fps=Fraction(30),
        claps=(1.0, 2.5, 4.0),
        sound=True,
        note="a click and a flash together, three times",
    ),
    _one(
        "rate_12.avi",
        World("islands", 81, 70),
        PAN,
        5,
        fps=Fraction(12),
        codec="mpeg4",
        matrix="bt601",
        note="MPEG-4 in AVI",
    ),
    _one("rate_23_976.mov", World("meadow", 82, 90), PAN, fps=NTSC_FILM),
    _one("rate_59_94.mp4", World("hills", 83, 50), PAN, 3, fps=NTSC_DOUBLE),
    _one(
        "rate_varying.mkv",
        World("town", 84, 20),
        PAN,
        seconds=7 * 35 / 2 / 24,
        fps=Fraction(24),
        pts=varying,
        note="30, 16 and 24 frames a second by turns",
    ),
    _one(
        "rotated_90.mp4",
        World("hills", 91, 0),
        TILT,
        size=(180, 320),
        rotation=90,
        note="a phone held upright",
    ),
    _one("rotated_180.mp4", World("hills", 92, 20), PAN, rotation=180, note="a phone held upside down"),
    _one("rotated_270.mov", World("hills", 93, 40), TILT, size=(180, 320), rotation=270),
    _one("portrait.mp4", World("meadow", 94, 60), TILT, size=(270, 480)),
    _one(
        "odd_size_444.mp4",
        World("islands", 95, 110),
        PAN,
        size=(321, 241),
        pixel_format="yuv444p",
        note="odd sides",
    ),
    _one("ten_bit.mkv", World("hills", 96, 140), PAN, pixel_format="yuv420p10le"),
    _one(
        "full_range.mp4",
        World("town", 97, 160),
        PAN,
        range="full",
        matrix="bt601",
        note="luma 0..255, BT.601",
    ),
    _one(
        "wide_pixels.mp4",
        World("town", 98, 30),
        PAN,
        size=(384, 216),
        stored=(288, 216),
        sar=Fraction(4, 3),
        note="pixels wider than high",
    ),
    _one(
        "late_start.ts",
        World("town", 99, 70),
        PAN,
        start_seconds=10.0,
        sound=True,
        note="the clock starts at 10 s",
    ),
    _one(
        "loop.gif",
        World("meadow", 100, 0),
        ZOOM_IN,
        3,
        size=(160, 120),
        fps=Fraction(25, 2),
        codec="gif",
        pixel_format="rgb8",
    ),
)
