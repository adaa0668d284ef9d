"""Makes the published torchvision, a CUDA build, import beside the CPU build of torch.

Its compiled operators do not load there, and then it stumbles over its own shape rules for some of them
(`operator torchvision::nms does not exist`). Image and video processors need none of these operators: it is
enough that the names are defined. Run it with the environment's Python; a second time changes nothing."""

import importlib.util
import re
from pathlib import Path

RULE = re.compile(r'^@(torch\.\w+)\.register_fake\("torchvision::(\w+)"\)$', re.MULTILINE)
MARK = "# Defined without its kernel: the compiled operators do not load beside the CPU build of torch."
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def defined(text: str) -> str:
    """torchvision/_meta_registrations.py with a definition before each of its shape rules."""
    return RULE.sub(
        lambda rule: (
            f"{MARK}\nif not torchvision.extension._has_ops():\n"
            f'    {rule[1]}.define("torchvision::{rule[2]}", "{SCHEMA}")\n\n\n{rule[0]}'
        ),
        text,
    )


def main() -> None:
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        raise SystemExit("there is no torchvision in this environment: install it first")
    path = Path(found.origin).with_name("_meta_registrations.py")
    text = path.read_text(encoding="utf-8")
    if MARK in text:
        return
    # A new file in its place: installers link the files of all environments to those in their cache.
    part = path.with_suffix(".part")
    part.write_text(defined(text), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main()
