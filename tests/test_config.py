"""pipelines.yaml: what is read, extended, overridden, and what is refused and with which words.

Messages of whole commands are tested in tests/crash/test_lock.py; here are the values.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from curate.config import ConfigError, Plan, Rule, load, read_file, resolve
from tests.conftest import REPOSITORY

PIPELINES: dict[str, Any] = {
    "demo": {
        "input": "in",
        "output": "out",
        "scan": {"frames_per_second": 2},
        "cuts": {"use": "adaptive", "min_seconds": 1},
        "filters": [
            {"use": "media", "keep": {"fps": {"min": 10}, "short_side": {"min": 144}}},
            {"use": "motion"},
            {"use": "motion", "name": "calm", "keep": {"max": 5}},
        ],
        "shards": {"crf": 20, "max_bytes": "2GiB"},
    },
    "child": {"extends": "demo", "output": "child", "cuts": {"max_seconds": 9}, "shards": {"fps": 8}},
    "grandchild": {"extends": "child", "filters": [{"use": "exposure"}]},
    "circle": {"extends": "round"},
    "round": {"extends": "circle"},
    "orphan": {"extends": "demmo"},
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "pipelines.yaml"
    path.write_text(yaml.safe_dump({"pipelines": PIPELINES}, sort_keys=False))
    return str(path)


def rules(plan: Plan) -> dict[str, tuple[Rule, ...]]:
    return {step.name: step.rules for step in plan.filters}


def test_the_first_pipeline_with_its_values(file: str) -> None:
    plan = load(file)
    assert (plan.name, plan.pipeline.input, plan.pipeline.output) == ("demo", ["in"], "out")
    assert (plan.pipeline.shards.crf, plan.pipeline.shards.max_bytes, plan.pipeline.shards.fps) == (
        20,
        2 * 2**30,
        None,
    )
    assert (plan.cuts.min_seconds, plan.captioner_name) == (1, "measured")
    assert rules(plan) == {
        "media": (Rule("media", "fps", 10, math.inf), Rule("media", "short_side", 144, math.inf)),
        "motion": (),
        "calm": (Rule("calm", "score", -math.inf, 5),),
    }
    assert [rule.name for step in plan.filters for rule in step.rules] == [
        "media.fps",
        "media.short_side",
        "calm",
    ]


def test_extends_merges_mappings_and_replaces_lists(file: str) -> None:
    child, grandchild = load(file, "child"), load(file, "grandchild")
    assert (child.pipeline.output, child.pipeline.input) == ("child", ["in"])
    assert (child.cuts.min_seconds, child.cuts.max_seconds) == (1, 9)
    assert (child.pipeline.shards.crf, child.pipeline.shards.fps) == (20, 8)
    assert (list(rules(child)), list(rules(grandchild))) == (["media", "motion", "calm"], ["exposure"])
    assert load(file, "demo").pipeline.shards.fps is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("circle", "circle extends round extends circle: a circle"),
        ("orphan", "has no pipeline 'demmo': did you mean 'demo'? known are child, circle, demo"),
        ("nope", "has no pipeline 'nope': known are child"),
    ],
)
def test_a_pipeline_that_is_not_there(file: str, name: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, name)
    assert said in str(caught.value)
    assert file in str(caught.value)


SETTINGS: list[tuple[str, Any, Any]] = [
    ("input=[a,b]", lambda p: p.pipeline.input, ["a", "b"]),
    ("input=a b", lambda p: p.pipeline.input, ["a b"]),
    ("input=[ab]*.mp4", lambda p: p.pipeline.input, ["[ab]*.mp4"]),
    ("input=x[0-9].mp4", lambda p: p.pipeline.input, ["x[0-9].mp4"]),
    ("input=*.mp4", lambda p: p.pipeline.input, ["*.mp4"]),
    ("input=a=b: c # d", lambda p: p.pipeline.input, ["a=b: c # d"]),
    ("output=007", lambda p: p.pipeline.output, "007"),
    ("cuts.max_seconds=1e9", lambda p: p.cuts.max_seconds, 1e9),
    ("cuts.min_seconds=0", lambda p: p.cuts.min_seconds, 0),
    ("cuts.use=content", lambda p: p.cuts.use, "content"),
    ("shards.fps=8", lambda p: p.pipeline.shards.fps, 8),
    ("shards.fps=null", lambda p: p.pipeline.shards.fps, None),
    ("shards.max_bytes=15kB", lambda p: p.pipeline.shards.max_bytes, 15_000),
    ("scan=null", lambda p: p.pipeline.scan.frames_per_second, 2),
    ("captioner=null", lambda p: p.captioner_name, "measured"),
    ("wave_hours=0.5", lambda p: p.pipeline.wave_hours, 0.5),
    ("filters=[]", rules, {}),
    ("filters=null", rules, {}),
    ("filters.motion.keep=null", lambda p: rules(p)["motion"], ()),
    ("filters.motion.keep.min=null", lambda p: rules(p)["motion"], ()),
    ("filters.motion.keep.min=0.5", lambda p: rules(p)["motion"], (Rule("motion", "score", 0.5, math.inf),)),
    ("filters.motion.keep.max=1e-3", lambda p: rules(p)["motion"][0].high, 0.001),
    ("filters.motion.keep={min: 1, max: 2}", lambda p: rules(p)["motion"], (Rule("motion", "score", 1, 2),)),
    ("filters.calm.keep.max=6", lambda p: rules(p)["calm"], (Rule("calm", "score", -math.inf, 6),)),
    ("filters.calm.keep.max=null", lambda p: rules(p)["calm"], ()),
    ("filters.calm.keep=null", lambda p: rules(p)["calm"], ()),
    ("filters.media.keep.fps=null", lambda p: [r.column for r in rules(p)["media"]], ["short_side"]),
    ("filters.media.keep.fps.min=null", lambda p: [r.column for r in rules(p)["media"]], ["short_side"]),
    ("filters.media.keep.aspect.max=2", lambda p: [r.column for r in rules(p)["media"]][2:], ["aspect"]),
    ("filters.motion.use=exposure", lambda p: list(rules(p)), ["media", "exposure", "calm"]),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "value", "expected"), SETTINGS, ids=[case[0] for case in SETTINGS])
def test_set(file: str, setting: str, value: Any, expected: Any) -> None:
    assert value(load(file, None, [setting])) == expected


def test_settings_are_applied_in_order_and_leave_the_file_alone(file: str) -> None:
    before = Path(file).read_bytes()
    settings = [
        "filters.motion.keep={max: 3}",
        "filters.motion.keep=null",
        "filters.motion.keep.min=1",
        "output=a",
        "output=b",
    ]
    plan = load(file, "child", settings)
    assert rules(plan)["motion"] == (Rule("motion", "score", 1, math.inf),)
    assert plan.pipeline.output == "b"
    assert Path(file).read_bytes() == before


WRONG = [
    ("nope=1", ["no option 'nope'", "known are audit, captioner"]),
    ("shards.crff=1", ["no option 'shards.crff'", "did you mean 'crf'?", "max_short_side"]),
    ("scan.frames=1", ["no option 'scan.frames'", "frames_per_second", "stall_seconds"]),
    ("cuts.min_second=1", ["'min_second'", "'min_seconds'"]),
    ("cuts.use=nope", ["'nope'", "adaptive, content"]),
    ("filters.motoin.keep.min=1", ["no filter 'motoin'", "did you mean 'motion'?", "calm, media, motion"]),
    ("filters.0.keep.min=1", ["no filter '0'"]),
    ("filters.motion=1", ["filters.motion.keep.min=0.5"]),
    ("filters.motion.keep.pan_z.min=1", ["pan_z", "did you mean 'pan_", "pan_x, pan_y"]),
    ("filters.motion.keep.min=fast", ["motion", "'fast'", "not a number"]),
    ("filters.motion.keep.min=true", ["True", "not a number"]),
    ("filters.motion.keep.min=.inf", ["inf", "not a number"]),
    ("filters.motion.keep=3", ["keep is 3"]),
    ("filters.motion.keep={min: 2, max: 1}", ["min 2 is above max 1"]),
    ("filters.motion.keep={min: 1, score: {max: 3}}", ["keep has min and score"]),
    ("filters.motion.keep.max=-1", ["can never hold"]),
    ("filters.media.keep.seconds.min=1000", ["between 0 and 20", "can never hold"]),
    ("filters.motion.name=media", ["'media' and 'media' collide"]),
    ("filters.motion.name=frames", ["'frames' has the name of something else"]),
    ("filters.motion.name=clip_id", ["'clip_id' has the name of something else"]),
    ("filters.motion.name=captioner", ["'captioner' has the name of something else"]),
    ("filters.motion.name=Motion", ["lowercase letters"]),
    ("filters.motion.name=../x", ["lowercase letters"]),
    (
        "filters=[{use: motion, name: a}, {use: media, name: a_pan}, {use: motion, name: a_pan_x}]",
        ["'a' and 'a_pan_x' collide"],
    ),
    ("filters=[{keep: {min: 1}}]", ["a filter needs `use: NAME`"]),
    ("captioner=measured", ["captioner: {use: measured}"]),
    ("captioner.use=measurd", ["'measurd'", "did you mean 'measured'?"]),
    ("input=", ["no input is given"]),
    ("input=[]", ["no input is given"]),
    ("output=", ["no output is given"]),
    ("audit=2", ["audit", "less than or equal to 1"]),
    ("workers=0", ["workers", "greater than or equal to 1"]),
    ("shards.fps=0.0001", ["shards.fps", "0.01"]),  # would be rounded to no rate at all
    ("wave_hours=0", ["wave_hours", "greater than 0"]),
    ("shards.max_bytes=1XB", ["500MB or 2GiB", "'1XB'"]),
    ("shards.max_bytes=1", ["greater than or equal to 10000"]),
    ("a", ["--set 'a'", "a.b.c=VALUE"]),
    ("=1", ["a.b.c=VALUE"]),
    ("filters.motion.keep={", ["--set filters.motion.keep is not YAML"]),
]


@pytest.mark.parametrize(("setting", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_named_with_what_is_known(file: str, setting: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, None, [setting])
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no pipelines"),
        ("pipelines: []", "holds no pipelines"),
        ("pipelines: {}", "holds no pipelines"),
        ("pipelines: {a: 1}", "the pipeline 'a' is not a mapping"),
        ("pipelines: {a: {}}\npipeline: {}", "has 'pipeline' beside `pipelines`"),
        ("a: [", "is not YAML"),
        ("pipelines: {a: {input: x, input: y}}", "'input' is given twice, line 1"),
        ("pipelines: {a: &x {input: 1}, b: *x}", "aliases (*name) are not read, line 1"),
        ("pipelines: {1: {}}", "1 is not a name"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        ("\udcff", "not UTF-8"),
        ("x" * 1_000_001, "larger than"),
    ],
)
def test_a_file_that_is_no_pipelines_file(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as caught:
        read_file(str(path))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=f"cannot read {path}: .*: give the path of a pipelines file"):
            read_file(str(path))


def test_options_are_frozen() -> None:
    plan = resolve("p", {"input": "in", "output": "out"})
    with pytest.raises(ValueError, match="frozen"):
        plan.pipeline.output = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        plan.pipeline.shards.crf = 1  # type: ignore[misc]


def test_the_standard_pipeline_is_what_it_says() -> None:
    """Its filters, cheap ones first, and rules on columns that they have."""
    standard = load(str(REPOSITORY / "pipelines.yaml"), "standard")
    assert [step.name for step in standard.filters] == [
        "media", "motion", "exposure", "borders", "frozen", "sharpness", "text", "aesthetic", "duplicate",
    ]  # fmt: skip
    for step in standard.filters:
        kinds = {"score": float, **step.plugin.COLUMNS}
        assert step.rules, step.name
        for rule in step.rules:
            assert kinds.get(rule.column) in (int, float), rule
            assert math.isfinite(rule.low) or math.isfinite(rule.high), rule
    demo = load(str(REPOSITORY / "pipelines.yaml"))
    assert (demo.name, standard.cuts, standard.pipeline.scan) == ("demo", demo.cuts, demo.pipeline.scan)
    assert standard.crop_filter is standard.filters[3]
