"""The gates on good and bad answers that were written apart from them: gates_corpus.jsonl."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from captioners.dialogue.types import Answer, Evidence
from captioners.gates import GateOptions, judge

PRECISION, RECALL = 0.95, 0.8
CORPUS = Path(__file__).parent / "gates_corpus.jsonl"
GATES = (
    "truncation", "parse", "enumeration", "refusal", "talk", "words", "repetition", "language", "camera",
    "daytime", "count", "colour", "text",
)  # fmt: skip


def reason_of(row: dict[str, Any]) -> str | None:
    said = row["answer"]
    raw = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    answer = Answer(0, 0, raw, row["finish_reason"])
    return judge(answer, Evidence.from_json(row["evidence"]), GateOptions()).reason


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[str, Any], str | None]]:
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [(row, reason_of(row)) for row in rows]


def test_each_gate_has_enough_good_and_bad_answers(judged: list[tuple[dict[str, Any], str | None]]) -> None:
    counts = Counter((row["gate"], row["bad"]) for row, _ in judged)
    assert set(counts) == {(gate, bad) for gate in GATES for bad in (True, False)}
    assert min(counts.values()) >= 25


@pytest.mark.parametrize("gate", GATES)
def test_precision_and_recall(judged: list[tuple[dict[str, Any], str | None]], gate: str) -> None:
    bad = [(row["id"], reason) for row, reason in judged if row["gate"] == gate and row["bad"]]
    right = [name for name, reason in bad if reason == gate]
    wrong = [row["id"] for row, reason in judged if reason == gate and row["id"] not in right]
    assert len(right) / (len(right) + len(wrong)) >= PRECISION, wrong
    assert len(right) / len(bad) >= RECALL, sorted({name for name, _ in bad} - set(right))
