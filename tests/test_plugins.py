"""Plugins by name: which class, which options, which key."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from curate import plugins
from curate.plugins import (
    Captioner,
    ClipFilter,
    ClipView,
    Score,
    SignalFilter,
    build,
    did_you_mean,
    known,
    load,
)

KEYS = {"videos": "v", "content": "c", "picture": "p", "flow": "f"}


class Level(SignalFilter):
    """A user's own filter."""

    VERSION: ClassVar[int] = 1
    READS: ClassVar[tuple[str, ...]] = ("picture",)
    floor: float = 0.5
    """An option."""

    def measure(self, clip: ClipView) -> Score:
        return {"score": self.floor}


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> str:
    module = ModuleType("my_own_blur")
    module.Level = Level  # type: ignore[attr-defined]
    module.number = 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_own_blur", module)
    return "my_own_blur"


def test_the_folder_is_the_registry() -> None:
    assert {"exposure", "media", "motion"} <= set(known("filters"))
    assert "measured" in known("captioners")
    for name in known("filters"):
        found = load("filters", name, ClipFilter)  # type: ignore[type-abstract]
        assert found.__module__ == f"filters.{name}"
        assert found.VERSION >= 1
        assert found.__doc__
    assert load("captioners", "measured", Captioner).__module__ == "captioners.measured"  # type: ignore[type-abstract]


def test_every_option_is_documented() -> None:
    for package, kind in (("filters", ClipFilter), ("captioners", Captioner)):
        for name in known(package):
            for option, field in load(package, name, kind).model_fields.items():  # type: ignore[type-var]
                assert field.description, f"{package}/{name}.py: {option}"


def test_a_new_file_in_the_folder_is_a_new_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import filters

    (tmp_path / "loudness.py").write_text(
        "from curate.plugins import SignalFilter\n"
        "class Loudness(SignalFilter):\n    VERSION = 1\n    gain: float = 1\n"
        "    def measure(self, clip): return {}\n"
    )
    (tmp_path / "empty.py").write_text("from filters.motion import Motion\n")
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    assert "loudness" in known("filters")
    built: Any = build("filters", "loudness", {"gain": 2}, SignalFilter)  # type: ignore[type-abstract]
    assert (type(built).__name__, built.gain) == ("Loudness", 2)
    with pytest.raises(ValueError, match=r"filters/empty.py must hold exactly one SignalFilter, and holds 0"):
        load("filters", "empty", SignalFilter)  # type: ignore[type-abstract]
    for name in ("filters.loudness", "filters.empty"):
        sys.modules.pop(name, None)


def test_a_class_of_ones_own(mine: str) -> None:
    built = build("filters", f"{mine}:Level", {"floor": 0.25}, SignalFilter)  # type: ignore[type-abstract]
    assert built.measure(None) == {"score": 0.25}  # type: ignore[arg-type]
    for use, said in (
        (f"{mine}:number", "is not a filter: derive it from SignalFilter"),
        (f"{mine}:Other", "cannot be imported .*give MODULE:CLASS"),
        ("curate.plugins:SignalFilter", "is not a filter"),
        ("captioners.measured:Measured", "is not a filter"),
        ("no.such.module:X", "cannot be imported"),
    ):
        with pytest.raises(ValueError, match=said):
            load("filters", use, SignalFilter)  # type: ignore[type-abstract]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"flor": 1}, "no option 'flor': did you mean 'floor'? known are floor"),
        (
            {"floor": "deep"},
            "floor: input should be a valid number, unable to parse string as a number, not 'deep'",
        ),
    ],
)
def test_wrong_options(mine: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="filters: my_own_blur:Level") as caught:
        build("filters", f"{mine}:Level", options, SignalFilter)  # type: ignore[type-abstract]
    assert said in str(caught.value)


def test_names_that_are_unknown() -> None:
    assert did_you_mean("motoin", ["motion", "media"]) == ": did you mean 'motion'? known are media, motion"
    assert did_you_mean("zzz", ["b", "a"]) == ": known are a, b"
    assert did_you_mean("zzz", []) == ": it takes no options"


def test_options_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Level().floor = 1.0  # type: ignore[misc]


def test_a_key_is_of_class_version_options_and_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Level):
        pass

    base = Level().key(KEYS)
    assert Level(floor=0.5).key({**KEYS, "flow": "x", "content": "x"}) == base
    others = [
        Level(floor=0.6).key(KEYS),
        Other().key(KEYS),
        Level().key({**KEYS, "picture": "x"}),
        Level().key({**KEYS, "videos": "x"}),
    ]
    monkeypatch.setattr(Level, "VERSION", 2)
    assert len({base, Level().key(KEYS), *others}) == 6


def test_length_of_a_clip() -> None:
    clip = {"start_pts": 3003, "time_base": "1001/30000", "start_seconds": 1.5, "end_seconds": 4.0}
    view = ClipView(clip, {}, {"picture": {"pts": np.array([3003, 3004, 3033])}})
    assert view.seconds == 2.5
    assert plugins.Caption("a", "b", {}).short == "a"


@pytest.mark.parametrize("text", ["class Blur(:", "raise RuntimeError('no licence')", "1 / 0"])
def test_a_users_module_that_does_not_load_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "broken_plugin.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ValueError, match=r"'broken_plugin:Blur' cannot be imported \(.+\): give MODULE:CLASS"
    ):
        load("filters", "broken_plugin:Blur", SignalFilter)


def test_an_unknown_signal_group_is_answered_with_the_known() -> None:
    class Odd(SignalFilter):
        VERSION = 1
        READS = ("flwo",)

        def measure(self, clip: ClipView) -> Score:
            return {}

    with pytest.raises(ValueError, match="Odd reads the signal group 'flwo': did you mean 'flow'"):
        Odd().key({"videos": "v", "flow": "f", "picture": "p"})
