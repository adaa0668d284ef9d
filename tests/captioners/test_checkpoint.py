"""A checkpoint by path or name: what it lacks, and what identifies it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from captioners import _checkpoint
from captioners._checkpoint import Checkpoint
from captioners.transformers import Transformers

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "any"}')
    (made / "chat_template.jinja").write_text("{{ messages }}")
    weights = {"a": torch.arange(100_000.0), "b": torch.ones(3)}
    save_file(weights, made / "model.safetensors")
    return made


def identity(folder: Path) -> str:
    return Checkpoint(str(folder), None).identity()


def test_the_identity_is_of_the_content(folder: Path, tmp_path: Path) -> None:
    first = identity(folder)
    shutil.copytree(folder, tmp_path / "copy")
    assert identity(tmp_path / "copy") == first
    (folder / "README.md").write_text("is not read by a model")
    assert identity(folder) == first


@pytest.mark.parametrize("name", ["config.json", "chat_template.jinja"])
def test_another_setting_is_another_identity(folder: Path, name: str) -> None:
    first = identity(folder)
    (folder / name).write_text((folder / name).read_text() + " ")
    assert identity(folder) != first


def test_a_trained_tensor_is_another_identity(folder: Path) -> None:
    found = {identity(folder)}
    weights = load_file(folder / "model.safetensors")
    for name in weights:
        moved = {**weights, name: weights[name] * 1.001}
        save_file(moved, folder / "model.safetensors")
        found.add(identity(folder))
    assert len(found) == 3


def test_weights_that_are_none_are_told_apart_too(folder: Path) -> None:
    found = set()
    for text in ("", "short", "\x02\0\0\0\0\0\0\0[]", "\x02\0\0\0\0\0\0\0{}", "\x7f" * 20):
        (folder / "model.safetensors").write_text(text)
        found.add(identity(folder))
    assert len(found) == 5
    assert identity(folder / "nowhere") == "absent"


def test_a_name_is_identified_by_its_revision() -> None:
    captioner = Transformers(model="owner/name", revision=REVISION)
    assert captioner.identity() == {"model": f"owner/name@{REVISION}"}
    assert "device" not in captioner.asked()
    assert captioner.asked()["dtype"] == "auto"


def test_what_is_lacking_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(model: str) -> str:
        captioner = Transformers(model=model)
        said = captioner.lacks()
        assert said is not None
        with pytest.raises(ValueError, match=re.escape(said)):
            captioner.check()
        return said

    assert Transformers(model=str(folder)).lacks() is None
    assert "model: there is no folder" in lacks("./nowhere")
    assert "nowhere has no config.json" in lacks(str(_made(folder.parent / "nowhere")))
    assert lacks("owner/name") == (
        "model: owner/name is no folder, and as a hub's name it has no revision: give `revision`, a commit "
        "of its repository, so that all captions are of one model"
    )
    (folder / "model.safetensors").unlink()
    assert "has no .safetensors" in lacks(str(folder))
    monkeypatch.setattr(_checkpoint, "find_spec", lambda name: None if name == "llguidance" else "there")
    assert lacks(str(folder)) == (
        "the captioner transformers needs llguidance: type `pip install 'curate[captions]'`"
    )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_path_holds_in_every_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert Transformers(model="model").model == str(folder)
    assert Transformers(model="./absent").model == str(folder.parent / "absent")
    assert Transformers(model="owner/name").model == "owner/name"


def test_a_model_of_a_hub_is_downloaded_by_check_and_looked_for_by_lacks(
    folder: Path, tmp_path: Path
) -> None:
    """In a process of its own, whose hub's cache holds one model and whose network is off."""
    snapshots = tmp_path / "hub" / "models--owner--here" / "snapshots"
    snapshots.mkdir(parents=True)
    shutil.copytree(folder, snapshots / REVISION)
    shutil.copytree(folder, tmp_path / "hub" / "models--owner--half" / "snapshots" / REVISION)
    index = tmp_path / "hub" / "models--owner--half" / "snapshots" / REVISION / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": "another.safetensors"}}))
    code = """
import sys
from captioners.transformers import Transformers
for name in ("here", "half", "away"):
    captioner = Transformers(model=f"owner/{name}", revision=sys.argv[1])
    print(captioner.lacks())
try:
    captioner.check()
except ValueError as error:
    print(error)
Transformers(model="owner/here", revision=sys.argv[1]).check()
print("torch" in sys.modules)
"""
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "hub")}
    done = subprocess.run(
        [sys.executable, "-c", code, REVISION], env=env, check=True, capture_output=True, text=True
    )
    here, half, away, refused, torch_was_loaded = done.stdout.splitlines()
    assert here == "None"
    command = f"hf download owner/away --revision {REVISION} --include '*.json'"
    assert "the model owner/half is not on this machine: a run first downloads it" in half
    assert "the model owner/away is not on this machine: a run first downloads it" in away
    assert command in away
    assert "the model owner/away is not on this machine and cannot be downloaded" in refused
    assert command in refused
    assert torch_was_loaded == "False"
