"""Sources: patterns that select the watched repositories, such as ``octo/api-*``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from ..errors import InvalidRepository
from .globs import has_wildcard, matches_glob
from .repositories import ACCOUNT_PAGES, OWNER_LOGIN, parse_full_name, path_on_host, redacted

#: What a pattern of an owner or a name consists of.
_PART = re.compile(r"[A-Za-z0-9._*?-]{1,100}")

#: Parameters with which the page of an account shows all of its repositories.
_HARMLESS_PARAMETERS = frozenset({("tab", "overview"), ("tab", "repositories"), ("type", "all")})
_HARMLESS_NAMES = frozenset({"page", "sort", "direction", "view_as"})


@dataclass(frozen=True, slots=True, order=True)
class SourcePattern:
    """A pattern of repositories; with ``is_exclusion`` those that are left out."""

    owner: str
    name: str
    is_exclusion: bool = False

    @property
    def names_one_repository(self) -> bool:
        """Return whether the pattern names one repository."""
        return not has_wildcard(self.owner) and not has_wildcard(self.name)

    @property
    def includes_one_repository(self) -> bool:
        """Return whether the pattern names one repository that is collected."""
        return self.names_one_repository and not self.is_exclusion

    @property
    def exact_owner(self) -> str | None:
        """Return the owner, if it has no wildcard; None for patterns of several owners."""
        return None if has_wildcard(self.owner) else self.owner

    def matches(self, full_name: str) -> bool:
        """Return whether a repository matches the pattern."""
        owner, _, name = full_name.partition("/")
        return matches_glob(self.owner, owner) and matches_glob(self.name, name)

    def __str__(self) -> str:
        """Return the pattern as it is stored and shown."""
        is_all = (self.owner, self.name) == ("*", "*")
        text = "*" if is_all else f"{self.owner}/{self.name}"
        return f"!{text}" if self.is_exclusion else text


@dataclass(frozen=True, slots=True)
class Sources:
    """All sources of a collector: what they include, and what they leave out.

    ``renamed_owners``: new names by the former ones (lower case), by which patterns name them.
    ``included``: the patterns that include repositories, the most specific ones first.
    """

    patterns: tuple[SourcePattern, ...]
    renamed_owners: Mapping[str, str] = field(default_factory=dict)
    included: tuple[SourcePattern, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Sort once what is asked for each repository."""
        included = (each for each in self.patterns if not each.is_exclusion)
        object.__setattr__(self, "included", tuple(sorted(included, key=_breadth)))

    def exclusion_of(self, *full_names: str) -> SourcePattern | None:
        """Return the pattern that excludes a repository by one of its names; None if there is none.

        A source that names exactly this repository overrides such a pattern.
        """
        names = [former for name in full_names for former in self._names_of(name)]
        left_out = (each for each in self.patterns if each.is_exclusion)
        exclusion = next((e for e in left_out if any(e.matches(name) for name in names)), None)
        if exclusion is None:
            return None
        singles = (each for each in self.included if each.names_one_repository)
        is_named = any(each.matches(name) for each in singles for name in names)
        return None if is_named else exclusion

    def includes(self, full_name: str) -> bool:
        """Return whether a source fits a repository, and no pattern leaves it out."""
        is_included = any(each.matches(full_name) for each in self.included)
        return is_included and self.exclusion_of(full_name) is None

    def source_of(
        self, full_name: str, *, is_listed_to_credential: bool = True
    ) -> SourcePattern | None:
        """Return the most specific source of a repository, even if the repository is excluded.

        ``is_listed_to_credential``: GitHub lists the repository to the credential itself, not only
        among the public repositories of its owner. Patterns of all owners match only such
        repositories.
        """
        for pattern in self.included:
            if pattern.exact_owner is None and not is_listed_to_credential:
                continue
            if any(pattern.matches(name) for name in self._names_of(full_name)):
                return pattern
        return None

    def current_owner(self, pattern: SourcePattern) -> str | None:
        """Return the present name of the owner to list for a pattern; None for all owners."""
        owner = pattern.exact_owner
        return None if owner is None else self.renamed_owners.get(owner.lower(), owner)

    def has_given_up_owner_name(self, full_name: str) -> bool:
        """Return whether the owner was renamed, so that another account may have this name."""
        return full_name.partition("/")[0].lower() in self.renamed_owners

    def _names_of(self, full_name: str) -> Iterator[str]:
        """Yield a repository's name, and those under the former names of its owner."""
        yield full_name
        owner, _, name = full_name.partition("/")
        for former, new in self.renamed_owners.items():
            if new.lower() == owner.lower():
                yield f"{former}/{name}"


