"""The README is true: its commands, options, columns, queries and examples are those of the program."""

import ast
import inspect
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

import filters
from captioners.dialogue.similarity import SimilarityOptions
from curate.cli import app
from curate.config import LatentOptions, Pipeline, ScanOptions, ShardOptions, load, override, resolve
from curate.cutting import DETECTORS, SpanOptions
from curate.media.encode import EncodeOptions
from curate.plugins import Captioner, ClipFilter, ClipView, Plugin, SignalFilter, build, known
from curate.plugins import load as load_plugin
from curate.query import VIEWS, query
from curate.sample import make
from curate.storage import Folder
from curate.tables import Tables
from tests import option_tables
from tests.commands import commands
from tests.conftest import REPOSITORY
from tests.runs.helpers import Project

README = (REPOSITORY / "README.md").read_text()
DOCS = {
    path.name: path.read_text() for path in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
}


COMMANDS = commands(typer.main.get_command(app))
LINES = re.findall(r"^    curate (.+)$", README, re.MULTILINE)
QUERIES = [line for line in LINES if line.startswith("query")]


def section(title: str) -> str:
    """The text below a heading of the README."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no section {title!r}"
    return found[1]


def rows(text: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is `heading`, as cells."""
    found = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, f"there is no table of {heading!r}"
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in found[1].splitlines()]
    return [[cell.strip() for cell in line] for line in lines]


def quoted(text: str) -> list[str]:
    """What stands in backticks, but for blocks of code."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def python_block(text: str) -> str:
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


# -- the demo ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo as `make demo` makes it, with a quicker preset; `said` holds what it printed."""
    project = Project(tmp_path_factory.mktemp("docs"))
    make(str(project.root / "data/sample"))
    (project.root / "pipelines.yaml").write_bytes((REPOSITORY / "pipelines.yaml").read_bytes())
    done = project.command("run", "pipelines.yaml", "--set", "shards.preset=ultrafast")
    assert done.returncode == 0, done.stderr
    # What `curate losses` would add: the trainer is not part of the demo.
    folder = Folder(str(project.root / "runs/demo"))
    ids = query(folder, "SELECT clip_id FROM samples")["clip_id"].to_pylist()
    rows = [{"clip_id": bytes.fromhex(key), "loss": 0.5, "loss_null": 0.6} for key in ids]
    made = [{**row, "model": "0" * 32, "made_of": "0" * 32} for row in rows]
    Tables(folder).append("losses", made, key="0" * 32)
    (project.root / "said").write_text(done.stdout)
    return project


@pytest.mark.ray
def test_the_funnel_is_that_of_the_demo(demo: Project) -> None:
    said = {" ".join(line.split()) for line in (demo.root / "said").read_text().splitlines()}
    block = re.search(r"<!-- funnel -->\n((?:    .*\n|\n)+)", README)
    assert block is not None
    shown = [" ".join(line.split()) for line in block[1].splitlines() if line.strip() and "─" not in line]
    assert len(shown) == 14
    videos = [path for path in (demo.root / "data/sample").iterdir() if path.suffix != ".json"]
    assert f"makes {len(videos)} sample videos" in README
    for line in shown:
        assert line.replace("runs/demo", str(demo.root / "runs/demo")) in said


@pytest.mark.ray
@pytest.mark.parametrize("line", QUERIES)
def test_every_query_of_the_readme_runs(line: str, demo: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo.root)
    arguments = shlex.split(line.replace("runs/mine", "runs/demo"))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.exception
    assert query(Folder(arguments[1]), arguments[2]).num_rows > 0


@pytest.mark.ray
def test_the_views_have_the_columns_of_the_readme(demo: Project) -> None:
    folder = Folder(str(demo.root / "runs/demo"))
    table = {quoted(view)[0]: cells for view, _, cells in rows(section("Ask the tables"), "view")}
    assert set(table) == set(VIEWS)
    for view, cells in table.items():
        columns = query(folder, f"SELECT * FROM {view} LIMIT 0").column_names
        plain = quoted(re.sub(r"\([^)]*\)", "", cells))
        if view == "clips":
            plain, examples = plain[:-2], plain[-2:]
            columns, of_filters = columns[: len(plain)], columns[len(plain) :]
            assert set(examples) <= set(of_filters)
        assert plain == columns, view


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_shards_are_read_as_shown(
    demo: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo.root)
    exec(compile(python_block(section("What comes out")), "README.md", "exec"), {})
    keys = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    samples = query(Folder("runs/demo"), "SELECT key FROM samples")
    assert sorted(keys) == sorted(samples["key"].to_pylist())


