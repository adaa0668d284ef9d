"""The page of an audit: entries laid into `audit.html.j2`.

Captions may hold anything. Every text is escaped by the template, the page's own script and style are the
only ones that its policy lets run (by their hashes), and nothing is fetched from anywhere but its folder."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from curate.judging.claims import audit_digest, digest_of
from curate.judging.ticks import FORMAT, LONGEST, MOST_MISSING, VERSION
from curate.report import numbers

if TYPE_CHECKING:
    from curate.judging.audit import Entry


def render(name: str, entries: Sequence["Entry"], seed: int) -> str:
    """The page. `name`: of the pipeline."""
    environment = Environment(
        loader=PackageLoader("curate", "judging"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": numbers.number, "seconds": numbers.seconds, "clock": numbers.clock, "name": numbers.name,
        "visible": numbers.visible,
    }  # fmt: skip
    style, script = (_text(f"audit.{kind}") for kind in ("css", "js"))
    digests = [digest_of(entry.claims) for entry in entries]
    return environment.get_template("audit.html.j2").render(
        name=name,
        seed=seed,
        entries=list(zip(entries, digests, strict=True)),
        claims=sum(len(entry.claims) for entry in entries),
        audit=audit_digest([entry.clip.clip_id for entry in entries], digests),
        format=FORMAT,
        version=VERSION,
        most_missing=MOST_MISSING,
        longest=LONGEST,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _text(name: str) -> str:
    return files("curate.judging").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    """An element's content as a Content-Security-Policy names it; the template puts no byte around it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