def parse_source(text: str, *, hosts: Collection[str] = ("github.com",)) -> SourcePattern:
    """Parse a source: ``owner/name``, a URL, ``owner``, ``owner/*``, ``owner/api-*`` or ``*``.

    A URL may be a page of an account, such as ``/orgs/octo/repositories``. A pattern that begins
    with ``!`` excludes what it matches. A pattern without an owner, such as ``!sandbox-*``, matches
    repositories of all owners. Raises InvalidRepository, also for a URL that selects a part of an
    account's repositories, and for ``octo/`` without a host, which lacks a name.
    """
    given = text.strip()
    is_exclusion = given.startswith("!")
    body = given.removeprefix("!").strip()
    found = path_on_host(body, hosts)
    path = found.strip("/") if body[:1] != "/" else body
    if found == body and found.endswith("/") and "/" not in path:
        raise InvalidRepository(
            f"{redacted(given)} lacks the name after the slash: write {path}/* for all "
            f"repositories of {path}, or {path}/NAME for one."
        )
    _require_no_search(given, body, path)
    owner, slash, name = path.partition("/")
    if owner.lower() in ACCOUNT_PAGES and name:
        path = name.partition("/")[0]
        owner, slash, name = path, "", ""
    if slash and not has_wildcard(path):
        owner, _, name = parse_full_name(body, hosts=hosts).partition("/")
        return SourcePattern(owner, name, is_exclusion)
    if not slash:
        owner, name = ("*", path) if has_wildcard(path) else (path, "*")
    is_owner = (_PART if has_wildcard(owner) else OWNER_LOGIN).fullmatch(owner)
    if not is_owner or not _PART.fullmatch(name):
        raise InvalidRepository(
            f"{redacted(given)} is not a source: expected owner/name, owner, owner/api-*, "
            "*, or one of them with ! in front."
        )
    return SourcePattern(owner, name, is_exclusion)


def _require_no_search(given: str, body: str, path: str) -> None:
    """Refuse a URL that lists a part of an account's repositories, or has a ``?`` as a wildcard."""
    url, mark, query = body.partition("#")[0].partition("?")
    first, _, page = path.partition("/")
    is_account_page = first.lower() in ACCOUNT_PAGES
    if is_account_page and page.lower().partition("/")[2].startswith("teams/"):
        selects = "the repositories of a team"
    elif "://" not in url or not mark:
        return
    elif "=" not in query:
        selects = "a URL with ? as a wildcard"
    elif page and not is_account_page:
        return  # of a page of one repository
    elif all(
        (name, value) in _HARMLESS_PARAMETERS or name in _HARMLESS_NAMES
        for name, value in parse_qsl(query)
    ):
        return
    else:
        selects = "a search of repositories"
    raise InvalidRepository(
        f"{redacted(given)} is {selects}, which is not a source: write OWNER for all repositories "
        "of an owner, or a pattern of their names without the host, such as octo/api-*."
    )


def parse_sources(
    given: Iterable[str], *, hosts: Collection[str] = ("github.com",)
) -> tuple[SourcePattern, ...]:
    """Parse sources, each once. Raises InvalidRepository that names all faults at once."""
    found: dict[str, SourcePattern] = {}
    faults: list[str] = []
    for text in given:
        try:
            pattern = parse_source(text, hosts=hosts)
            found.setdefault(str(pattern).lower(), pattern)
        except InvalidRepository as fault:
            faults.append(str(fault))
    if faults:
        raise InvalidRepository(" ".join(faults))
    return tuple(found.values())


def named_repositories(patterns: Sequence[SourcePattern]) -> list[str]:
    """Return the included repositories that a pattern names exactly."""
    return [str(each) for each in patterns if each.includes_one_repository]


def _breadth(pattern: SourcePattern) -> tuple[bool, bool, bool, str]:
    return (
        not pattern.names_one_repository,
        has_wildcard(pattern.owner),
        pattern.name == "*",
        str(pattern).lower(),
    )
