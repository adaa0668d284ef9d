"""The commands of the program, by name."""

from typing import Any


def commands(group: Any, before: str = "") -> dict[str, Any]:
    """Name -> command, those of groups too: `train dit`."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inner = commands(command, f"{before}{name} ") if hasattr(command, "commands") else None
        found |= inner or {f"{before}{name}": command}
    return found
