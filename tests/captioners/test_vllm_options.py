"""What the captioner vllm says before there is any vLLM."""

import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from captioners import _vllm
from captioners.dialogue.types import Image, Request, Sampling, Unusable
from captioners.vllm import Vllm
from curate.config import resolve
from curate.plugins import Captioner, build
from tests.captioners import tiny_vlm

HUB = "nobody/no-such-model"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_vlm.build(tmp_path / "model", "qwen3_vl")


def test_it_is_a_plugin_that_can_be_pickled() -> None:
    options = build("captioners", "vllm", {"model": HUB, "max_num_seqs": 8}, Captioner)
    assert pickle.loads(pickle.dumps(options)) == options


def test_without_vllm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("captioners._checkpoint.find_spec", lambda name: None)
    options = Vllm(model=str(folder))
    said = "the captioner vllm needs vllm: type `pip install 'curate[vllm]'`"
    assert options.lacks() == said
    with pytest.raises(ValueError, match="needs vllm"):
        options.check()


@pytest.mark.parametrize(
    ("parallel", "stages", "num_gpus"), [(1, 1, 0), (1, 1, 1), (1, 1, 0.5), (4, 1, 0), (2, 1, 2), (2, 2, 4)]
)
def test_gpus_that_the_engine_works_with_may_be_reserved(parallel: int, stages: int, num_gpus: float) -> None:
    engine = {"pipeline_parallel_size": stages}
    Vllm(model=HUB, tensor_parallel_size=parallel, engine=engine).check_gpus(num_gpus)


@pytest.mark.parametrize(("parallel", "num_gpus"), [(2, 1), (1, 2), (4, 0.5), (2, 3)])
def test_other_gpus_are_refused_before_the_run(parallel: int, num_gpus: float) -> None:
    captioner = {"use": "vllm", "model": HUB, "tensor_parallel_size": parallel, "num_gpus": num_gpus}
    with pytest.raises(ValueError, match=f"num_gpus is {num_gpus:g}, .* works with {parallel}: give"):
        resolve("one", {"input": ["videos"], "output": "run", "captioner": captioner})


def test_what_the_checkpoint_lacks_is_said(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("captioners._checkpoint.find_spec", lambda name: object())
    assert Vllm(model=str(folder)).lacks() is None
    with pytest.raises(ValueError, match=r"there is no folder .*absent"):
        Vllm(model=str(folder / "absent")).check()
    assert "hf download" in (Vllm(model=HUB, revision="v1").lacks() or "")


def test_engine_gets_a_folder_and_never_a_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    found = Vllm(model="model", engine={"kv_cache_dtype": "fp8"}).arguments()
    assert (found["model"], found["kv_cache_dtype"]) == (str(folder), "fp8")
    assert found["trust_remote_code"] is False


def test_a_process_without_the_engine_can_prepare(folder: Path) -> None:
    pixels = np.zeros((120, 160, 3), np.uint8)
    shot = Image(0, 0.0, cv2.imencode(".jpg", pixels)[1].tobytes())
    asked = Request("ab" * 16, 0, 0, "", "text", {}, Sampling(0.2, 0.9, 64, 0), (shot, shot), 1.0)
    options = pickle.loads(pickle.dumps(Vllm(model=str(folder))))
    assert [frame.shape for frame in options.prepare(asked).frames] == [(128, 160, 3)] * 2


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
    images = [Image(0, 0.021, b""), Image(1, 1.0, b""), Image(2, 2.521, b"")]
    found = _vllm.clock(images, 3.0)
    assert [at / found["fps"] for at in found["frames_indices"]] == [0.021, 1.0, 2.521]
    # A frame each 1.25 s.
    assert len(images) / found["total_num_frames"] * found["fps"] == pytest.approx(1 / 1.25)
    assert found["duration"] == 3.0


def test_clock_of_a_single_frame_is_that_of_the_clip() -> None:
    """It is shown twice, since models see a video's frames in pairs."""
    found = _vllm.clock([Image(0, 0.5, b"")] * 2, 3.0)
    assert (found["frames_indices"], found["total_num_frames"]) == ([500, 500], 6000)


def test_control_words_are_taken_apart() -> None:
    assert _vllm.plain("a <|im_end|> b <", ["<|im_end|>", "<"]) == "a < |im_end|> b <"


def test_errors_of_the_library_are_said_in_part_of_a_sentence() -> None:
    assert _vllm.said(ValueError("It broke.\nTry again.")) == "It broke; Try again"
    assert _vllm.said(MemoryError()) == "MemoryError"
