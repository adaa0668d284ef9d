"""A model that ticks: what it is asked, what is made of its answers, and what becomes of bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.types import Sampling
from captioners.openai import OpenAI
from curate.context import RunError
from curate.frames_of import picture
from curate.judging import ticks
from curate.judging.claims import claims_of
from curate.judging.judge import Judged, build_judge, json_schema, judge, parsed
from curate.judging.source import Source
from tests.captioners.scripted import Asked, Reply, Scripted
from tests.judging.making import HARM, Captioned, captioned, seen_of

CLIPS = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Captioned:
    return captioned(tmp_path_factory.mktemp("judge") / "run", hostile=True)


def told(asked: Asked) -> list[dict[str, Any]]:
    """The statements as the model sees them."""
    line = next(line for line in asked.text.splitlines() if line.startswith("The statements, as JSON: "))
    found: list[dict[str, Any]] = json.loads(line.partition(": ")[2])
    return found


def verdicts(asked: Asked, **more: Any) -> str:
    """Claims about looks are wrong, sentences unclear, all others right."""
    said = {"subject": "wrong", "dense": "unclear"}
    found = {str(one["number"]): said.get(one["about"], "right") for one in told(asked)}
    return json.dumps({"verdicts": found, "missing": ["a dog", " "], **more})


def judged(run: Captioned, server: Scripted, **options: Any) -> tuple[Judged, ticks.Sheet]:
    captioner = OpenAI(model="Org/Judge 7B", base_url=server.url, **options)
    done: list[int] = []
    with Source(run.folder) as source:
        clips = source.clips(run.kept[:CLIPS])
        found = judge(source, clips, captioner, lambda: done.append(1))
        assert len(done) == CLIPS
        return found, ticks.read(source, found.path)


def test_every_claim_is_asked_about_beside_the_frames_and_ticked(run: Captioned) -> None:
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        found, sheet = judged(run, server, short_side=28, concurrency=2)
    assert (found.unjudged, found.tokens_in, found.tokens_out) == ({}, 100 * CLIPS, 50 * CLIPS)
    assert found.path == run.folder.path("audit/judge-org-judge-7b.json")
    assert (sheet.auditor, [one.clip.clip_id for one in sheet.clips]) == (
        "judge: Org/Judge 7B",
        run.kept[:CLIPS],
    )
    assert server.most <= 2
    for one in sheet.clips:
        by_field = {claim.field: verdict for claim, verdict in zip(one.claims, one.verdicts, strict=True)}
        assert (by_field["subject"], by_field["dense"], by_field["action"]) == ("wrong", "unclear", "right")
        assert one.missing == ("a dog",)
    # The frames that the captioner saw, no larger than asked for, with their times.
    asked = next(
        one for one in server.asked if "3 moments of one piece of footage of 3.0 seconds" in one.text
    )
    assert len(asked.images) == 3
    assert {picture(image).shape[:2] for image in asked.images} == {(28, 50)}
    assert [part["text"] for part in asked.content if part["type"] == "text"][:3] == [
        "0.5 s:",
        "1.0 s:",
        "2.5 s:",
    ]


def test_claims_are_quoted_data(run: Captioned) -> None:
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        judged(run, server)
    hostile = next(one for one in server.asked if told(one)[0]["statement"] == " ".join(HARM.split()))
    assert "<script>" not in hostile.text
    assert hostile.text.count("\n") == server.asked[-1].text.count("\n")
    schema = hostile.body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdicts"]["required"] == [str(one["number"]) for one in told(hostile)]


def test_a_bad_answer_is_asked_for_once_more_and_then_counts_for_nothing(run: Captioned) -> None:
    bad = run.kept[1]

    def script(asked: Asked, before: int) -> Reply:
        number = next(one["statement"] for one in told(asked) if one["about"] == "subject")
        if "fisherman" in number:  # the clip `bad`
            return Reply("no JSON at all")
        return Reply("{}" if before == 0 else f"```json\n{verdicts(asked)}\n```")

    with Scripted(script) as server:
        found, sheet = judged(run, server)
    assert found.unjudged == {bad.hex(): "the answer is no JSON"}
    assert len(server.asked) == 2 * CLIPS
    unjudged = next(one for one in sheet.clips if one.clip.clip_id == bad)
    assert (set(unjudged.verdicts), unjudged.looked_at) == ({None}, False)
    assert all(one.looked_at for one in sheet.clips if one.clip.clip_id != bad)
    # A second try is drawn otherwise, or it would say the same.
    assert len({asked.sampling for asked in server.asked}) == 2


def test_what_the_server_does_not_take_fails_its_clip(run: Captioned) -> None:
    def script(asked: Asked, before: int) -> Reply:
        subject = next(one["statement"] for one in told(asked) if one["about"] == "subject")
        return Reply("too long", status=400) if "fisherman" in subject else Reply(verdicts(asked))

    with Scripted(script) as server:
        found, _ = judged(run, server)
    assert found.unjudged == {run.kept[1].hex(): "HTTP 400: too long"}


def test_a_wrong_key_ends_it_and_writes_nothing(run: Captioned) -> None:
    before = sorted(run.folder.names("audit"))
    with (
        Scripted(lambda asked, number: Reply("no", status=401)) as server,
        Source(run.folder) as source,
    ):
        captioner, clips = OpenAI(model="other", base_url=server.url), source.clips(run.kept[:CLIPS])
        with pytest.raises(RunError, match="does not know the key"):
            judge(source, clips, captioner, lambda: None)
    assert sorted(run.folder.names("audit")) == before


def test_a_budget_holds(run: Captioned) -> None:
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        found, sheet = judged(run, server, budget_tokens=300, concurrency=1)
    assert len(server.asked) == 2
    assert set(found.unjudged.values()) == {"the budget of tokens is used up"}
    assert sum(one.looked_at for one in sheet.clips) == 2


def test_a_damaged_picture_fails_its_clip(run: Captioned, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(jpeg: bytes, side: int) -> bytes:
        raise ValueError("a stored frame is not a JPEG")

    monkeypatch.setattr("curate.judging.judge.reduced", damaged)
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server:
        found, _ = judged(run, server, short_side=64)
    assert (server.asked, set(found.unjudged.values())) == ([], {"a stored frame is not a JPEG"})


def test_a_clip_without_frames_is_not_asked_about(run: Captioned, tmp_path: Path) -> None:
    with Scripted(lambda asked, before: Reply(verdicts(asked))) as server, Source(run.folder) as source:
        source.keys["groups"] = {}
        found = judge(
            source, source.clips(run.kept[:2]), OpenAI(model="none", base_url=server.url), lambda: None
        )
    assert (server.asked, set(found.unjudged.values())) == ([], {"no frame of it is stored"})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "no JSON"), ("[1]", "lacks verdicts"),
        ('{"verdicts": {}, "missing": []}', "does not say one of"),
        ('{"verdicts": {"1": "right", "2": "yes"}, "missing": []}', "does not say one of"),
        ('{"verdicts": {"1": "right", "2": ["right"]}, "missing": []}', "does not say one of"),
        ('{"verdicts": {"1": "right", "2": "right"}}', "lacks verdicts or missing"),
        ("[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_answers_that_say_nothing(raw: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parsed(raw, 2)


def test_answers_with_more_than_was_asked_for() -> None:
    raw = json.dumps(
        {"verdicts": {"1": "right", "2": "wrong", "3": "right"}, "missing": [1, "x" * 9000, *"abcdefghijkl"]}
    )
    found, missing = parsed(raw, 2)
    assert (found, len(missing), len(missing[0])) == (("right", "wrong"), 10, 2000)
    assert json_schema(0)["properties"]["verdicts"]["required"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("openai", "'{use: openai, model: …}'"), ("{model: x}", "'{use: openai, model: …}'"),
        ("{use: measured}", "has no model"), ("{use: nope}", "known are"), ("{use: openai}", "model"),
        ("{use: openai, model: x, color: red}", "has no option 'color'"), ("{", "not YAML"),
        ("{use: openai, model: x, api_key_env: CURATE_NO_SUCH_KEY}", "has no CURATE_NO_SUCH_KEY"),
    ],
)  # fmt: skip
def test_what_cannot_judge_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build_judge(text)


def test_a_judge_is_named_as_in_a_pipeline() -> None:
    found = build_judge("{use: openai, model: x, concurrency: 3}")
    assert isinstance(found, OpenAI)
    assert (found.lanes, found.rules.sampling(0, ())) == (3, Sampling(0.2, 0.9, 1024, 0))


def test_claims_of_the_run_are_what_is_asked(run: Captioned) -> None:
    spans = {row["clip_id"]: row for row in run.made.tables.rows("clips", run.keys.cuts)}
    with Source(run.folder) as source:
        clip = source.clips(run.kept[1:2])[0]
    assert list(clip.frames_seen) == seen_of(spans[clip.clip_id])
    assert [claim.field for claim in claims_of(clip)].count("dense") == 3