@pytest.mark.ray
def test_the_filter_of_the_readme_works_as_a_module_of_ones_own(demo: Project) -> None:
    package = demo.root / "my_package"
    package.mkdir()
    text = section("Add a filter")
    (package / "blur.py").write_text(python_block(text))
    entry = next(one for one in quoted(text) if "my_package.blur:Blur" in one)
    pipelines = (demo.root / "pipelines.yaml").read_text()
    before, after = pipelines.split("    captioner:", 1)
    (demo.root / "blurred.yaml").write_text(f"{before}      - {entry}\n    captioner:{after}")
    done = demo.command("run", "blurred.yaml", "--set", "shards.preset=ultrafast", without_ray=True)
    assert done.returncode == 0, done.stderr
    folder = Folder(str(demo.root / "runs/demo"))
    found = query(folder, "SELECT blur, blur_sharpness FROM clips WHERE exposure <= 0.5").to_pylist()
    assert len(found) == 37
    assert all(0 <= row["blur"] <= 1 and row["blur_sharpness"] > 0 for row in found)
    assert any(row["blur"] > 0.5 for row in found) != all(row["blur"] > 0.5 for row in found)
    dropped = query(folder, "SELECT count(*) AS n FROM verdicts WHERE dropped_by = 'blur'")["n"][0].as_py()
    assert dropped == sum(row["blur"] > 0.5 for row in found)


def test_the_filter_of_the_readme_works_in_the_folder_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blur.py").write_text(python_block(section("Add a filter")))
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "filters.blur", raising=False)
    assert "blur" in known("filters")
    blur = build("filters", "blur", {"sharp": 150}, SignalFilter)  # type: ignore[type-abstract]
    assert undocumented(type(blur)) == []
    monkeypatch.delitem(sys.modules, "filters.blur")
    clip = ClipView({}, {}, {"picture": {"sharpness": np.array([10, np.nan, 300, 200])}})
    assert blur.measure(clip) == {"score": 1 / 3, "sharpness": 200.0}


# -- commands and options ----------------------------------------------------------------------------------


def test_every_command_and_its_options_are_in_the_readme() -> None:
    table = {
        " ".join(word for word in quoted(cells[0])[0].split()[1:] if word.islower()): cells[1]
        for title in ("Your own folder next", "Train on it")
        for cells in rows(section(title), "command")
    }
    assert set(table) == set(COMMANDS)
    for name, command in COMMANDS.items():
        own = {option for param in command.params for option in param.opts if option.startswith("-")}
        documented = set(re.findall(r"(?<![\w-])--?[a-z]+(?:-[a-z]+)*", table[name]))
        # What `plan` shares with `run` may go by either of its names.
        for param in command.params:
            if param.opts[0].startswith("-"):
                assert documented & set(param.opts), f"{name}: {param.opts}"
        assert documented <= own, f"{name}: {documented - own}"


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_of_the_readme_is_understood(line: str) -> None:
    arguments = shlex.split(line)
    name = next(name for name in COMMANDS if arguments[: len(name.split())] == name.split())
    rest = arguments[len(name.split()) :]
    context = COMMANDS[name].make_context(name, rest, resilient_parsing=False)
    if "settings" in context.params:
        load(str(REPOSITORY / context.params["file"]), context.params["pipeline"], context.params["settings"])


def options() -> set[str]:
    """Every option of pipelines.yaml but those of filters, by its path."""
    nested = {
        "scan": ScanOptions, "shards": ShardOptions, "cuts": DETECTORS["shots"], "latents": LatentOptions
    }  # fmt: skip
    found = {f"{name}.{field}" for name, model in nested.items() for field in model.model_fields}
    return found | (set(Pipeline.model_fields) - set(nested) - {"captioner"}) | {"captioner.use"}


def test_every_option_is_in_the_readme_with_its_default() -> None:
    table = {quoted(cells[0])[0]: cells[1] for cells in rows(section("pipelines.yaml"), "option")}
    assert set(table) == options()
    plain = resolve("docs", {"input": "a", "output": "b"})
    for name, cell in table.items():
        if name in ("input", "output", "latents.vae"):
            assert cell == ""
            continue
        if name.startswith("latents."):  # there are none by default
            default = LatentOptions.model_fields[name.removeprefix("latents.")].default
            assert quoted(cell)[0] == ("null" if default is None else str(default))
            continue
        body: dict[str, Any] = {"input": "a", "output": "b"}
        override(body, f"{name}={quoted(cell)[0]}")
        given = resolve("docs", body)
        assert name.split(".")[0] in given.pipeline.model_fields_set | {"cuts"}
        # The mapping below `cuts` is kept as it was written; what it says is in the plan.
        same = given.pipeline.model_copy(update={"cuts": {}})
        assert replace(given, pipeline=same) == plain, name


def test_what_each_detector_takes_is_in_the_readme() -> None:
    text = section("pipelines.yaml")
    for name, detector in DETECTORS.items():
        assert f"`{name}`" in text or f"{{use: {name}}}" in text
        own = set(detector.model_fields) - set(SpanOptions.model_fields) - {"use"}
        prefix = "cuts." if name == "shots" else ""
        assert [option for option in own if f"`{prefix}{option}`" not in text] == [], name
    assert f"a `threshold` of {DETECTORS['content'].model_fields['threshold'].default:g}" in " ".join(
        text.split()
    )


