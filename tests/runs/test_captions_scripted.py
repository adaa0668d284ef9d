"""Two hundred clips before a server that does all that servers do."""

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.captioners.scripted import Asked, Reply, Scripted
from tests.runs.captioned import (
    answers,
    captioned_by,
    captions,
    good_for,
    many_clips,
    number_of,
    stored_frames,
)
from tests.runs.helpers import Project, Row

pytestmark = pytest.mark.ray

KEY = "sk-scripted-0123456789abcdef"
REFUSAL = "I'm sorry, but I can't help with describing this content."
LOOP = "The man walks slowly and the man walks slowly and " * 12
KINDS = (
    "valid", "refusal", "loop", "length", "broken", "busy", "reset", "hang", "valid", "valid", "stubborn",
)  # fmt: skip
BAD = {"refusal", "loop", "length", "broken"}
"""Kinds whose first answer comes, and is bad."""


def kind_of(asked: Asked) -> str:
    return KINDS[number_of(asked) % len(KINDS)]


def script(asked: Asked, before: int) -> Reply:
    kind = kind_of(asked)
    whole = good_for(asked)
    if kind == "stubborn":
        return Reply(good_for(asked, dense=REFUSAL, subject=REFUSAL, short=REFUSAL))
    if before or kind == "valid":
        return Reply(whole)
    return {
        "refusal": Reply(REFUSAL),
        "loop": Reply(good_for(asked, dense=LOOP)),
        "length": Reply(whole[:300], finish_reason="length"),
        "broken": Reply(whole[:-40]),
        "busy": Reply("slow down", status=429, headers={"Retry-After": "1"}),
        "reset": Reply(status=0),
        "hang": Reply(status=-1),
    }[kind]


class Done:
    """A finished run, what the server saw, and what was printed."""

    def __init__(self, project: Project, server: Scripted, printed: str) -> None:
        self.project, self.server, self.printed = project, server, printed
        self.captions, self.answers = captions(project), answers(project)
        frames = stored_frames(project)
        self.clips = {row["clip_id"]: row for row in project.sql("SELECT * FROM clips")}
        by_frames = {
            (self.clips[row["clip_id"]]["video_id"], tuple(row["frames_seen"])): row["clip_id"]
            for row in self.captions
        }
        self.about: list[tuple[str | None, Asked]] = []
        """Each request with the clip whose frames it holds."""
        for asked in server.asked:
            places = [frames[image] for image in asked.images]
            key = places[0][0], tuple(pts for _, pts in places)
            assert {video for video, _ in places} == {key[0]}
            self.about.append((by_frames.get(key), asked))

    def of(self, kind: str) -> list[Row]:
        """Captions of the clips of a kind."""
        ids = {clip for clip, asked in self.about if kind_of(asked) == kind}
        return [row for row in self.captions if row["clip_id"] in ids]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    root = tmp_path_factory.mktemp("scripted")
    inputs = many_clips(root / "input")
    with Scripted(script) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRIPTED_KEY", KEY)
        project = captioned_by(
            server, root / "project", inputs, api_key_env="SCRIPTED_KEY", timeout_seconds=3, attempts=3
        )
        project.write()
        found = project.command("run", "pipelines.yaml")
        assert found.returncode == 0, found.stderr
        return Done(project, server, found.stdout + found.stderr)


def test_every_clip_ends_with_an_outcome(done: Done) -> None:
    entered = done.project.sql("SELECT entered FROM funnel WHERE rule = 'captioner'")[0]["entered"]
    assert len(done.captions) == entered
    assert entered >= 200
    outcomes = Counter(row["outcome"] for row in done.captions)
    assert outcomes == {"ok": entered - len(done.of("stubborn")), "refusal": len(done.of("stubborn"))}
    for kind in KINDS:
        assert len(done.of(kind)) >= 5, kind
    for row in done.of("stubborn"):
        assert (row["attempts"], row["dense"], row["short"]) == (3, None, None)
        assert row["error"]
    verdicts = {row["clip_id"]: row for row in done.project.sql("SELECT * FROM verdicts")}
    for row in done.captions:
        verdict = verdicts[row["clip_id"]]
        assert verdict["dropped_by"] == (None if row["outcome"] == "ok" else "captioner")


