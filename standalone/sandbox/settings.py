"""Settings: how this GitHub behaves. Times are in seconds of its clock, unless noted."""

from __future__ import annotations

from dataclasses import dataclass, field

from .faults import Fault
from .times import UnixSeconds

DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - valid in the sandbox only


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSpec:
    """A token that the sandbox accepts; None for `permissions` or `repositories` means all.

    `kind`: classic, fine-grained or installation; `installation`: the id, if it is of one.
    """

    value: str = DEFAULT_TOKEN
    login: str = "octocat"
    kind: str = "classic"
    limit: int = 5000
    graphql_limit: int = 5000
    scopes: tuple[str, ...] = ("admin:repo_hook", "repo", "workflow")
    permissions: frozenset[str] | None = None
    repositories: frozenset[str] | None = None
    expires_at: UnixSeconds | None = None
    installation: int | None = None
    sso_unauthorized_owners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Primary and secondary limits; 0 turns a secondary limit off.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """

    status: int = 403
    retry_after: bool = False
    points_per_minute: int = 900
    graphql_points_per_minute: int = 2000
    concurrent: int = 100
    grace: float = 0.0
    """Real seconds after a limit is reported during which further requests are no violations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationSpec:
    """One installation of the sandbox's app; `repositories` None means all."""

    id: int
    account: str
    repositories: frozenset[str] | None = None
    limit: int = 5000
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSpec:
    """A GitHub App, which authenticates with the private key that fits `public_key` (PEM)."""

    id: int
    public_key: str
    slug: str = "runstream"
    installations: tuple[InstallationSpec, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFaults:
    """The faults of webhooks: each is a probability, except `late_seconds`, the delay of late ones.

    By default it is so long that the next change of the same run is usually sent first.
    """

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    late_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlFaults:
    """The faults of GraphQL: it is absent (as on an old GHES), or fails for some queries."""

    absent: bool = False
    failing_shas: frozenset[str] = frozenset()
    """A query that names one of these commits gets an error and no data at all."""
    missing_shas: frozenset[str] = frozenset()
    """A query for these commits gets null and an error for them, and the data of the others."""
    lacks_pull_details: bool = False
    """A query for a pull request's `isDraft` is refused, as by an older schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the sandbox."""

    tokens: tuple[TokenSpec, ...] = (TokenSpec(),)
    limits: Limits = field(default_factory=Limits)
    app: AppSpec | None = None
    users: frozenset[str] = frozenset()
    """Owners, in lower case, that are users; all others are organizations."""
    faults: tuple[Fault, ...] = ()
    hook_faults: HookFaults = field(default_factory=HookFaults)
    graphql: GraphqlFaults = field(default_factory=GraphqlFaults)
    index_lag: float = 0.0
    """How many seconds filtered lists lag behind."""
    filtered_cap: int = 1000
    unfiltered_cap: int = 40_000
    """How many runs can be reached page by page, in a list with filters and in one without."""
    steps_kept_seconds: float | None = None
    """How many seconds after its end a job still has its steps; None: for ever."""
    threads: int = 112
    """Threads of its HTTP server: more than `Limits.concurrent`, so that this can be exceeded."""
