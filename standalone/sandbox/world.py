"""A world: the repositories of a sandbox, found by name, former name or id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .repository import Repository
from .times import UnixSeconds


class World:
    """The repositories; a recorded world has its own time, in which the clock starts."""

    def __init__(
        self,
        repositories: Iterable[Repository],
        *,
        seed: object = 0,
        clock_start: UnixSeconds | None = None,
    ) -> None:
        self.seed = seed
        self.clock_start = clock_start
        self.repositories = list(repositories)
        self._by_id: dict[int, Repository] = {}
        self._by_name: dict[str, Repository] = {}
        self._by_former_name: dict[str, Repository] = {}
        self._index()

    def add(self, repository: Repository) -> None:
        """Add a repository."""
        self.repositories.append(repository)
        self._index()

    def change(self, known_as: str, /, **changes: Any) -> None:  # noqa: ANN401 - fields of a spec
        """Change a repository: archive it, or rename or transfer it with a new `full_name`."""
        repository = self._by_name[known_as.lower()]
        spec = repository.spec
        former = (*spec.former_names, known_as) if "full_name" in changes else spec.former_names
        repository.spec = replace(spec, former_names=former, **changes)
        self._index()

    def remove(self, full_name: str) -> None:
        """Delete a repository."""
        self.repositories.remove(self._by_name[full_name.lower()])
        self._index()

    def _index(self) -> None:
        everything = self.repositories
        self._by_id = {each.spec.id: each for each in everything}
        self._by_name = {each.spec.full_name.lower(): each for each in everything}
        self._by_former_name = {
            name.lower(): each for each in everything for name in each.spec.former_names
        }

    def by_id(self, repository_id: int) -> Repository | None:
        """Find a repository by its id, which no renaming changes."""
        return self._by_id.get(repository_id)

    def by_name(self, full_name: str) -> Repository | None:
        """Find a repository by its present name, in any case."""
        return self._by_name.get(full_name.lower())

    def by_former_name(self, full_name: str) -> Repository | None:
        """Find a repository by a name that it had before."""
        return self._by_former_name.get(full_name.lower())

    def plan_until(self, now: UnixSeconds) -> None:
        """Add the runs of every repository that begin by now."""
        for repository in self.repositories:
            repository.plan_until(now)
