"""The tables of docs/captions.md, from the captioners' classes: `python -m tests.option_tables` writes them
anew."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from captioners.dialogue.model import ModelCaptioner
from captioners.dialogue.similarity import SimilarityOptions
from captioners.gates import GateOptions
from curate.plugins import load

PAGE = Path(__file__).resolve().parent.parent / "docs" / "captions.md"
MODELS = ("vllm", "transformers", "openai")


def rows(kind: type[BaseModel], names: list[str]) -> str:
    """A row for each option: name, default as YAML has it, what it means."""
    lines = ["| option | default | meaning |", "|---|---|---|"]
    for name in names:
        field = kind.model_fields[name]
        default: Any = None if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            default = {}
        said = "" if field.is_required() else f"`{json.dumps(default)}`"
        text = " ".join((field.description or "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {said} | {text} |")
    return "\n".join(lines)


def tables() -> dict[str, str]:
    """Name of a table -> its text."""
    shared = list(ModelCaptioner.model_fields)
    found = {
        "shared": rows(ModelCaptioner, shared),
        "gates": rows(GateOptions, list(GateOptions.model_fields)),
        "similarity": rows(SimilarityOptions, list(SimilarityOptions.model_fields)),
    }
    for use in MODELS:
        kind = load("captioners", use, ModelCaptioner)  # type: ignore[type-abstract]
        found[use] = rows(kind, [name for name in kind.model_fields if name not in shared])
    return found


def with_tables(page: str) -> str:
    """The page with its tables as the classes have them."""
    for name, table in tables().items():
        pattern = rf"(<!-- options: {name} -->\n).*?(<!-- end -->)"
        (found,) = re.finditer(pattern, page, flags=re.S)
        page = f"{page[: found.start()]}{found[1]}{table}\n{found[2]}{page[found.end() :]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
