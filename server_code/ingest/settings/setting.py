"""What is declared of one setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .parsing import Parse, parse_text

#: Who reads a setting: every host of the collector, or the commands of one host alone.
Host = Literal["all", "headless", "uplink", "serve", "mcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, named as its environment variable; App Secrets use the name in lower case.

    ``field``: the place in ``Settings`` that it fills, None where a command reads it itself.
    ``default``: the text for people; the value stands in ``values``. ``aliases``: other names,
    read where the first is not set. ``needed``: nothing is collected without it, unless another
    kind of credential takes its place.
    """

    name: str
    help: str
    section: str
    field: str | None = None
    parse: Parse = parse_text
    default: str = ""
    is_secret: bool = False
    is_needed: bool = False
    host: Host = "all"
    aliases: tuple[str, ...] = ()
