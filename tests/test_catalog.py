"""`curate filters` says of every filter what its class says, and no filter leaves anything out."""

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field
from typer.testing import CliRunner

from curate.catalog import _options, _sentence, _type, catalogue, describe, entry_of, shown
from curate.cli import app
from curate.config import resolve
from curate.pipelines import parse_yaml
from curate.plugins import ClipFilter, FrameFilter, SignalFilter, known, load

FILTERS = known("filters")


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_states_units_published_values_and_cost(name: str) -> None:
    cls = load("filters", name, ClipFilter)
    numbers = {"score"} | {column for column, kind in cls.COLUMNS.items() if kind in (int, float)}
    numeric_options = set(cls.model_fields)
    assert numbers <= set(cls.UNITS), f"filters/{name}.py: UNITS lacks {sorted(numbers - set(cls.UNITS))}"
    assert set(cls.UNITS) <= numbers | numeric_options, f"filters/{name}.py: UNITS of what there is not"
    assert all(unit.strip() for unit in cls.UNITS.values())
    assert cls.PUBLISHED, f"filters/{name}.py: PUBLISHED is empty; say so where nobody published a value"
    assert all(": " in line or line.startswith("none") for line in cls.PUBLISHED), cls.PUBLISHED
    assert len(cls.COST) > 10, (
        f"filters/{name}.py: COST is what measuring takes, and on what that was measured"
    )
    assert any(character.isdigit() for character in cls.COST), cls.COST


@pytest.mark.parametrize("name", FILTERS)
def test_every_option_is_documented_with_its_type(name: str) -> None:
    for option in describe(name).options:
        assert len(option.text) > 20, option
        assert option.type != "any value", option


@pytest.mark.parametrize("name", FILTERS)
def test_the_example_is_a_step_of_a_pipeline(name: str) -> None:
    entry = describe(name)
    steps = parse_yaml(entry.example, "example")
    plan = resolve("example", {"input": "a", "output": "b", "filters": steps})
    assert [step.name for step in plan.filters] == [name]
    # All its options are there, at their defaults.
    assert plan.filters[0].plugin == load("filters", name, ClipFilter)()
    assert set(steps[0]) == {"use"} | {option.name for option in entry.options}


@pytest.mark.parametrize("name", FILTERS)
def test_the_kind_is_that_of_the_class(name: str) -> None:
    cls = load("filters", name, ClipFilter)
    kind = (
        "signals" if issubclass(cls, SignalFilter) else "frames" if issubclass(cls, FrameFilter) else "table"
    )
    assert describe(name).kind == kind
    assert describe(name).reads == cls.READS


def test_the_catalogue_is_the_folder() -> None:
    assert [entry.use for entry in catalogue()] == FILTERS
    assert {"exposure", "media", "motion"} <= set(FILTERS)


class Sample(SignalFilter):
    """Score: share of the clip that is blue, by the e.g. sky. A second sentence.

    More of it."""

    VERSION: ClassVar[int] = 4
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    COLUMNS: ClassVar[dict[str, type]] = {"count": int, "word": str, "sure": bool}
    UNITS: ClassVar[dict[str, str]] = {"score": "share", "count": "frames", "edge": "pixels"}
    PUBLISHED: ClassVar[tuple[str, ...]] = ("Somebody: 3",)
    COST: ClassVar[str] = "5 clips a second"

    edge: float = Field(0.5, gt=0, le=1)
    """Where it ends."""
    mode: Literal["sharp", "soft"] = "sharp"
    """Which one."""
    model: str | None = None
    """A path."""
    sizes: tuple[int, ...] = (1, 2)
    """Several."""
    must: int = Field(ge=2)
    """No default."""

    def measure(self, clip: Any) -> Any:
        return {"score": None}


def test_an_entry_holds_all_that_the_class_says() -> None:
    entry = entry_of("sample", Sample)
    assert (entry.kind, entry.version, entry.reads) == ("signals", 4, ("picture",))
    assert entry.summary == "Share of the clip that is blue, by the e.g. sky"
    assert [(c.name, c.type, c.unit) for c in entry.columns] == [
        ("score", "number", "share"), ("count", "whole number", "frames"), ("word", "text", None),
        ("sure", "true or false", None),
    ]  # fmt: skip
    assert [(o.name, o.type, o.default, o.required, o.unit, o.text) for o in entry.options] == [
        ("edge", "number, above 0 and at most 1", 0.5, False, "pixels", "Where it ends."),
        ("mode", "sharp, soft", "sharp", False, None, "Which one."),
        ("model", "text or null", None, False, None, "A path."),
        ("sizes", "list of whole number", [1, 2], False, None, "Several."),
        ("must", "whole number, at least 2", None, True, None, "No default."),
    ]
    text = shown(entry)
    for said in (
        "blue",
        "edge (number, above 0 and at most 1, in pixels; default 0.5)",
        "must be given",
        "Somebody: 3",
        "5 clips a second",
        "count             whole number, frames",
        "More of it.",
    ):
        assert said in text


def test_words_of_a_schema() -> None:
    assert _type({}, {}) == "any value"
    assert _type({"$ref": "#/$defs/A"}, {"A": {"enum": [1, "b"]}}) == "1, b"
    assert _type({"const": "x"}, {}) == '"x"'
    assert _sentence("Score: one. Two.") == "One"
    assert _sentence("Score: how much: all of it. 0 is none.") == "How much"
    assert _type({"type": "integer", "minimum": 2, "maximum": 4e6}, {}) == (
        "whole number, at least 2 and at most 4000000"
    )
    assert _sentence("No ending\nbut a line break\n\nnext") == "No ending but a line break"
    assert [option.name for option in _options(Sample)] == ["edge", "mode", "model", "sizes", "must"]


def test_the_command_lists_shows_and_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["filters"])
    assert listed.exit_code == 0
    for name in FILTERS:
        assert name in listed.stdout
    one = runner.invoke(app, ["filters", "exposure"])
    assert one.exit_code == 0
    assert "flat_contrast (number, at least 0 and at most 127.5; default 3.7" in one.stdout
    everything = runner.invoke(app, ["filters", "--format", "json"])
    assert [entry["use"] for entry in json.loads(everything.stdout)] == FILTERS
    wrong = runner.invoke(app, ["filters", "exposre"])
    assert isinstance(wrong.exception, ValueError)
    assert "did you mean 'exposure'" in str(wrong.exception)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_blur.py").write_text(
        "from curate.plugins import SignalFilter\n"
        "class Blur(SignalFilter):\n"
        '    """Score: how blurred."""\n'
        "    VERSION = 1\n"
        "    def measure(self, clip):\n"
        "        return {'score': 0.0}\n"
    )
    own = runner.invoke(app, ["filters", "my_blur:Blur"])
    assert own.exit_code == 0, own.exception
    assert "Cost: not stated" in own.stdout
    assert '{use: "my_blur:Blur"}' in own.stdout