def test_what_failed_a_gate_is_asked_for_with_another_sampling_and_a_repair_prompt(done: Done) -> None:
    by_clip: dict[str, list[Asked]] = {}
    for clip, asked in done.about:
        assert clip is not None
        by_clip.setdefault(clip, []).append(asked)
    for requests in by_clip.values():
        kind = kind_of(requests[0])
        expected = 2 if kind in BAD else 3 if kind == "stubborn" else 1
        assert len({asked.sampling for asked in requests}) == expected, kind
        assert sum("An earlier answer" in asked.text for asked in requests) == expected - 1, kind
        if kind == "loop":
            assert "frequency_penalty" in requests[1].body
        if kind == "length":
            assert requests[1].body["max_tokens"] > requests[0].body["max_tokens"]


def test_no_bad_text_is_in_a_shard(done: Done) -> None:
    members = done.project.members()
    texts = [data.decode() for name, data in members.items() if not name.endswith(".mp4")]
    assert len(texts) == 3 * sum(row["outcome"] == "ok" for row in done.captions)
    for text in texts:
        assert "sorry" not in text
        assert "walks slowly and the man walks" not in text
    by_id = {row["clip_id"]: row for row in done.captions}
    for document in done.project.documents():
        row = by_id[document["clip_id"]]
        assert document["caption"]["dense"] == row["dense"]
        assert document["caption"]["fields"]["subject"] == row["subject"]
        assert (document["caption"]["model"], document["caption"]["prompt_hash"]) == (
            "scripted-1", row["prompt_hash"],
        )  # fmt: skip


def test_every_answer_is_in_the_table(done: Done) -> None:
    came = [row for row in done.answers if row["raw"] is not None]
    expected = {"valid": 1, "busy": 1, "reset": 1, "hang": 1, "stubborn": 3} | dict.fromkeys(BAD, 2)
    per_clip = Counter(row["clip_id"] for row in came)
    for kind, count in expected.items():
        assert {per_clip[row["clip_id"]] for row in done.of(kind)} == {count}, kind
    assert {(row["tokens_in"], row["tokens_out"]) for row in came} == {(100, 50)}
    assert {row["finish_reason"] for row in came} == {"stop", "length"}
    assert len({row["request_hash"] for row in came}) == len(came)
    assert all(json.loads(row["sampling"])["temperature"] == 0.2 for row in came if row["attempt"] == 0)


def test_the_images_are_the_clips_distinct_in_order_and_those_that_are_told(done: Done) -> None:
    frames = stored_frames(done.project)
    by_id = {row["clip_id"]: row for row in done.captions}
    for clip, asked in done.about:
        assert clip is not None
        span, seen = done.clips[clip], [frames[image][1] for image in asked.images]
        assert seen == by_id[clip]["frames_seen"] == sorted(set(seen))
        assert len(seen) == 3
        assert all(span["start_pts"] <= pts < span["end_pts"] for pts in seen)
        said = [part["text"] for part in asked.content if part["type"] == "text"][:-1]
        base = span["start_seconds"] / span["start_pts"] if span["start_pts"] else None
        if base is not None:
            assert said == [f"{(pts - span['start_pts']) * base:.1f} s:" for pts in seen]


def test_the_server_is_asked_as_agreed(done: Done) -> None:
    assert done.server.most <= 16
    assert {asked.headers["Authorization"] for _, asked in done.about} == {f"Bearer {KEY}"}
    busy: dict[str, list[Asked]] = {}
    for clip, asked in done.about:
        if clip is not None and kind_of(asked) == "busy":
            busy.setdefault(clip, []).append(asked)
    for requests in busy.values():
        assert len(requests) == 2
        assert requests[1].came - requests[0].came >= 0.99


def test_the_key_is_nowhere(done: Done) -> None:
    assert KEY not in done.printed
    secret = KEY.encode()
    looked_at = 0
    for path in done.project.out.rglob("*"):
        if path.is_file():
            looked_at += 1
            assert secret not in path.read_bytes(), path
    assert looked_at > 100
    for sessions in Path(tempfile.gettempdir(), "ray").glob("session_latest/logs"):
        for path in sessions.rglob("*"):
            if path.is_file():
                assert secret not in path.read_bytes(), path


def test_nothing_is_asked_twice(done: Done) -> None:
    before = len(done.server.asked)
    done.project.write()
    found = done.project.command("run", "pipelines.yaml", without_ray=True)
    assert found.returncode == 0, found.stderr
    assert len(done.server.asked) == before
    assert captions(done.project) == done.captions