def test_every_filter_is_in_the_readme_with_its_columns() -> None:
    text = section("pipelines.yaml")
    table = {quoted(name)[0]: quoted(columns) for name, _, columns in rows(text, "filter")}
    assert sorted(table) == known("filters")
    for name, columns in table.items():
        cls = load_plugin("filters", name, ClipFilter)
        assert columns == list(cls.COLUMNS)


def test_the_pipeline_of_the_demo_states_defaults_where_it_repeats_them() -> None:
    shown = load(str(REPOSITORY / "pipelines.yaml")).pipeline
    assert (shown.scan, shown.shards) == (ScanOptions(), ShardOptions())


# -- documentation of the code -----------------------------------------------------------------------------


def undocumented(cls: type[BaseModel]) -> list[str]:
    """Fields of a model, its own and inherited ones, without a string below them."""
    documented: set[str] = set()
    for base in cls.__mro__:
        if issubclass(base, BaseModel) and base is not BaseModel:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
            assert isinstance(tree, ast.ClassDef)
            for one, below in pairwise(tree.body):
                if isinstance(one, ast.AnnAssign) and isinstance(below, ast.Expr):
                    documented.add(ast.unparse(one.target))
    return sorted(set(cls.model_fields) - documented)


PLUGINS: list[type[Plugin]] = [
    *(load_plugin("filters", name, ClipFilter) for name in known("filters")),
    *(load_plugin("captioners", name, Captioner) for name in known("captioners")),  # type: ignore[type-abstract]
]


@pytest.mark.parametrize(
    "cls",
    [
        *PLUGINS,
        *DETECTORS.values(),
        Pipeline,
        ScanOptions,
        ShardOptions,
        LatentOptions,
        EncodeOptions,
        SimilarityOptions,
    ],
    ids=lambda cls: cls.__name__,
)
def test_every_option_has_its_documentation_below_it(cls: type[BaseModel]) -> None:
    assert undocumented(cls) == []


@pytest.mark.parametrize("cls", PLUGINS, ids=lambda cls: cls.__name__)
def test_a_filter_says_what_its_score_and_columns_are(cls: type[Plugin]) -> None:
    text = cls.__doc__ or ""
    assert text
    if issubclass(cls, ClipFilter):
        assert "Score:" in text
        assert [column for column in cls.COLUMNS if f"`{column}`" not in text] == []


def test_the_captioners_options_stand_in_their_page() -> None:
    page = option_tables.PAGE.read_text(encoding="utf-8")
    assert option_tables.with_tables(page) == page, "python -m tests.option_tables writes them anew"


# -- house rules -------------------------------------------------------------------------------------------


def tracked() -> list[Path]:
    """The project's files: those that git knows, or all where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        found = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
        return [path for path in found if path.is_file()]
    rooms = ("curate", "stages", "filters", "captioners", "tests", "bench", "docs")
    return [*REPOSITORY.glob("*.*"), *(path for room in rooms for path in (REPOSITORY / room).rglob("*.*"))]


TEXT = {".py", ".md", ".toml", ".yaml", ".txt", ""}
FILES = [path for path in tracked() if path.suffix in TEXT and path.name != "LICENSE"]


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    # Written so that this file does not hold them itself.
    place = re.compile("/" + r"(?:home|root|work|tmp|Users)" + "/" + r"\w")
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if place.search(line)
    ]
    assert found == []


def test_nothing_is_left_half_done() -> None:
    marks = re.compile("TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error|pytest\.sk" + r"ip\(")
    files = [path for path in FILES if path.suffix == ".py"]
    assert len(files) > 100
    assert [path.name for path in files if marks.search(path.read_text())] == []


def test_every_folder_is_in_the_readme() -> None:
    folders = {path.relative_to(REPOSITORY).parts[0] for path in FILES if path.parent != REPOSITORY}
    named = " ".join(cells[0] for cells in rows(section("Where things are"), "folder"))
    assert {f"{folder}/" for folder in folders if not folder.startswith(".")} - set(quoted(named)) == {
        "docs/"
    }


def test_every_place_that_the_docs_name_is_there() -> None:
    named = {
        (name, place)
        for name, text in DOCS.items()
        for place in quoted(text)
        if re.fullmatch(r"(?:[\w-]+/)+(?:[\w-]+\.(?:py|md|txt))?", place)
    }
    of_a_run = {"tables/", "signals/", "frames/", "staging/", "pictures/"}
    of_the_core = {f"{path.name}/" for path in (REPOSITORY / "curate").iterdir() if path.is_dir()}
    examples = {"filters/blur.py", "my_package/blur.py"}
    missing = [
        (name, place)
        for name, place in sorted(named)
        if place not in of_a_run | of_the_core | examples and not (REPOSITORY / place).exists()
    ]
    assert len(named) > 10
    assert missing == []
