"""A key to a server: from the environment or a file of the process that asks, and never anywhere else."""

import html
import json
import os
import re
from urllib.parse import quote

LONGEST = 8192
"""Characters of a key."""
SHORTEST = 8
"""Shorter ones are placeholders (`EMPTY`, `x`) and no secrets, and stand in captions by chance."""


class Secret:
    """A key that does not show: not in a repr, a traceback's text or a pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a key stays in the process that read it")

    def reveal(self) -> str:
        return self._value

    def hidden_in(self, text: str) -> str:
        """`text` without the key, as it is or as JSON, HTML and addresses write it: servers quote it in their
        errors."""
        key = self._value
        if len(key) < SHORTEST:
            return text
        forms = {
            key,
            json.dumps(key)[1:-1],
            repr(key)[1:-1],
            key.replace("/", "\\/"),
            html.escape(key),
            quote(key, ""),
        }
        # The longest first: none is then left in pieces.
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "[key]")
        return text


def read_secret(variable: str | None, path: str | None) -> Secret | None:
    """The key; None if neither a variable nor a file is named. ValueError where it is not there."""
    if variable and path:
        raise ValueError("api_key_env and api_key_file are both given: keep one of them")
    if variable:
        value = os.environ.get(variable, "").strip()
        if not value:
            raise ValueError(
                f"the environment has no {variable}, which api_key_env names: export it where `curate run` "
                "is started, and on each machine of a cluster"
            )
    elif path:
        try:
            with open(os.path.expanduser(path), encoding="utf-8") as file:
                value = file.read(LONGEST + 1).strip()
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "it is not text"
            raise ValueError(f"the file {path}, which api_key_file names, cannot be read ({said})") from error
        if not value:
            raise ValueError(f"the file {path}, which api_key_file names, is empty")
    else:
        return None
    if len(value) > LONGEST:
        raise ValueError(f"the key has more than {LONGEST} characters: give a file that holds it alone")
    # A header is Latin-1 without line breaks; the message must not quote the key.
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValueError("the key holds characters that no header can: keep letters, digits and signs")
    return Secret(value)
