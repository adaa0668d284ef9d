"""One run over a corpus of damaged, odd and false videos, and a second one over the same.

Every file ends as kept, dropped or failed with a reason, within bounds of time and memory. CI takes a draw of
the corpus, with a few damaged files of real footage where that is at hand; all of it takes half an hour on
two cores:

    CURATE_HOSTILE=all python -m pytest tests/hostile_run/test_corpus.py
    CURATE_HOSTILE=500:7 python -m pytest tests/hostile_run/test_corpus.py      # 500 files of seed 7
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from curate.storage import Folder
from curate.tables import Tables
from stages.inputs import uri_of
from tests.conftest import _footage
from tests.crash.command import ask, curate, last_steps, leftovers, shards
from tests.hostile_corpus.corpus import ALWAYS, Corpus, make
from tests.hostile_run.watching import SCAN, Watched, watched_run

pytestmark = pytest.mark.ray

FILES, SEED = 70, 3
"""The draw of CI."""
PIPELINE = f"""
pipelines:
  p:
    input: in
    output: out
    scan: {SCAN}
    cuts: {{min_seconds: 0, max_seconds: 20}}
    filters:
      - {{use: media, keep: {{short_side: {{min: 16}}}}}}
      - {{use: exposure, keep: {{max: 0.9}}}}
      - {{use: borders}}
      - {{use: sharpness}}
      - {{use: frozen}}
      - {{use: audio}}
      - {{use: motion}}
      - {{use: text}}
      - {{use: duplicate, keep: {{max: 0.9}}}}
    shards: {{crf: 35, preset: ultrafast, max_short_side: 64}}
"""


class Ran(NamedTuple):
    project: Path
    corpus: Corpus
    watched: Watched

    @property
    def out(self) -> Path:
        return self.project / "out"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    project = tmp_path_factory.mktemp("corpus")
    wanted, _, seed = os.environ.get("CURATE_HOSTILE", "").partition(":")
    everything = wanted == "all"
    corpus = make(
        project / "in",
        files=None if everything else int(wanted or FILES),
        seed=int(seed or SEED),
        real=_footage(),
    )
    (project / "p.yaml").write_text(PIPELINE)
    done = watched_run(project, "--quiet", files=len(corpus.files), secrets=corpus.secrets)
    return Ran(project, corpus, done)


def videos(ran: Ran) -> list[dict[str, Any]]:
    return ask(ran.out, "SELECT * FROM videos")


def test_every_file_is_a_row(ran: Ran) -> None:
    found = [uri for row in videos(ran) for uri in row["uris"]]
    assert sorted(found) == sorted(uri_of(str(path)) for path in ran.corpus.files)


def test_every_file_ends_as_kept_dropped_or_failed(ran: Ran) -> None:
    states = ask(
        ran.out,
        "SELECT v.video_id, v.error, count(c.clip_id) AS clips, count(*) FILTER (d.kept) AS kept, "
        "count(*) FILTER (d.dropped_by IS NOT NULL) AS dropped, "
        "count(*) FILTER (d.error IS NOT NULL) AS failed "
        "FROM videos v LEFT JOIN clips c USING (video_id) LEFT JOIN verdicts d USING (clip_id) GROUP BY ALL",
    )
    for row in states:
        ends = row["kept"] + row["dropped"] + row["failed"]
        if row["error"] is None:
            assert ends == row["clips"] > 0, row
        else:
            assert ends == row["clips"] == 0, row
    met = {end: sum(row[end] > 0 for row in states) for end in ("kept", "dropped", "failed")}
    met["error"] = sum(row["error"] is not None for row in states)
    assert min(met.values()) > 0, met  # The draw meets every end.
    assert min(met["kept"], met["error"]) > len(states) / 10, met


def test_the_sums_add_up(ran: Ran) -> None:
    (row,) = ask(
        ran.out,
        "SELECT count(*) AS clips, count(*) FILTER (kept) AS kept, count(*) FILTER (pending) AS pending, "
        "count(*) FILTER (dropped_by IS NOT NULL) AS dropped, count(*) FILTER (error IS NOT NULL) AS failed "
        "FROM verdicts",
    )
    assert row["pending"] == 0
    assert row["kept"] + row["dropped"] + row["failed"] == row["clips"]
    funnel = ask(ran.out, "SELECT * FROM funnel ORDER BY position")
    assert funnel[0]["entered"] == row["clips"]
    left = [r["entered"] - r["dropped"] - r["failed"] - r["pending"] for r in funnel]
    assert [r["entered"] for r in funnel[1:]] == left[:-1]
    assert left[-1] == row["kept"]
    assert [r["n"] for r in ask(ran.out, "SELECT count(*) AS n FROM samples")] == [row["kept"]]


def test_every_reason_can_be_read(ran: Ran) -> None:
    rows = [row["error"] for row in videos(ran)]
    rows += [row["error"] for row in ask(ran.out, "SELECT error FROM verdicts")]
    for reason in filter(None, rows):
        assert 15 < len(reason) < 900, reason  # A path alone may have 600.
        assert reason.isprintable(), reason
        for word in ("Traceback", "Exception", "Errno", "None", "<av.", "unexpectedly"):
            assert word not in reason, reason


def test_the_scanned_seconds_are_in_clips(ran: Ran) -> None:
    tables = Tables(Folder(str(ran.out)))
    spans: dict[bytes, list[tuple[int, int]]] = {}
    for row in tables.rows("clips"):
        spans.setdefault(row["video_id"], []).append((row["start_pts"], row["end_pts"]))
    for row in tables.rows("scans"):
        if row["error"] is None:
            found = sorted(spans[row["video_id"]])
            assert (found[0][0], found[-1][1]) == (row["start_pts"], row["end_pts"])
            assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]


def test_nothing_else_was_opened(ran: Ran) -> None:
    assert len(ran.corpus.secrets) >= 2 * len(ALWAYS)
    assert ran.watched.opened == []


def test_time_and_memory_are_bounded(ran: Ran) -> None:
    ran.watched.assert_bounded(len(ran.corpus.files))
    assert leftovers(ran.out) == []


def test_verify_agrees(ran: Ran) -> None:
    code, _, said = curate(ran.project, "verify", "out")
    assert (code, said) == (0, "")


def test_a_second_run_changes_nothing(ran: Ran) -> None:
    """Only what could not be read, or failed for a reason that may have been the moment's, is tried again."""
    before = shards(ran.out), ask(ran.out, "SELECT * FROM verdicts ORDER BY clip_id")
    errors = {row["video_id"]: row["error"] for row in videos(ran)}
    momentary = sum(row["transient"] is True for row in Tables(Folder(str(ran.out))).rows("scans"))
    code, _, said = curate(ran.project, "run", "p.yaml", "--quiet")
    assert code == 0, said
    assert (shards(ran.out), ask(ran.out, "SELECT * FROM verdicts ORDER BY clip_id")) == before
    assert {row["video_id"]: row["error"] for row in videos(ran)} == errors
    steps = last_steps(ran.out)
    assert steps["scan"]["done"] <= momentary
    assert steps["shards"]["clips_encoded"] == 0
    missing = sum(row["video_id"] is None for row in videos(ran))
    assert steps["index"]["done"] <= missing
