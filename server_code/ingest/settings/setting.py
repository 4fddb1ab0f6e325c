"""The declaration of one setting, at the field that holds its value."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from .parsing import Parse, parse_key, parse_tokens
from .secret import Secret

_T = TypeVar("_T")

_DECLARED = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, named as its environment variable; App Secrets use the name in lower case.

    ``section``: of the Settings page. ``settings_class`` and ``field``: the class and field that
    hold its value; None where a command reads it itself. ``default``: as it is shown to people.
    ``aliases``: other names, read where the first is not set. ``is_needed``: the Settings page
    calls it missing if it is not set, unless another kind of credential takes its place.
    ``may_hold_password``: what is before an ``@`` in its value may be one, as in a URL, and is not
    shown. ``is_read_by_app``: by the Anvil app, not only by a command.
    """

    name: str
    help: str
    section: str = ""
    parse: Parse = str
    default: str = ""
    is_needed: bool = False
    may_hold_password: bool = True
    is_read_by_app: bool = True
    aliases: tuple[str, ...] = ()
    settings_class: type | None = None
    field: str = ""

    @property
    def is_secret(self) -> bool:
        """Return whether its value must never be shown."""
        return self.parse in (Secret, parse_key, parse_tokens)


def setting(
    name: str,
    *,
    default: _T,
    shown: str | None = None,
    **declared: Any,  # noqa: ANN401 -- the fields of Setting
) -> _T:
    """Return a dataclass field that a setting fills.

    ``shown``: the default for people, where it differs from the value.
    """
    text = _default_text(default) if shown is None else shown
    declaration = Setting(name=name, default=text, **declared)
    return field(default=default, metadata={_DECLARED: declaration})


def settings_of(settings_class: type, section: str) -> tuple[Setting, ...]:
    """Return the settings that the fields of a class declare; those without a section get one."""
    return tuple(
        replace(
            found, section=found.section or section, settings_class=settings_class, field=each.name
        )
        for each in fields(settings_class)
        if (found := each.metadata.get(_DECLARED)) is not None
    )


def _default_text(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return str(default) if isinstance(default, (str, int, float)) else ""
