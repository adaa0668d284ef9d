"""What the captioner vllm says before there is any vLLM."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from captioners import _checkpoint, _vllm
from captioners.dialogue.types import Image, Unusable
from captioners.vllm import Vllm
from curate.plugins import Captioner, build
from tests.captioners import tiny_vlm

HUB = "nobody/no-such-model"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_vlm.build(tmp_path / "model", "qwen3_vl")


def installed(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr("captioners.vllm.find_spec", lambda name: object() if there else None)


def test_it_is_a_plugin_that_can_be_pickled() -> None:
    options = build("captioners", "vllm", {"model": HUB, "max_num_seqs": 8}, Captioner)
    assert pickle.loads(pickle.dumps(options)) == options


def test_without_vllm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, False)
    said = "the captioner vllm needs the package vllm: pip install 'curate[vllm]'"
    assert Vllm(model=HUB).lacks() == said
    with pytest.raises(ValueError, match="needs the package vllm"):
        Vllm(model=HUB).check()


def test_path_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed(monkeypatch, True)
    with pytest.raises(ValueError, match=r"there is no folder .*absent"):
        Vllm(model=str(tmp_path / "absent")).check()
    with pytest.raises(ValueError, match=r"has no config\.json with weights"):
        Vllm(model=str(tmp_path)).check()


def test_checkpoint_that_is_there_lacks_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    installed(monkeypatch, True)
    assert Vllm(model=str(folder)).lacks() is None
    monkeypatch.chdir(folder.parent)
    assert Vllm(model="model").model == str(folder)


def test_model_that_is_not_in_the_cache_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, True)
    options = Vllm(model=HUB, revision="v1")
    options.check()
    assert f"`hf download {HUB} --revision v1`" in (options.lacks() or "")


def test_model_in_the_cache_lacks_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed(monkeypatch, True)
    commit = "a" * 40
    snapshot = tmp_path / f"models--{HUB.replace('/', '--')}" / "snapshots" / commit
    tiny_vlm.build(snapshot, "qwen2_5_vl")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    options = Vllm(model=HUB, revision=commit)
    assert options.lacks() is None
    (snapshot / "model.safetensors").unlink()
    assert "not in the hub's cache" in (options.lacks() or "")


def rewritten(path: Path, at: int) -> None:
    """One byte is another; size and time stay."""
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_identity_is_of_what_the_checkpoint_holds(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    whole = Vllm(model=str(folder)).identity()
    assert whole == Vllm(model=str(folder)).identity()
    rewritten(folder / "chat_template.jinja", 5)
    changed = Vllm(model=str(folder)).identity()
    assert changed != whole
    # A training that moved one tensor: same names, same shapes, same size.
    weights = load_file(folder / "model.safetensors")
    name = sorted(weights)[3]
    weights[name] = weights[name] + 0.01
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    trained = Vllm(model=str(folder)).identity()
    assert len({whole, changed, trained}) == 3
    (folder / "notes.md").write_text("not part of the model")
    assert Vllm(model=str(folder)).identity() == trained


def test_identity_of_absent_and_broken_folders(tmp_path: Path) -> None:
    assert _checkpoint.digest(str(tmp_path / "absent")) == "absent"
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 20)
    (tmp_path / "more.bin").write_bytes(b"0" * 5000)
    first = _checkpoint.digest(str(tmp_path))
    rewritten(tmp_path / "more.bin", 2000)
    assert _checkpoint.digest(str(tmp_path)) != first


def test_identity_of_a_model_of_the_hub_is_its_revision() -> None:
    assert Vllm(model=HUB).identity() is None
    assert Vllm(model=HUB, revision="a").asked() != Vllm(model=HUB, revision="b").asked()


def test_options_of_the_machine_ask_nothing_anew() -> None:
    other: dict[str, Any] = {
        "tensor_parallel_size": 2, "gpu_memory_utilization": 0.5, "max_num_seqs": 7, "enforce_eager": True,
    }  # fmt: skip
    assert Vllm(model=HUB, **other).asked() == Vllm(model=HUB).asked()
    for name, value in {"dtype": "float16", "video": False, "engine": {"a": 1}, "max_model_len": 99}.items():
        assert Vllm(model=HUB, **{name: value}).asked() != Vllm(model=HUB).asked()


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"trust_remote_code": True}, "runs whatever code came with the checkpoint"),
        ({"max_num_seqs": 3}, "max_num_seqs is no further argument"),
        ({"seed": object()}, "engine"),
    ],
)
def test_further_arguments_are_checked(engine: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Vllm(model=HUB, engine=engine)


def test_further_arguments_reach_the_engine_and_never_trust_its_code() -> None:
    found = Vllm(model=HUB, engine={"kv_cache_dtype": "fp8"}).arguments()
    assert (found["kv_cache_dtype"], found["trust_remote_code"]) == ("fp8", False)


@pytest.mark.parametrize(
    ("wanted", "takes", "video"),
    [
        (None, {"image": None, "video": None}, True),
        (False, {"image": None, "video": None}, False),
        (True, {"video": 1}, True),
        (None, {"image": 8}, False),
    ],
)
def test_video_is_shown_to_models_that_take_it(
    wanted: bool | None, takes: dict[str, int | None], video: bool
) -> None:
    assert _vllm.shown_as_video(wanted, takes, 8, "m") is video


@pytest.mark.parametrize(
    ("wanted", "takes", "said"),
    [
        (True, {"image": None}, "m does not take video"),
        (None, {}, "m takes no pictures"),
        (None, {"image": 1}, "m takes 1 pictures in vLLM, and frames is 8"),
    ],
)
def test_models_that_cannot_be_shown_the_clip_are_unusable(
    wanted: bool | None, takes: dict[str, int | None], said: str
) -> None:
    with pytest.raises(Unusable, match=said):
        _vllm.shown_as_video(wanted, takes, 8, "m")


def test_clock_is_exact_to_the_millisecond() -> None:
    images = [Image(0, 0.021, b""), Image(1, 1.0, b""), Image(2, 2.5, b"")]
    found = _vllm.clock(images, 3.0)
    assert [at / found["fps"] for at in found["frames_indices"]] == [0.021, 1.0, 2.5]
    assert (found["total_num_frames"], found["duration"]) == (3000, 3.0)
    # A length that is not known is no less than the last frame's time.
    assert _vllm.clock(images, 0.0)["total_num_frames"] == 2501


def test_control_words_are_taken_apart() -> None:
    assert _vllm.plain("a <|im_end|> b <", ["<|im_end|>", "<"]) == "a < |im_end|> b <"


def test_errors_of_the_library_are_said_in_part_of_a_sentence() -> None:
    assert _vllm.said(ValueError("It broke.\nTry again.")) == "It broke; Try again"
    assert _vllm.said(MemoryError()) == "MemoryError"
