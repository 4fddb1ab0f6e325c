"""The names that repositories have since they were renamed or transferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...domain.due import is_still_ahead
from ...ports import Clock
from ...wire.fields import mapping, text
from ...wire.payloads import repository_in_url

#: The time after which the old name is requested again: a new repository may have got it.
RENAME_TTL = timedelta(hours=1)

#: The validator of a renamed repository begins with this, and then holds its new name.
_RENAMED = "renamed "


class RenamedRepositories:
    """The new names of repositories: requesting the old one costs a redirect each time.

    The validator of a repository's runs holds its new name, so that other processes use it too.
    """

    def __init__(
        self, clock: Clock, pin_to_credential_of: Callable[[str, str | None], object]
    ) -> None:
        self._clock = clock
        self._pin_to_credential_of = pin_to_credential_of
        self._names: dict[str, tuple[str, datetime]] = {}

    def current_name(self, repository: str) -> str:
        """Return the name to request for a repository, given by the name it is watched under."""
        name, until = self._names.get(repository.lower(), (repository, None))
        if until is None or not is_still_ahead(until, self._clock.now(), max_plausible=RENAME_TTL):
            return repository
        return name

    def note_name(self, repository: str, name: str | None, validator: str | None) -> None:
        """Note the name of a repository in an answer of GitHub; None where the answer lacks it.

        The credential that got the answer, and so its ``validator``, is used for the new name too:
        GitHub may not have listed that name to any credential.
        """
        if name is not None and name.lower() != self.current_name(repository).lower():
            self._pin_to_credential_of(name, validator)
            self._names[repository.lower()] = (name, self._clock.now() + RENAME_TTL)

    def without_new_name(self, repository: str, validator: str | None) -> str | None:
        """Return a validator without the new name, which is requested from now on.

        None where that name is not the current one any more.
        """
        if validator is None or not validator.startswith(_RENAMED):
            return validator
        name, _, own = validator.removeprefix(_RENAMED).partition(" ")
        if repository.lower() not in self._names:
            self.note_name(repository, name, own)
        return own if name == self.current_name(repository) else None

    def with_new_name(self, repository: str, validator: str | None) -> str | None:
        """Return a validator that holds the new name of a renamed repository."""
        name = self.current_name(repository)
        is_own = name.lower() == repository.lower()
        return validator if validator is None or is_own else f"{_RENAMED}{name} {validator}"


def repository_of_runs(runs: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the full name of the repository of a list of runs; None for an empty list."""
    return text(mapping(runs[0].get("repository")).get("full_name")) if runs else None


def repository_of_jobs(jobs: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the full name of the repository of a list of jobs, from the URL of their run."""
    return repository_in_url(text(jobs[0].get("run_url"))) if jobs else None
