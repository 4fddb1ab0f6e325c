"""A world: the repositories of a sandbox, found by name, former name or id."""

from __future__ import annotations

from collections.abc import Iterable

from .repository import Repository
from .times import Timestamp


class World:
    """Keep repositories; `ends_at` is the newest instant of a world that does not grow."""

    def __init__(
        self,
        repositories: Iterable[Repository],
        *,
        seed: object = 0,
        ends_at: Timestamp | None = None,
    ) -> None:
        self.seed = seed
        self.ends_at = ends_at
        self.repositories = list(repositories)
        self._by_id = {repository.spec.id: repository for repository in self.repositories}
        self._by_name = {
            repository.spec.full_name.lower(): repository for repository in self.repositories
        }
        self._by_former_name = {
            name.lower(): repository
            for repository in self.repositories
            for name in repository.spec.former_names
        }

    def by_id(self, repository_id: int) -> Repository | None:
        """Find a repository by its number, which no renaming changes."""
        return self._by_id.get(repository_id)

    def by_name(self, full_name: str) -> Repository | None:
        """Find a repository by its present name, in any case."""
        return self._by_name.get(full_name.lower())

    def by_former_name(self, full_name: str) -> Repository | None:
        """Find a repository by a name that it had before."""
        return self._by_former_name.get(full_name.lower())

    def grow(self, now: Timestamp) -> None:
        """Plan everywhere what begins by now."""
        for repository in self.repositories:
            repository.grow(now)
