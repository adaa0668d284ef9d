"""Numbers and texts as the page shows them."""

import math
import unicodedata
from datetime import datetime
from typing import Any

JOINERS = "\u200c\u200d"
"""Invisible characters that scripts and emoji are written with."""
KEPT_CONTROLS = "\n\t"


def number(value: Any) -> str:
    """Three significant digits, whole numbers in full with thin spaces between thousands; NULL is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "∞" if value > 0 else "−∞" if value < 0 else "–"
        if value == int(value) and abs(value) < 1e15:
            value = int(value)
        elif abs(value) >= 1000:
            value = round(value)
        elif abs(value) < 1e-4:
            return f"{value:.1e}"
        else:
            return f"{float(f'{value:.3g}'):g}"
    return f"{value:,}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """A share of 0 to 1; neither everything nor nothing is said of what is only near it."""
    if share is None:
        return "–"
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", "\u202f%")
    digits = 1 if 0.001 < share < 0.999 else 2
    shown = min(max(share * 100, 10**-digits), 100 - 10**-digits)
    return f"{shown:.{digits}f}\u202f%"


def seconds(value: float | None) -> str:
    """A length of time in the unit that suits it."""
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.1f}\u202fs"
    if value < 5400:
        return f"{value / 60:.1f}\u202fmin"
    return f"{number(round(value / 3600, 1))}\u202fh"


def clock(value: float | None) -> str:
    """A place in a file: 1:02:03.4."""
    if value is None:
        return "–"
    tenths = round(abs(value) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    sign = "−" if value < 0 else ""
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{head}:{rest // 10:02d}.{rest % 10}"


def size(value: float | None) -> str:
    """Bytes in the unit that suits them."""
    if value is None:
        return "–"
    units = ("B", "kB", "MB", "GB", "TB", "PB")
    step = min(len(units) - 1, max(0, int(math.log10(max(value, 1)) // 3)))
    return f"{number(float(f'{value / 1000**step:.3g}'))}\u202f{units[step]}"


def moment(value: str | None) -> str:
    """An ISO time to the minute."""
    try:
        return f"{datetime.fromisoformat(value or ''):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return "–"


def visible(text: Any) -> str:
    """A text as it is, but for characters that nobody sees and that turn or break a line: those are written
    out, so that a name cannot pass for another."""
    return "".join(
        f"\\u{{{ord(c):x}}}"
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in KEPT_CONTROLS + JOINERS
        else c
        for c in str(text)
    )


def name(text: Any) -> str:
    """As `visible`, on one line: file names, URLs and labels."""
    return visible(text).replace("\n", "\\u{a}").replace("\t", "\\u{9}")
