"""How a module is laid over the ranks: recomputed, compiled and sharded, block by block.

The order matters: recomputation wraps the block's maths, the compiler sees both, and FSDP2 gathers the
weights around the compiled block (as in torchtitan). Blocks are alike, so one compilation serves all."""

from collections.abc import Sequence
from functools import partial

import torch
import torch.utils.checkpoint
from torch import nn
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.utils.checkpoint import CheckpointPolicy, create_selective_checkpoint_contexts

from training.options import Options
from training.ranks import Ranks

KEPT = (
    "aten::mm", "aten::addmm", "aten::bmm", "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_efficient_attention", "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_flash_attention_for_cpu", "torch_attn::_varlen_attn",
)  # fmt: skip
"""Operations whose results selective recomputation keeps: what costs most to make again. Norms, activations
and modulations are made again in the backward pass; they are most of the memory and little of the time."""


COMPILATIONS = 64
"""Of one function, at most; each takes up to a minute."""


def prepare(module: nn.Module, blocks: Sequence[nn.Module], options: Options, ranks: Ranks) -> None:
    """Recompute, compile and shard `module` in place; parameters keep their names."""
    if options.recompute != "none":
        for block in blocks:
            _recompute(block, selective=options.recompute == "selective")
    if options.compile:
        # Blocks share their code, and so a count of compilations: a pack of one sample, one without captions,
        # and looks without gradients are each compiled anew. Beyond the usual limit of 8 all would silently
        # run without the compiler.
        torch._dynamo.config.recompile_limit = COMPILATIONS
        for block in blocks:
            block.compile(dynamic=True)
    mesh = ranks.mesh()
    if mesh is not None:
        half = options.precision == "bf16"
        policy = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16 if half else None,
            reduce_dtype=torch.float32 if half else None,
            cast_forward_inputs=False,  # rotations, times and the latents themselves stay float32
        )
        for block in blocks:
            fully_shard(block, mesh=mesh, mp_policy=policy)
        fully_shard(module, mesh=mesh, mp_policy=policy)


def reshard(module: nn.Module) -> None:
    """Let each rank hold its own part of the weights again: after a forward pass without a backward one FSDP2
    leaves the outermost module's whole on every rank."""
    for part in module.modules():
        if isinstance(part, FSDPModule):
            part.reshard()


def _recompute(block: nn.Module, *, selective: bool) -> None:
    """Make the block keep its inputs (and the results of KEPT) alone for the backward pass."""
    forward = block.forward
    context = partial(create_selective_checkpoint_contexts, _policy) if selective else None

    def again(*arguments: object) -> object:
        if not torch.is_grad_enabled():
            return forward(*arguments)
        more = {} if context is None else {"context_fn": context}
        return torch.utils.checkpoint.checkpoint(
            forward, *arguments, use_reentrant=False, preserve_rng_state=False, **more
        )

    block.forward = again  # type: ignore[method-assign]


def _policy(context: object, operation: object, *_: object, **__: object) -> CheckpointPolicy:
    name = str(getattr(operation, "name", lambda: "")()).split(".")[0]
    return CheckpointPolicy.MUST_SAVE if name in KEPT else CheckpointPolicy.PREFER_RECOMPUTE
