"""What a check says."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    state: Literal["ok", "note", "problem"]
    """A problem would stop a run or make its results wrong; a note is worth knowing."""
    found: str
    advice: str = ""
    """What to do, for a note or a problem."""
