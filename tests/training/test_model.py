"""The diffusion transformer: streams, conditions, how it begins, what is refused, and that it compiles."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.training.tiny_dit import (
    BYTES,
    CONFIGS,
    TEXT,
    each,
    examples,
    filled,
    gradients,
    latent,
    sound,
)
from training.model import DiT, DiTConfig
from training.packing import UNKNOWN, Example, Stream, pack
from training.presets import PRESETS, Stage, preset, recipe, recipes

SOUND = CONFIGS["sound"]
SILENT = Stream(torch.zeros(0, SOUND.streams[0]), torch.zeros(0, 3))


def silent(samples: list[Example]) -> list[Example]:
    return [replace(one, streams=(SILENT,)) for one in samples]


def velocity(model: DiT, samples: list[Example]) -> Tensor:
    with torch.no_grad():
        return model(pack(samples, model.config))


# -- streams ----------------------------------------------------------------------------------------------


def without_sound(model: DiT) -> DiT:
    """A model that never had a second stream, with the same weights otherwise."""
    plain = DiT(replace(model.config, streams=()))
    own = plain.state_dict()
    plain.load_state_dict({name: value for name, value in model.state_dict().items() if name in own})
    return plain


def test_an_empty_second_stream_changes_nothing() -> None:
    samples = examples(BYTES)
    model = filled(SOUND)
    plain = without_sound(model)
    packs = [samples, samples[:1], samples[1:3], samples[::-1]]
    for one in packs:
        expected = velocity(plain, one)
        assert torch.equal(velocity(model, one), expected)
        assert torch.equal(velocity(model, silent(one)), expected)
    # Beside a sample with sound, those without have the same numbers still.
    heard = [replace(one, streams=(sound(5),)) if k == 2 else one for k, one in enumerate(samples)]
    packed = pack(heard, SOUND)
    with torch.no_grad():
        found = each(packed, model(packed))
    for k, one in enumerate(samples):
        if k != 2:
            assert (found[k] - velocity(plain, [one])).abs().max() <= 1e-5


def test_a_second_stream_that_is_not_empty_is_heard() -> None:
    model, one = filled(SOUND), examples(BYTES)[0]
    video = len(velocity(model, [one]))
    heard = velocity(model, [replace(one, streams=(sound(5),))])
    louder = velocity(model, [replace(one, streams=(replace(sound(5), tokens=sound(5).tokens * 2),))])
    assert len(heard) == video + 5
    assert (heard[:video] - velocity(model, [one])).abs().max() > 1e-2
    assert (heard[:video] - louder[:video]).abs().max() > 1e-3
    # Its own velocity fills its own columns alone.
    assert heard[video:, : SOUND.streams[0]].abs().min() > 0
    assert torch.equal(heard[video:, SOUND.streams[0] :], torch.zeros(5, BYTES.video_columns - 6))


def test_weights_of_a_second_stream_learn_from_its_tokens_alone() -> None:
    model = filled(SOUND)
    _, quiet = gradients(model, [silent(examples(BYTES))])
    own = [name for name in quiet if ".sides.2." in name or name.startswith(("token_in.1", "last.1"))]
    assert len(own) > 15
    assert all(not quiet[name].any() for name in own)
    _, heard = gradients(model, [examples(SOUND)])
    assert all(heard[name].any() for name in own)


# -- conditions -------------------------------------------------------------------------------------------


def test_a_new_projection_of_what_is_given_leaves_the_model_as_it_is() -> None:
    model, samples = filled(BYTES), examples(BYTES)
    assert not DiT(BYTES).image_in.weight.any()
    torch.nn.init.zeros_(model.image_in.weight)
    blind = [replace(one, given=None, mask=None) for one in samples]
    assert torch.equal(velocity(model, samples), velocity(model, blind))
    # A step away from zero, what is given is seen, by its own sample alone.
    torch.nn.init.normal_(model.image_in.weight, std=0.1)
    packed = pack(samples, BYTES)
    both = zip(each(packed, velocity(model, samples)), each(packed, velocity(model, blind)), strict=True)
    changed = [(one - other).abs().max().item() for one, other in both]
    assert changed[2] > 1e-2
    assert changed[:2] + changed[3:] == [0, 0, 0, 0]


def test_the_projection_of_what_is_given_learns_from_the_start() -> None:
    model = filled(BYTES)
    torch.nn.init.zeros_(model.image_in.weight)
    _, found = gradients(model, [examples(BYTES)])
    assert found["image_in.weight"].abs().max() > 1e-3


def test_what_the_mask_hides_is_not_seen() -> None:
    model, one = filled(BYTES), examples(BYTES)[2]
    assert one.given is not None
    other = one.given.clone()
    other[:, 1:] = 7.0
    assert torch.equal(velocity(model, [one]), velocity(model, [replace(one, given=other)]))


@pytest.mark.parametrize("name", ["fps", "motion", "aesthetic", "t"])
def test_numbers_are_told_apart_and_may_be_unknown(name: str) -> None:
    model = filled(BYTES)
    one = replace(examples(BYTES)[0], fps=24.0, motion=3.0, aesthetic=5.0)
    values = [0.2, 0.25, 0.9] if name == "t" else [3.0, 3.5, 9.0, UNKNOWN]
    found = [velocity(model, [replace(one, **{name: value})]) for value in values]
    for k, first in enumerate(found):
        assert first.isfinite().all()
        assert all((first - other).abs().max() > 1e-4 for other in found[k + 1 :])


@pytest.mark.parametrize("config", [BYTES, TEXT])
def test_no_caption_is_learned_and_differs_from_a_caption(config: DiTConfig) -> None:
    model, one = filled(config), examples(config)[0]
    none = replace(one, text=None, pooled=None)
    assert (velocity(model, [one]) - velocity(model, [none])).abs().max() > 1e-2
    # An empty caption is no caption.
    empty = replace(one, text=torch.zeros(0, config.text_columns), pooled=None)
    assert torch.equal(velocity(model, [none]), velocity(model, [empty]))
    _, found = gradients(model, [[none]])
    assert found["no_text"].any()
    assert found["no_pooled"].any()
    if config is BYTES:
        assert not found["bytes.embedding.weight"].any()


# -- how it begins ----------------------------------------------------------------------------------------


def test_a_new_model_says_zero_and_learns() -> None:
    torch.manual_seed(0)
    model, samples = DiT(BYTES), [replace(one, t=0.5) for one in examples(BYTES)[:2]]
    assert not velocity(model, samples).any()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        packed = pack(samples, BYTES)
        found = (model(packed) - packed.tokens).square().mean()
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
        losses.append(found.item())
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_made_later_are_as_those_made_at_once(name: str) -> None:
    at_once = DiT(CONFIGS[name])
    with torch.device("meta"):
        later = DiT(CONFIGS[name])
    later.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in later.parameters():
            parameter.fill_(torch.nan)
    later.init_weights()
    expected, found = at_once.state_dict(), later.state_dict()
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert found[key].isfinite().all(), key
        if value.std() == 0 or value.numel() == 1:  # zeros and ones
            assert torch.equal(found[key], value), key
        else:
            assert found[key].std() == pytest.approx(value.std().item(), rel=0.5), key
    for model in (at_once, later):
        torch.manual_seed(1)
        model.init_weights()
    assert all(torch.equal(later.state_dict()[key], value) for key, value in expected.items())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"width": 50}, r"axes \(8, 8, 8\) do not add up to a head's 25 dimensions"),
        ({"heads": 5}, "do not add up"),
        ({"axes": (8, 8, 9)}, "do not add up"),
        ({"axes": (7, 8, 9)}, "must be even: dimensions turn in pairs"),
        ({"byte_width": 40}, "byte_width is 40, but must be a multiple of 32"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changed: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(BYTES, **changed)


# -- presets ----------------------------------------------------------------------------------------------


def test_presets_are_as_large_as_their_names() -> None:
    from training.flops import parameters

    known = {"50m": 50e6, "200m": 200e6, "1b": 1e9}
    for name, size in known.items():
        assert parameters(preset(name)) == pytest.approx(size, rel=0.35), name
        assert PRESETS[name].head == 128
    assert parameters(preset("smoke")) < 2e6
    with pytest.raises(ValueError, match="'2b' is not known: choose one of smoke, 50m, 200m, 1b"):
        preset("2b")


def test_recipes_start_low_and_each_stage_continues() -> None:
    assert set(recipes()) == {"smoke", "sora_1b"}
    stages = recipe("sora_1b")
    assert [stage.tier for stage in stages] == ["256px", "256px", "768px"]
    assert [stage.given > 0 for stage in stages] == [False, True, True]
    assert len({stage.preset for stage in stages}) == 1
    for stage in stages:
        assert isinstance(stage, Stage)
        preset(stage.preset)
        # The longest clip of the tier is one sample, and fits a pack.
        side = int(stage.tier.removesuffix("px")) // 16
        assert side**2 <= stage.pack_tokens
    with pytest.raises(ValueError, match="'huge' is not known: choose one of smoke, sora_1b"):
        recipe("huge")


# -- precision and compilation ----------------------------------------------------------------------------


@pytest.mark.parametrize("config", [BYTES, TEXT])
def test_half_precision_stays_near_single(config: DiTConfig) -> None:
    model, samples = filled(config), examples(config)
    expected = velocity(model, samples)
    with torch.autocast("cpu", torch.bfloat16):
        found = velocity(model, samples)
    assert found.dtype == torch.float32
    assert 0 < (found - expected).abs().mean() < 0.05 * expected.abs().mean()
    # With parameters in bfloat16, as sharded ranks have them in a forward pass.
    half = velocity(model.bfloat16(), samples)
    assert (half - expected).abs().mean() < 0.05 * expected.abs().mean()


def test_what_flows_between_blocks_is_half_precision_and_rotations_are_not() -> None:
    """Under autocast (one GPU) as with parameters in bfloat16 (sharded): the same model at any world size."""
    model = filled(BYTES)
    seen: list[tuple[object, ...]] = []
    for block in (*model.dual, *model.single):
        block.register_forward_hook(lambda _, inputs, output: seen.append((inputs, output)))
    with torch.autocast("cpu", torch.bfloat16):
        velocity(model, examples(BYTES))
    for inputs, output in seen:
        flows = output if isinstance(output, list) else [output]
        assert {x.dtype for x in flows} == {torch.bfloat16}
        dual = isinstance(output, list)
        cos = inputs[3][1] if dual else inputs[3]  # type: ignore[index]
        assert cos.dtype == torch.float32
    assert len(seen) == 4


def test_times_are_not_lost_to_half_precision() -> None:
    """Neighbouring times differ by less than bfloat16 can tell apart: they must not be rounded before."""
    model = filled(BYTES).bfloat16()
    t = torch.tensor([0.9010, 0.9015])
    assert t.bfloat16()[0] == t.bfloat16()[1]
    with torch.no_grad():
        one, other = model.t(t)
    assert (one - other).abs().max() > 1e-2


def test_latent_size_is_no_part_of_the_model() -> None:
    model = filled(BYTES)
    for grid in [(1, 2, 2), (9, 2, 4), (2, 10, 6)]:
        found = velocity(model, [Example(latent(BYTES, *grid, 0), 0.5, 0.1)])
        assert found.shape == (grid[0] * grid[1] * grid[2] // 4, BYTES.video_columns)
