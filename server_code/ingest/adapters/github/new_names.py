"""The names under which GitHub answers for repositories that were renamed or transferred."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ...domain.due import is_still_ahead
from ...ports import Clock

#: How long a new name is used without asking: a new repository may get the old name meanwhile.
BELIEVED_FOR = timedelta(hours=1)

#: Begins the validator of a repository that answers to a new name.
_RENAMED = "renamed "


class NewNames:
    """The names to request, because each redirect costs a request. Validators hold them, too."""

    def __init__(self, clock: Clock, prefer: Callable[[str, str | None], object]) -> None:
        self._clock = clock
        self._prefer = prefer
        self._names: dict[str, tuple[str, datetime]] = {}

    def find(self, repository: str) -> str:
        """Return the name to request."""
        name, until = self._names.get(repository, (repository, None))
        if until is None or not is_still_ahead(until, self._clock.now(), at_most=BELIEVED_FOR):
            return repository
        return name

    def notice(self, repository: str, name: str | None, validator: str | None) -> None:
        """Note under which name GitHub has just answered; None where the answer names none.

        The credential that was answered reads the new name as well: its lists may lack that, and
        others would be asked in vain. ``validator`` names it.
        """
        if name is not None and name.lower() != self.find(repository).lower():
            self._prefer(name, validator)
            self._names[repository] = (name, self._clock.now() + BELIEVED_FOR)

    def unwrap(self, repository: str, validator: str | None) -> str | None:
        """Return a validator without the name, which is requested from now on.

        The validator of a name that is no longer believed is none.
        """
        if validator is None or not validator.startswith(_RENAMED):
            return validator
        name, _, own = validator.removeprefix(_RENAMED).partition(" ")
        if repository not in self._names:
            self.notice(repository, name, own)
        return own if name == self.find(repository) else None

    def wrap(self, repository: str, validator: str | None) -> str | None:
        """Return a validator with the name, where it is a new one."""
        name = self.find(repository)
        is_own = name.lower() == repository.lower()
        return validator if validator is None or is_own else f"{_RENAMED}{name} {validator}"
