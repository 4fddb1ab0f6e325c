"""The settings of what is collected, and when."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.filters import LOG_CHOICES, NO_FILTERS, Filters
from ..domain.globs import MATCH_ALL, GlobList, parse_globs
from .parsing import number_between, one_of, parse_names, parse_switch, whole_number_between
from .setting import setting

#: How long after its creation a run may still change: it may be run again for 30 days, and each
#: attempt lasts 35 days at most. https://docs.github.com/en/actions/reference/limits
RUN_MUTABLE_DAYS = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionSettings:
    """The settings that ``Settings.sources`` and ``CollectingSettings.filters`` are made of.

    This class has no instances.
    """

    repositories: tuple[str, ...] = setting(
        "REPOSITORIES",
        default=(),
        parse=parse_names,
        help="What is watched, separated by commas or blanks: `owner/name`, `owner`, "
        "`owner/api-*`, or `*` for all that the credentials may read. `!` in front leaves out.",
    )

    workflows: GlobList = setting(
        "WORKFLOWS",
        default=MATCH_ALL,
        parse=parse_globs,
        may_hold_password=False,
        help="Workflows to collect, by name or file, as patterns separated by commas. `!` in front "
        "leaves out. By default all.",
    )
    branches: GlobList = setting(
        "BRANCHES",
        default=MATCH_ALL,
        parse=parse_globs,
        may_hold_password=False,
        help="Branches whose runs are collected, such as `main,release-*` or `!renovate/*`.",
    )
    events: GlobList = setting(
        "EVENTS",
        default=MATCH_ALL,
        parse=parse_globs,
        may_hold_password=False,
        help="Events whose runs are collected, such as `push,pull_request*` or `!schedule`.",
    )
    actors: GlobList = setting(
        "ACTORS",
        default=MATCH_ALL,
        parse=parse_globs,
        may_hold_password=False,
        help="Accounts whose runs are collected, such as `!dependabot[bot]`.",
    )
    logs: str | None = setting(
        "LOGS",
        default=None,
        section="agents",
        parse=one_of(*LOG_CHOICES),
        shown="all",
        help="Jobs whose logs are collected: `all`, `failed` (all but successful, skipped and "
        "neutral ones) or `none`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectingSettings:
    """How often repositories are polled, how far back, and how long ended runs are kept."""

    log_mode: str = setting(
        "LOG_MODE",
        default="live",
        parse=one_of("live", "economy"),
        help="`live`: each job is published when it starts and ends, and its log follows. "
        "`economy`: jobs are published when their run has ended, and one archive holds all logs "
        "of an attempt.",
    )
    artifacts: bool = setting(
        "ARTIFACTS",
        default=False,
        parse=parse_switch,
        help="`on`: a completed run names its artifacts. This costs one request for each attempt.",
    )
    poll_seconds: int = setting(
        "POLL_SECONDS",
        default=30,
        parse=whole_number_between(1, 600),
        help="Seconds between two polls of an active repository. Events are published within two "
        "polls, those of runs in live mode within one and a half.",
    )
    backfill_days: float = setting(
        "BACKFILL_DAYS",
        default=1,
        parse=number_between(0, 36500),
        help="Age in days of the oldest runs that are collected when a repository is added.",
    )
    retention_days: float = setting(
        "RETENTION_DAYS",
        default=90,
        parse=number_between(RUN_MUTABLE_DAYS + 1, 36500),
        help="Days after its creation for which an ended run stays in the state, 66 at least; or "
        "`BACKFILL_DAYS` and 65 more, if that is longer. All processes that share a database need "
        "the same value.",
    )
    task_seconds: int = setting(
        "TASK_SECONDS",
        default=25,
        parse=whole_number_between(5, 3600),
        help="Seconds that one background task of an Anvil app works. While work is left, the "
        "next task follows at once. `serve` sets 50.",
    )
    #: Set by ``read_settings`` where there is a webhook secret.
    expects_webhooks: bool = False
    filters: Filters = NO_FILTERS

    @property
    def ledger_days(self) -> float:
        """Return for how many days after its creation a settled attempt stays in the ledger.

        The oldest runs of a backfill stay until they cannot change any more: RUN_MUTABLE_DAYS.
        """
        return max(self.retention_days, self.backfill_days + RUN_MUTABLE_DAYS)
