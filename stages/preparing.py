"""Portions of clips as workers are told of them, and the actors that read their frames before a model's."""

import importlib
import json
import pickle
from typing import Any

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.similarity import Fit
from captioners.dialogue.turns import state_of
from stages.answers import answer_of, evidence_in
from stages.told import told

Row = dict[str, Any]


class Preparer:
    """Reads what is asked about, in an actor of its own. `spec`: as for Asker."""

    def __init__(self, spec: Row) -> None:
        self._captioner = captioner_of(spec)
        self._limits = spec["limits"]

    def __call__(self, item: Row) -> bytes:
        """Of each clip of a portion a Told, or why there is none."""
        found = []
        for line in todo_of(item):
            rows = line["answers"]
            answers = [answer_of(row) for row in rows]
            fit = Fit.from_json(line.get("fit"))
            state = state_of(line["windows"], answers, evidence_in(rows), self._captioner.rules, fit)
            asked = {turn.window for turn in state.turns}
            found.append(told(line, self._captioner, self._limits, asked))
        return pickle.dumps(found, protocol=5)


def captioner_of(spec: Row) -> ModelCaptioner:
    module, _, name = spec["captioner"].partition(":")
    made: ModelCaptioner = getattr(importlib.import_module(module), name)(**spec["options"])
    return made


def todo_of(item: Row) -> list[Row]:
    """The lines of a portion."""
    with open(item["todo"], "rb") as file:
        file.seek(item["offset"])
        data = file.read(item["bytes"])
    return [json.loads(line) for line in data.splitlines()]
