"""A secret value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no log, error, message or page may show."""

    _value: str

    def reveal(self) -> str:
        """Return the value; only for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__
