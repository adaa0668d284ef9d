"""Numbers and texts as a person reads them."""

import pytest

from curate.report.numbers import clock, moment, name, number, percent, seconds, size, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"), (0, "0"), (7, "7"), (1234567, "1\u202f234\u202f567"), (0.3, "0.3"), (0.30000001, "0.3"),
        (12.345, "12.3"), (2.0, "2"), (1234.56, "1\u202f235"), (0.0000123, "1.2e-05"), (-0.5, "-0.5"),
        (True, "yes"), (float("inf"), "∞"), (float("nan"), "–"),
    ],
)  # fmt: skip
def test_number(value: object, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "–"), (0.0, "0 %"), (1.0, "100 %"), (0.5, "50.0 %"), (0.99999, "99.99 %"), (0.000001, "0.01 %")],
)
def test_percent_says_all_or_nothing_only_where_it_is(share: float | None, shown: str) -> None:
    assert percent(share) == shown.replace(" ", "\u202f")


def test_times_and_sizes() -> None:
    assert [seconds(value) for value in (None, 12.34, 90, 7200)] == [
        "–", "12.3\u202fs", "1.5\u202fmin", "2\u202fh",
    ]  # fmt: skip
    assert [clock(value) for value in (None, 3.04, 83.5, 3723.4, -1.5, 59.99)] == [
        "–", "0:03.0", "1:23.5", "1:02:03.4", "−0:01.5", "1:00.0",
    ]  # fmt: skip
    assert [size(value) for value in (None, 999, 46_000_000, 2.5e18)] == [
        "–", "999\u202fB", "46\u202fMB", "2\u202f500\u202fPB",
    ]  # fmt: skip
    assert moment("2026-01-02T03:04:05+00:00") == "2026-01-02 03:04 UTC"
    assert moment("yesterday") == "–"


def test_what_nobody_sees_is_written_out() -> None:
    assert visible("a\u202eb\u2066c\x1b[31m\udcff\u2028\x00") == (
        "a\\u{202e}b\\u{2066}c\\u{1b}[31m\\u{dcff}\\u{2028}\\u{0}"
    )
    assert visible("two\nlines, ein Käse, می‌خواهم, 👩‍👩‍👧") == "two\nlines, ein Käse, می‌خواهم, 👩‍👩‍👧"
    assert name("a\nb\tc") == "a\\u{a}b\\u{9}c"
