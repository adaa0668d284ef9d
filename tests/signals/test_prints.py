"""Prints of rendered pictures whose likeness is known."""

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from curate.signals import GROUPS
from curate.signals.prints import GRID, LENGTH, RATE, Prints, print_of
from curate.signals.view import FrameView


def scene(seed: int, width: int = 256, height: int = 144) -> np.ndarray:
    """A picture with shapes of all sizes: uint8 BGR."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((720, 1280, 3), np.uint8)
    picture[:] = cv2.resize(rng.integers(60, 200, (4, 6, 3), np.uint8), (1280, 720))
    for _ in range(60):
        size = int(rng.integers(20, 260))
        x, y = int(rng.integers(0, 1280)), int(rng.integers(0, 720))
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.rectangle(picture, (x, y), (x + size, y + size // 2), color, -1)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def view(picture: np.ndarray, pts: int = 0) -> FrameView:
    return FrameView(pts, picture, lambda: picture[..., 0])


def seen(picture: np.ndarray) -> np.ndarray:
    """The print as the group makes it, float."""
    data, inner = Prints(Fraction(1, 1000)).update(view(picture))
    assert inner is not None
    return np.frombuffer(data, np.int8) / 127.0


def alike(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def with_bars(picture: np.ndarray, share: float) -> np.ndarray:
    bar = np.zeros((int(picture.shape[0] * share), *picture.shape[1:]), np.uint8)
    whole = np.concatenate([bar, picture, bar])
    return cv2.resize(
        whole, (256, round(256 * whole.shape[0] / whole.shape[1])), interpolation=cv2.INTER_AREA
    )


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    found: np.ndarray = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return found


COPIES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "coded badly": (lambda p: jpeg(p, 12), 0.97), "a quarter of the size": (lambda p: cv2.resize(cv2.resize(p,
    (64, 36), interpolation=cv2.INTER_AREA), (256, 144)), 0.97), "squeezed": (lambda p: cv2.resize(p, (256,
    256)), 0.99), "with bars": (lambda p: with_bars(p, 0.17), 0.97), "brighter": (lambda p:
    cv2.convertScaleAbs(p, alpha=0.8, beta=40), 0.99), "darker": (lambda p: (255 * (p / 255) **
    1.4).astype(np.uint8), 0.95), "grey": (lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY),
    cv2.COLOR_GRAY2BGR), 0.99), "cropped by 5 %": (lambda p: p[3:-4, 6:-7], 0.9), "with a subtitle": (lambda
    p: cv2.putText(p.copy(), "some words said", (60, 130), 0, 0.5, (255,) * 3, 1), 0.9),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_has_about_the_same_print(name: str) -> None:
    change, least = COPIES[name]
    found = [alike(seen(scene(seed)), seen(change(scene(seed)))) for seed in range(5)]
    assert min(found) > least


TURNED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored": lambda p: p[:, ::-1],
    "upside down": lambda p: p[::-1, ::-1],
    "on its side": lambda p: np.rot90(p),
    "negative": lambda p: 255 - p,
}


@pytest.mark.parametrize("name", TURNED)
def test_a_picture_that_was_turned_is_another_one(name: str) -> None:
    turned = [np.ascontiguousarray(TURNED[name](scene(seed))) for seed in range(8)]
    assert max(alike(seen(scene(seed)), seen(picture)) for seed, picture in enumerate(turned)) < 0.6


def test_other_pictures_have_other_prints() -> None:
    prints = [seen(scene(seed)) for seed in range(30)]
    found = [alike(a, b) for n, a in enumerate(prints) for b in prints[:n]]
    assert max(found) < 0.6
    assert abs(np.mean(found)) < 0.05


def test_a_bright_sky_above_is_no_likeness() -> None:
    ramp = np.linspace(220, 30, 144)[:, None, None]
    skies = [np.clip(0.6 * ramp + 0.4 * scene(seed), 0, 255).astype(np.uint8) for seed in range(10)]
    found = [alike(seen(a), seen(b)) for n, a in enumerate(skies) for b in skies[:n]]
    assert max(found) < 0.7


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((144, 256, 3), np.uint8),
        np.full((144, 256, 3), 255, np.uint8),
        np.broadcast_to(np.linspace(90, 120, 144, dtype=np.uint8)[:, None, None], (144, 256, 3)).copy(),
        np.random.default_rng(0).integers(98, 103, (144, 256, 3)).astype(np.uint8),
    ],
    ids=["black", "white", "ramp", "grain"],
)
def test_a_plain_picture_has_no_identity(picture: np.ndarray) -> None:
    assert not seen(picture).any()


def test_prints_stand_on_a_grid_of_the_files_clock() -> None:
    group = GROUPS["prints"]
    assert group.standing
    measure = group.start(Fraction(1, 24))
    picture = scene(1)
    rows = [measure.update(view(picture, pts)) for pts in range(100, 148)]
    there = [pts for pts, row in zip(range(100, 148), rows, strict=True) if row[1] is not None]
    assert there == [100, *range(102, 148, 24 // RATE)]
    assert len(rows[0][0]) == LENGTH
    assert all(
        row == (bytes(LENGTH), None)
        for pts, row in zip(range(100, 148), rows, strict=True)
        if pts not in there
    )
    # A chunk that begins later has the same rows from its second print on.
    later = group.start(Fraction(1, 24))
    assert [later.update(view(picture, pts)) for pts in range(120, 148)][1:] == rows[21:]


def test_inner_is_the_share_within_the_bars() -> None:
    whole, barred = (
        Prints(Fraction(1, 1000)).update(view(p))[1] for p in (scene(2), with_bars(scene(2), 0.17))
    )
    assert whole == 1.0
    assert barred == pytest.approx(0.75, abs=0.03)


def test_tiny_pictures_have_prints() -> None:
    for size in ((2, 2), (5, 40), (GRID, GRID)):
        assert len(print_of(np.random.default_rng(0).integers(0, 256, size).astype(np.uint8))) == LENGTH
