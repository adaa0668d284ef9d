"""Claims, ticks and rates: known answers, and files that are not to be trusted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curate.intervals import wilson
from curate.judging.claims import DENSE, MOST_SENTENCES, Claim, claims_of, digest_of, sentences
from curate.judging.rates import agreement, agreements, kappa, rates
from curate.judging.source import Clip, Source
from curate.judging.ticks import Sheet, Ticked, read, written
from tests.judging.making import Captioned, captioned

CLIP = Clip(
    b"c" * 16, b"v" * 16, "/in/a.mp4", 0, 30, "1/10", 0.0, 3.0, "ok", "openai", "m", "Short.",
    "A dog runs. It barks.", {"subject": "a dog", "camera_motion": "unclear", "action": "it runs"}, (),
)  # fmt: skip


def test_a_claim_is_a_field_that_says_something_or_a_sentence() -> None:
    assert claims_of(CLIP) == (
        Claim("subject", "a dog"),
        Claim("action", "it runs"),
        Claim(DENSE, "A dog runs."),
        Claim(DENSE, "It barks."),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("A sign says \"Go. Now.\" It is red.", ["A sign says \"Go. Now.\"", "It is red."]),
        ("Dr. Smith turns 3.5 times. Then J. Doe nods.", ["Dr. Smith turns 3.5 times.", "Then J. Doe nods."]),
        ("First line\nsecond line.\n\nNext.", ["First line second line.", "Next."]),
        ("狗在跑。它叫。", ["狗在跑。", "它叫。"]),
        ("", []),
        (" . ", ["."]),
        ("…", ["…"]),
    ],
)  # fmt: skip
def test_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_a_caption_has_so_many_claims_and_loses_no_word() -> None:
    text = " ".join(f"Sentence {n}." for n in range(500))
    found = sentences(text)
    assert (len(found), " ".join(found)) == (MOST_SENTENCES, text)


def test_other_claims_have_another_digest() -> None:
    claims = claims_of(CLIP)
    assert digest_of(claims) != digest_of(claims[:-1])
    assert digest_of([Claim("a", "bc")]) != digest_of([Claim("ab", "c")])


def ticked(verdicts: str, missing: tuple[str, ...] = (), number: int = 0, outcome: str = "ok") -> Ticked:
    """One verdict for each claim of CLIP: r, w, u, or - for none."""
    words = {"r": "right", "w": "wrong", "u": "unclear", "-": None}
    clip = replace(CLIP, clip_id=bytes([number]) * 16, outcome=outcome)
    return Ticked(clip, claims_of(clip), tuple(words[one] for one in verdicts), missing)


def test_rates_by_field_and_outcome_with_intervals() -> None:
    told = (
        ticked("rrrw", ("a cat", "a hat")),
        ticked("rwru", (), 1, "measured"),
        ticked("----", (), 2),
        ticked("rrrr", (), 3),
    )
    sheet = Sheet("anne", "a.json", told)
    found = rates(sheet)
    by_kind = {one.kind: one for one in found.fields}
    assert list(by_kind) == ["subject", "action", "dense", "all"]
    subject, dense, every = by_kind["subject"], by_kind["dense"], by_kind["all"]
    assert (subject.right, subject.wrong, subject.unclear, subject.unticked, subject.share) == (
        3,
        0,
        0,
        1,
        1.0,
    )
    assert (dense.right, dense.wrong, dense.unclear, dense.unticked) == (4, 1, 1, 2)
    assert (dense.share, dense.interval) == (4 / 5, wilson(4, 5))
    assert (every.right, every.wrong, every.share) == (9, 2, 9 / 11)
    assert {one.kind: (one.right, one.wrong) for one in found.outcomes} == {"ok": (7, 1), "measured": (2, 1)}
    omitted = found.omitted
    assert (found.clips, found.faultless) == (3, 1)
    assert (omitted.things, omitted.per_clip, omitted.complete) == (2, 2 / 3, 2)


def test_agreement_is_about_what_both_ticked() -> None:
    one = Sheet("a", "", (ticked("rrwu"), ticked("rr--", (), 1)))
    other = Sheet("b", "", (ticked("rwwr"), ticked("-rrr", (), 1), ticked("wwww", (), 2)))
    found = agreement(one, other)
    assert (found.claims, found.agreed, found.share) == (5, 3, 0.6)
    assert found.interval == wilson(3, 5)
    assert len(agreements([one, other, one])) == 3


def test_kappa_of_the_textbook() -> None:
    """Cohen's own form, with the counts of 50 grants of which two readers agree on 35: 0.4."""
    pairs = [("right", "right")] * 20 + [("right", "wrong")] * 5 + [("wrong", "right")] * 10
    pairs += [("wrong", "wrong")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([("right", "right")] * 3) is None
    assert kappa([("right", "wrong"), ("wrong", "right")]) == pytest.approx(-1.0)


# -- files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Captioned:
    return captioned(tmp_path_factory.mktemp("rates") / "run")


def sheet_of(run: Captioned) -> dict[str, Any]:
    """A sound file about two clips, as JSON."""
    with Source(run.folder) as source:
        clips = source.clips(run.kept[:2])
        told = [
            Ticked(clip, claims_of(clip), (None,) * len(claims_of(clip)), (" a  dog ", " ")) for clip in clips
        ]
        body: dict[str, Any] = json.loads(written("anne", told))
        return body


def reading(run: Captioned, path: Path, body: Any) -> Sheet:
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    with Source(run.folder) as source:
        return read(source, str(path))


def test_what_is_written_is_read(run: Captioned, tmp_path: Path) -> None:
    body = sheet_of(run)
    body["clips"][0]["claims"][:2] = ["right", "wrong"]
    found = reading(run, tmp_path / "a.json", body)
    assert (found.auditor, len(found.clips)) == ("anne", 2)
    assert found.clips[0].verdicts[:3] == ("right", "wrong", None)
    assert found.clips[0].missing == ("a dog",)


HARM: list[tuple[str, Any, str]] = [
    ("format", "other", "format"),
    ("version", 2, "version"),
    ("auditor", 7, "auditor"),
    ("auditor", "x" * 201, "auditor"),
    ("clips", {}, "clips"),
    ("more", 1, "more"),
    ("clips.0.clip_id", "zz", "clip_id"),
    ("clips.0.clip_id", "A" * 32, "clip_id"),
    ("clips.0.clip_id", "0" * 32, "of which this run has no caption"),
    ("clips.0.digest", "0" * 32, "another caption"),
    ("clips.0.claims", ["right"], "another caption"),
    ("clips.0.claims.0", "maybe", "claims"),
    ("clips.0.claims.0", True, "claims"),
    ("clips.0.claims.0", ["right"], "claims"),
    ("clips.0.missing", "a dog", "missing"),
    ("clips.0.missing", ["x" * 2001], "missing"),
    ("clips.0.missing", ["x"] * 201, "missing"),
    ("clips.1", None, "clips"),
]


@pytest.mark.parametrize(("where", "value", "said"), HARM, ids=lambda one: str(one)[:30])
def test_what_is_not_sound_is_told(run: Captioned, tmp_path: Path, where: str, value: Any, said: str) -> None:
    body = at = sheet_of(run)
    *before, last = [int(part) if part.isdecimal() else part for part in where.split(".")]
    for part in before:
        at = at[part]
    at[last] = value  # type: ignore[index]
    with pytest.raises(ValueError, match=said) as caught:
        reading(run, tmp_path / "a.json", body)
    assert len(str(caught.value)) < 700
    assert str(tmp_path / "a.json") in str(caught.value)


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, "null", '{"format": NaN}', "\x00", '"\\ud800"'])
def test_what_is_no_file_of_ticks_is_told(run: Captioned, tmp_path: Path, body: str) -> None:
    with pytest.raises(ValueError, match="no sound file of ticks"):
        reading(run, tmp_path / "a.json", body)


def test_a_clip_twice_a_large_file_and_none(run: Captioned, tmp_path: Path) -> None:
    body = sheet_of(run)
    body["clips"].append(body["clips"][0])
    with pytest.raises(ValueError, match="twice"):
        reading(run, tmp_path / "a.json", body)
    with pytest.raises(ValueError, match="more than 20,000,000 bytes"):
        reading(run, tmp_path / "a.json", " " * 20_000_001)
    with Source(run.folder) as source, pytest.raises(ValueError, match="cannot be read"):
        read(source, str(tmp_path / "none.json"))
