"""The gate similarity: floors of sources, what is compared, and a caption that is below its floor."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from captioners.dialogue.schema import Fields
from captioners.dialogue.similarity import Fit, SimilarityOptions, digest_of, floors, texts_of
from captioners.dialogue.turns import State, state_of
from captioners.dialogue.types import MERGE, Answer
from curate import clip_models
from tests.captioners.dialogues import RULES, SHORT, came
from tests.captioners.scripted import caption, good
from tests.stages.asked import Fake
from tests.tiny_clip import write_clip


def by_clip(values: Mapping[str, list[float]]) -> tuple[dict[bytes, float], dict[bytes, str]]:
    """Similarities and sources of clips, by source."""
    found = {
        f"{source}{number}".encode(): (value, source)
        for source, several in values.items()
        for number, value in enumerate(several)
    }
    return {clip: one[0] for clip, one in found.items()}, {clip: one[1] for clip, one in found.items()}


def below(values: Mapping[str, list[float]], tail: float, least: int = 1) -> list[str]:
    similarities, sources = by_clip(values)
    found = floors(similarities, sources, tail, least)
    return sorted(clip.decode() for clip, floor in found.items() if similarities[clip] < floor)


LOW, HIGH = [0.10 + 0.001 * n for n in range(10)], [0.30 + 0.001 * n for n in range(10)]


def test_the_tail_is_of_each_source() -> None:
    assert below({"a": LOW, "b": HIGH}, 0.2) == ["a0", "a1", "b0", "b1"]
    assert below({"a": LOW, "b": HIGH}, 0.1) == ["a0", "b0"]
    # Less than one caption is none.
    assert below({"a": LOW, "b": HIGH}, 0.09) == []
    assert below({"a": LOW, "b": HIGH}, 0.0) == []
    assert below({}, 0.5) == []


def test_a_small_source_is_judged_by_all() -> None:
    assert below({"a": LOW, "b": HIGH}, 0.2, least=11) == ["a0", "a1", "a2", "a3"]
    assert below({"a": LOW, "b": [*HIGH, 0.5]}, 0.2, least=11) == ["a0", "a1", "a2", "a3", "b0", "b1"]


def test_equal_similarities_stand_or_fall_together() -> None:
    assert below({"a": [0.2] * 10}, 0.5) == []
    assert below({"a": [0.1, 0.2, 0.2, 0.2, 0.3]}, 0.4) == ["a0"]
    assert below({"a": [0.1, 0.1, 0.2, 0.2, 0.3]}, 0.4) == ["a0", "a1"]


def test_a_share_that_binary_cannot_hold_is_what_it_says() -> None:
    # 0.29 * 100 is 28.999… in binary.
    assert len(below({"a": [0.001 * n for n in range(100)]}, 0.29)) == 29


def test_no_order_changes_a_floor() -> None:
    similarities, sources = by_clip({"a": LOW[:3], "b": HIGH[:2]})
    made = [floors(dict(order), sources, 0.4, 3) for order in itertools.permutations(similarities.items())]
    assert all(one == made[0] for one in made)


def test_what_is_compared_is_the_short_caption_and_each_sentence_of_the_dense_one() -> None:
    dense = 'A man walks.\nHe says "Stop. Now." and turns. Then\nit  rains.'
    assert texts_of(" A man\nwalks. ", dense) == [
        "A man walks.", "A man walks.", 'He says "Stop. Now." and turns.', "Then it rains.",
    ]  # fmt: skip


# -- in a dialogue -----------------------------------------------------------------------------------------


def digest(number: int) -> str:
    found = caption(number)
    return digest_of(found["short"], found["dense"])


def fit(**known: float | None) -> Fit:
    """Of the captions 0, 1, … as `c0`, `c1`, …; the floor is 0.2."""
    return Fit(0.2, {digest(int(name[1:])): value for name, value in known.items()})


def at(answers: list[Answer], known: Fit | None, windows: int = 1) -> State:
    return state_of(windows, answers, {}, RULES, known)


def test_a_caption_waits_until_its_similarity_is_known() -> None:
    found = at([came(0, 0)], fit())
    assert (found.turns, found.outcome) == ((), None)
    assert found.unmeasured == Fields(**caption(0))
    # One that fails another gate is not compared.
    assert at([came(0, 0, SHORT)], fit()).unmeasured is None
    assert [turn.reason for turn in at([came(0, 0, SHORT)], fit()).turns] == ["words"]


def test_one_below_the_floor_is_asked_for_again_in_another_way() -> None:
    (turn,) = at([came(0, 0)], fit(c0=0.19)).turns
    assert (turn.attempt, turn.reason) == (1, "similarity")
    assert turn.sampling.temperature > RULES.sampling(0).temperature
    assert turn.fault is not None
    assert turn.fault.startswith("the caption does not fit the pictures: its similarity to them is 0.1900")
    for value in (0.2, None):
        outcome = at([came(0, 0)], fit(c0=value)).outcome
        assert outcome is not None
        assert outcome.outcome == "ok"


def test_the_first_that_fits_is_taken_and_attempts_end() -> None:
    answers = [came(0, 0), came(0, 1, SHORT), came(0, 2, good(1))]
    found = at(answers, fit(c0=0.1, c1=0.3))
    assert found.outcome is not None
    assert found.outcome.fields == Fields(**caption(1))
    found = at(answers, fit(c0=0.1, c1=0.1))
    assert found.outcome is not None
    assert (found.outcome.outcome, found.outcome.attempts) == ("similarity", 3)
    assert at(answers, fit(c0=0.3)).outcome is not None  # what came later does not matter then


def test_of_a_long_clip_the_merged_caption_is_compared() -> None:
    windows = [came(0, 0), came(1, 0, good(1))]
    assert [turn.window for turn in at(windows, fit(), 2).turns] == [MERGE]
    merged = [*windows, came(MERGE, 0, good(2))]
    assert at(merged, fit(), 2).unmeasured == Fields(**caption(2))
    (turn,) = at(merged, fit(c2=0.1), 2).turns
    assert (turn.window, turn.attempt, turn.reason) == (MERGE, 1, "similarity")
    assert at(merged, fit(c2=0.3), 2).outcome is not None


def test_what_a_worker_is_told_is_json() -> None:
    known = fit(c0=0.1, c1=None)
    assert Fit.from_json(known.as_json()) == known
    assert Fit.from_json(None) is None


# -- options -----------------------------------------------------------------------------------------------

KEYS = {"frames": "f", "picture": "p", "flow": "w", "videos": "v"}


def test_what_enters_which_key() -> None:
    plain, judged = Fake(), Fake(similarity={})
    assert plain.similarity_key(KEYS) is None
    assert plain.drafts_key(KEYS) == plain.key(KEYS) == judged.drafts_key(KEYS)
    assert judged.key(KEYS) != plain.key(KEYS)
    for change in ({"tail": 0.1}, {"least": 7}):
        other = Fake(similarity=change)
        assert other.key(KEYS) != judged.key(KEYS)
        assert other.similarity_key(KEYS) == judged.similarity_key(KEYS)
    for change in ({"frames": 2}, {"model": "openai-vit-l-14"}):
        assert Fake(similarity=change).similarity_key(KEYS) != judged.similarity_key(KEYS)
        assert Fake(similarity=change).key(KEYS) != judged.key(KEYS)
    assert Fake(similarity={"num_gpus": 1}).key(KEYS) == judged.key(KEYS)
    assert {one.answers_key(KEYS) for one in (plain, judged, other)} == {plain.answers_key(KEYS)}


def test_a_share_above_half_is_no_tail() -> None:
    with pytest.raises(ValidationError):
        SimilarityOptions(tail=0.6)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    said = SimilarityOptions().lacks() or ""
    assert "`hf download timm/vit_base_patch32_clip_224.openai open_clip_model.safetensors" in said
    with pytest.raises(ValueError, match="there is no file or folder nowhere"):
        SimilarityOptions(model="nowhere").check()
    assert SimilarityOptions(model=str(write_clip(tmp_path / "clip"))).lacks() is None
    monkeypatch.setattr(clip_models, "find_spec", lambda name: None)
    said = SimilarityOptions().lacks() or ""
    assert said.startswith("the gate similarity needs torch, torchvision, open_clip")
    assert "curate[learned]" in said


# -- with a tiny CLIP --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip", vocabulary=49408)


@pytest.fixture(scope="module")
def scorer(folder: Path) -> Any:
    torch.set_num_threads(1)
    return SimilarityOptions(model=str(folder)).load()


def pictures(count: int, seed: int) -> list[Any]:
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)
    return [cv2.resize(one, (80, 60), interpolation=cv2.INTER_CUBIC) for one in coarse]


TEXTS = ["A red bird sings.", "Snow falls on a road.", "Two children run."]


def test_similarity_is_the_mean_over_texts_of_the_best_frame(folder: Path, scorer: Any) -> None:
    import open_clip

    name = f"local-dir:{folder}"
    whole, _, transform = open_clip.create_model_and_transforms(name)
    shown = pictures(3, 1)
    with torch.inference_mode():
        images = torch.stack([transform(Image.fromarray(one)) for one in shown])
        frames = whole.eval().encode_image(images)
        texts = whole.encode_text(open_clip.get_tokenizer(name)(TEXTS))
    cosines = torch.nn.functional.cosine_similarity(texts[:, None], frames[None], dim=-1)
    assert float(cosines.std()) > 1e-3
    assert scorer([(shown, TEXTS)]) == [pytest.approx(float(cosines.max(dim=1).values.mean()), abs=1e-4)]


def test_similarities_do_not_depend_on_the_batch(scorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(pictures(1 + n % 3, n), TEXTS[: 1 + n % 2]) for n in range(7)]
    alone = [scorer([case])[0] for case in cases]
    assert np.std(alone) > 1e-3
    for at_once in (1, 3, 64):
        monkeypatch.setattr("captioners._clip.AT_ONCE", at_once)
        assert scorer(cases) == pytest.approx(alone, abs=1.5e-4)


def test_a_gpu_that_is_not_there_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="num_gpus, and torch sees no GPU"):
        SimilarityOptions(model=str(folder), num_gpus=1).load()
