"""What steps ask of a cluster, and whether it can ever give it."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Needs(Protocol):
    """What one task or actor takes (curate.options.Resources)."""

    @property
    def num_cpus(self) -> float: ...
    @property
    def num_gpus(self) -> float: ...
    @property
    def concurrency(self) -> int | None: ...


Node = Mapping[str, float]
"""Resource -> amount: CPU, GPU, and others."""


def nodes() -> list[Node]:
    """The resources of each node that is up."""
    import ray

    return [dict(node["Resources"]) for node in ray.nodes() if node["Alive"]]


def fitting(there: Sequence[Node], wants: Needs) -> int:
    """How many such tasks or actors find room at once, each of them on one node."""
    return sum(_on(node, wants) for node in there)


def leaves_a_cpu(there: Sequence[Node], wants: Needs, count: int) -> bool:
    """Whether a whole CPU is free on some node, wherever `count` such actors are placed."""
    if wants.num_cpus >= 1 and count < fitting(there, wants):
        return True
    return any(node.get("CPU", 0) - _on(node, wants) * wants.num_cpus >= 1 for node in there)


def _on(node: Node, wants: Needs) -> int:
    amounts = {"CPU": wants.num_cpus, "GPU": wants.num_gpus}
    return min((int(node.get(name, 0) // amount) for name, amount in amounts.items() if amount), default=0)


def check_room(there: Sequence[Node], needs: Mapping[str, Needs]) -> None:
    """RuntimeError that names the first step of which no task fits on any node: Ray would wait for ever.

    A task runs on one node, so what counts is the largest node, not the sum. Of a cluster that grows on
    demand, nodes that are not up yet are not seen: keep one of each kind up.
    """
    for step, wants in needs.items():
        asked = {"CPU": wants.num_cpus, "GPU": wants.num_gpus}
        if any(all(node.get(name, 0) >= amount for name, amount in asked.items()) for node in there):
            continue
        for name, amount in asked.items():
            most = max((node.get(name, 0) for node in there), default=0)
            if amount > most:
                raise RuntimeError(
                    f"{step} asks for num_{name.lower()}s: {amount:g} and the largest node has {most:g} "
                    f"{name}s ({_listed(there)}): lower it in the pipeline, or add such a node"
                )
        raise RuntimeError(
            f"{step} asks for {wants.num_cpus:g} CPUs and {wants.num_gpus:g} GPUs on one node, and no node "
            f"has both ({_listed(there)}): lower one of them in the pipeline, or add such a node"
        )


def _listed(there: Sequence[Node]) -> str:
    shown = [f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs" for node in there]
    return f"{len(there)} node{'s' if len(there) != 1 else ''}: " + ", ".join(sorted(set(shown)))
