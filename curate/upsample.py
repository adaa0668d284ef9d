"""A short prompt in the words of the captions that a model was trained on, by the captioner that wrote them.

A model that learned from dense captions draws better from a dense prompt (DALL·E 3, section 5: captions
"upsampled" by a language model)."""

from collections.abc import Mapping
from typing import Any

from curate.pipelines import ConfigError, parse_yaml
from curate.plugins import Captioner, build


def upsampled(prompt: str, captioner: str) -> str:
    """The prompt, expanded. `captioner`: a name, or what a pipeline's `captioner:` holds, as YAML.

    Raises ConfigError where there is no such captioner, ValueError where it has no language model.
    """
    body: Any = parse_yaml(captioner, "--upsample")
    options: Mapping[str, Any] = {"use": body} if isinstance(body, str) else body
    if not isinstance(options, dict) or not (options.get("use") and isinstance(options["use"], str)):
        raise ConfigError("--upsample wants a captioner as a pipeline has it: '{use: openai, model: …}'")
    use = options["use"]
    rest = {name: value for name, value in options.items() if name != "use"}
    made = build("captioners", use, rest, Captioner)  # type: ignore[type-abstract]
    expanded = " ".join(made.expand(prompt).split())
    return expanded or prompt
