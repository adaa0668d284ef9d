"""Grids that depend on nothing but pts."""

from fractions import Fraction

from curate.signals.grid import Grid, SampleGrid


def taken(pts: list[int], base: Fraction, rate: float = 2.0, spikes: tuple[int, ...] = ()) -> list[int]:
    grid = SampleGrid(rate, base)
    return [stamp for stamp in pts if grid.takes(stamp, 30.0 if stamp in spikes else 2.0)]


def test_first_frame_at_or_after_each_point() -> None:
    base = Fraction(1, 30000)
    ntsc = [1001 * index for index in range(90)]
    assert taken(ntsc, base) == [0, 15015, 30030, 45045, 60060, 75075]
    assert taken([5 + stamp for stamp in ntsc], base)[:3] == [5, 5 + 14014 + 1001, 5 + 30030]
    assert taken([0, 100_000, 100_500], base) == [
        0,
        100_000,
    ]  # points without a frame of their own are passed over


def test_a_clock_before_zero_and_a_late_start() -> None:
    base = Fraction(1, 10)
    assert taken(list(range(-12, 12)), base) == [-12, -10, -5, 0, 5, 10]
    assert taken(list(range(1003, 1017)), base) == [1003, 1005, 1010, 1015]


def test_fine_grid_after_a_spike_until_the_next_point() -> None:
    frames = list(range(96))
    assert taken(frames, Fraction(1, 48), spikes=(26,)) == [0, 24, 30, 36, 42, 48, 72]
    assert taken(frames, Fraction(1, 48), spikes=(24,)) == [0, 24, 30, 36, 42, 48, 72]
    assert taken(frames, Fraction(1, 48), spikes=(47,)) == [0, 24, 48, 72]
    assert taken(frames, Fraction(1, 48), spikes=(30,))[:4] == [0, 24, 30, 36]


def test_a_part_of_the_file_finds_the_same_frames() -> None:
    base, frames, spikes = Fraction(1, 25), list(range(500)), (101, 207, 333)
    whole = taken(frames, base, spikes=spikes)
    for start in (40, 99, 150, 301):
        settled = start + 13  # half a second
        part = taken(frames[start:], base, spikes=spikes)
        assert [stamp for stamp in part if stamp >= settled] == [stamp for stamp in whole if stamp >= settled]


def test_rates_are_taken_as_written() -> None:
    grid = Grid(0.1, Fraction(1))  # one point in ten seconds, though 0.1 is no binary fraction
    assert [stamp for stamp in range(41) if grid.arrives(stamp)] == [0, 10, 20, 30, 40]
