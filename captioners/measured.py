"""Captions from measured columns alone: each clause says what one column shows, and no object is named.

Useful without any model: as a baseline, as the sentence about motion and light that is added to another
caption, and wherever footage must be searchable by how it looks. The same rows give the same words on every
machine."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, ClassVar

from captioners._clauses import CLAUSES, Clause
from curate.picture_rows import signals_inside
from curate.plugins import Caption, Captioner, ClipView


class Measured(Captioner):
    """Says how a clip looks and moves, from its signals and its video's facts.

    `fields` has a statement's text, column and value under each clause's name. A column that is absent or has
    no numbers leaves its clause out. What the whole picture does is told of the view (`the view pans`), since
    flow cannot tell a camera that turns from one that travels. Light and motion are those of the picture
    between black bars."""

    VERSION: ClassVar[int] = 2
    READS: ClassVar[tuple[str, ...]] = ("content", "picture", "flow")

    def caption(self, clip: ClipView) -> Caption:
        inside = replace(clip, signals=signals_inside(clip.signals, clip.video))
        found = {name: clause for name, say in CLAUSES.items() if (clause := say(inside)) is not None}
        return Caption(
            short_of(found), dense_of(found), {name: _traced(clause) for name, clause in found.items()}
        )


def _traced(clause: Clause) -> dict[str, Any]:
    fields = asdict(clause)
    del fields["word"]
    # Four decimals: enough to see why a word was chosen, few enough to be the same on every processor.
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in fields.items()}


def enumerated(texts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


SENTENCES: tuple[tuple[str, tuple[str, ...], Callable[[Sequence[str]], str]], ...] = (
    ("The clip", ("orientation", "duration"), enumerated),
    ("The source", ("resolution", "rate"), enumerated),
    ("The picture is", ("colour", "brightness", "contrast"), enumerated),
    ("The clip", ("light", "black", "white", "repeats", "changes"), enumerated),
    ("It shows", ("motion", "within"), ", ".join),
    ("The view", ("pan", "tilt", "zoom", "roll", "steadiness"), enumerated),
)
"""The dense caption: the subject of each sentence, the clauses that follow it, and how they are joined."""


def dense_of(found: dict[str, Clause]) -> str:
    """Every clause, in the order of SENTENCES."""
    sentences = []
    for subject, names, joined in SENTENCES:
        texts = [found[name].text for name in names if name in found]
        if texts:
            sentences.append(f"{subject} {joined(texts)}.")
    return " ".join(sentences)


def short_of(found: dict[str, Clause]) -> str:
    """One sentence of what stands out: light, colour, orientation, motion and the first move of the view."""
    words = [found[name].word for name in ("brightness", "colour", "orientation") if name in found]
    sentence = " ".join(("A", *filter(None, words), "clip"))
    if "motion" in found:
        sentence += f" with {found['motion'].text}"
    moves = [found[name].text for name in ("pan", "tilt", "zoom", "roll", "steadiness") if name in found]
    return f"{sentence}; the view {moves[0]}." if moves else f"{sentence}."
