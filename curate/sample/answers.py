"""What is known of each film, in words and numbers that a test can compare with."""

import hashlib
import math
from typing import Any

from curate.sample.film import Film, gradual

UNITS = {
    "frame": "index in presentation order, from 0; an end is the first frame after",
    "seconds": "the file's own clock: start_seconds is the first frame's",
    "speed": "mean movement of what is seen, percent of the diagonal per second; null where unknown",
    "pan_x": "percent of the width per second, what is seen going right is positive",
    "pan_y": "percent of the height per second, what is seen going down is positive",
    "zoom": "natural growth rate of sizes per second",
    "rotation": "clockwise degrees that turn the stored picture upright",
    "borders": "black bars in pixels of the shown picture: top, bottom, left, right",
    "flash_seconds": "a white disc in the middle of the picture, for two frames",
}


def _rounded(value: float) -> float:
    """Six digits, and never the minus of a negative zero."""
    return round(value, 6) + 0.0


def _shot(film: Film, k: int) -> dict[str, Any]:
    shot, (width, height) = film.shots[k], film.size
    first, count = film.starts()[k], film.counts()[k]
    move, diagonal = shot.move, math.hypot(width, height)
    angle = math.radians(move.direction)
    # A shaking camera has no pan; its speed is the wobble's.
    pan_x = move.speed * math.cos(angle) * diagonal / width
    pan_y = move.speed * math.sin(angle) * diagonal / height
    speed = move.mean_speed(shot.seconds, width, height) if shot.speed_known else None
    return {
        "start_frame": first,
        "end_frame": first + count,
        "start_seconds": _rounded(film.seconds_at(first)),
        "end_seconds": _rounded(film.seconds_at(first + count)),
        "motion": move.name,
        "speed": None if speed is None else _rounded(speed),
        "pan_x": _rounded(pan_x),
        "pan_y": _rounded(pan_y),
        "zoom": move.zoom,
        "looks": list(shot.looks),
        "borders": dict(zip(("top", "bottom", "left", "right"), shot.borders, strict=True)),
        "text": list(shot.text),
    }


def cuts(film: Film) -> list[int]:
    """The first frame of each shot that follows the one before without a transition."""
    joins = film.joins or (("cut", 0.0),) * (len(film.shots) - 1)
    return [
        film.starts()[k + 1]
        for k, (kind, _) in enumerate(joins)
        if kind == "cut" and k not in film.fade_outs and k + 1 not in film.fade_ins
    ]


def answer(film: Film, content: bytes) -> dict[str, Any]:
    """Everything known of `film`, whose file holds `content`."""
    width, height = film.size
    if film.stored:  # Near copies are smaller; non-square pixels are shown in the drawn size.
        width, height = round(film.stored[0] * film.sar), film.stored[1]
    coded_width, coded_height = film.coded_size()
    return {
        "outcome": "ok",
        "note": film.note,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "codec": {"libx264": "h264", "libvpx-vp9": "vp9"}.get(film.codec, film.codec),
        "width": width,
        "height": height,
        "coded_width": coded_width,
        "coded_height": coded_height,
        "sar": f"{film.sar.numerator}:{film.sar.denominator}",
        "rotation": film.rotation,
        "pixel_format": film.pixel_format,
        "range": film.range,
        "matrix": film.matrix,
        "fps": str(film.fps),
        "vfr": film.pts is not None,
        "frames": film.frames(),
        "start_seconds": film.start_seconds,
        "end_seconds": _rounded(film.seconds_at(film.frames())),
        "has_audio": film.sound,
        "copy_of": film.copy_of,
        "copy_kind": "near" if film.copy_of else None,
        "cuts": [{"frame": frame, "seconds": _rounded(film.seconds_at(frame))} for frame in cuts(film)],
        "gradual": [
            {
                "kind": kind,
                "start_frame": first,
                "end_frame": end,
                "start_seconds": _rounded(film.seconds_at(first)),
                "end_seconds": _rounded(film.seconds_at(end)),
            }
            for kind, first, end in gradual(film)
        ],
        "shots": [_shot(film, k) for k in range(len(film.shots))],
        "click_seconds": list(film.claps),
        "flash_seconds": list(film.claps),
    }
