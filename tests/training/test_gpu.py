"""On a GPU: the kernel for packs agrees with attention sample by sample, and compiled, recomputed blocks in
bfloat16 give what the plain model gives in float32.

bfloat16 is good to about 1 in 256; what is compared here is relative to the largest."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.training.tiny_dit import BYTES, TEXT, each, examples, filled, loss
from training.attention import Segments, attend
from training.model import DiTConfig
from training.options import Options
from training.packing import pack
from training.ranks import Ranks
from training.sharding import prepare

pytestmark = pytest.mark.gpu

# A head of 64 dimensions, as the kernel takes multiples of 8 and is written for 64 and 128.
CONFIG = replace(BYTES, width=128, axes=(16, 24, 24))


def off(found: Tensor, expected: Tensor) -> float:
    """Largest difference, as a share of the largest value."""
    return float((found.float().cpu() - expected).abs().max() / expected.abs().max().clamp(min=1e-6))


def test_the_kernel_gives_what_attention_of_each_sample_gives() -> None:
    torch.manual_seed(0)
    lengths = [300, 17, 1, 128, 17]
    sample = torch.repeat_interleave(torch.tensor(lengths)).numpy()
    segments = Segments.of(sample, len(lengths))
    rows = [torch.randn(sum(lengths), 4, 128) for _ in range(4)]
    found, expected = [], []
    for device, dtype, to in (("cuda", torch.bfloat16, found), ("cpu", torch.float32, expected)):
        q, k, v, weight = (x.to(device, dtype) for x in rows)
        q, k, v = (x.requires_grad_() for x in (q, k, v))
        borders, longest, runs = segments.for_kernel(q.device, dtype)
        y = attend(q, k, v, borders.to(device), longest, runs)
        (y * weight).sum().backward()
        to += [y.detach(), q.grad, k.grad, v.grad]
    for one, other in zip(found, expected, strict=True):
        assert one.device.type == "cuda"
        assert off(one, other) < 0.02


@pytest.mark.parametrize("config", [CONFIG, BYTES, TEXT], ids=["head64", "head24", "text"])
def test_a_compiled_model_in_half_precision_is_the_plain_one(config: DiTConfig) -> None:
    samples = examples(config)
    packed = pack(samples, config)
    plain, fast = filled(config), filled(config).cuda()
    loss(packed, plain(packed)).backward()
    options = Options(precision="bf16", compile=True, recompute="selective")
    with Ranks("cuda") as ranks:
        prepare(fast, [*fast.dual, *fast.single], options, ranks)
    there = packed.to("cuda")
    with options.autocast(torch.device("cuda")):
        velocity = fast(there)
        total = loss(there, velocity)
    total.backward()
    with torch.no_grad():
        expected = plain(packed)
    assert off(velocity.detach(), expected) < 0.05
    for (name, value), (_, other) in zip(plain.named_parameters(), fast.named_parameters(), strict=True):
        if value.grad is None or float(value.grad.abs().max()) == 0:
            continue  # the time is always known
        assert other.grad is not None, name
        assert float((other.grad.cpu() - value.grad).norm() / value.grad.norm()) < 0.1, name


@torch.no_grad()
def test_altering_one_sample_leaves_the_others_to_the_bit() -> None:
    model = filled(CONFIG).cuda()
    samples = examples(CONFIG)
    other = [replace(one, z=one.z * (3 if k == 1 else 1)) for k, one in enumerate(samples)]
    found = []
    for pair in (samples, other):
        packed = pack(pair, CONFIG)
        with torch.autocast("cuda", torch.bfloat16):
            found.append(each(packed, model(packed.to("cuda"))))
    same = [torch.equal(one, changed) for one, changed in zip(*found, strict=True)]
    assert same == [True, False, True, True, True]
