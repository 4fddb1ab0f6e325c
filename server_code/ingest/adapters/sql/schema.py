"""The tables, as migrations from each version to the next.

A migration that was released is never changed; a new one is added after it.
"""

from __future__ import annotations

from .job_logs import FAILED_LOGS, MISSING_LOGS
from .ledger_counts import LEDGER_COUNTS_MIGRATION

#: What is searched or counted is a column; times are text of a fixed width, booleans 0 and 1.
#: There are no foreign keys: the ledger outlives the repository, and rows come in any order.
#: ``look_at``: when an attempt is read next; ``unread``: nothing of it is published yet.
_FIRST = (
    # A few thousand rows at most, all of which each claim reads: no index would help.
    """
    CREATE TABLE repositories (
        name_key {text} PRIMARY KEY,
        full_name {text} NOT NULL,
        added_at {text} NOT NULL,
        paused {big_integer} NOT NULL,
        next_poll_at {text},
        last_polled_at {text},
        lease_holder {text},
        lease_until {text},
        progress {text} NOT NULL
    )
    """,
    """
    CREATE TABLE attempts (
        repository_key {text} NOT NULL,
        run_id {big_integer} NOT NULL,
        run_attempt {big_integer} NOT NULL,
        created_at {text} NOT NULL,
        settled {big_integer} NOT NULL,
        unread {big_integer} NOT NULL,
        look_at {text},
        record {text} NOT NULL,
        PRIMARY KEY (repository_key, run_id, run_attempt)
    )
    """,
    # Few attempts are open at a time, so this stays small however long the ledger grows.
    "CREATE INDEX open_attempts ON attempts (repository_key, look_at, unread) WHERE settled = 0",
    """
    CREATE TABLE run_hints (
        repository_key {text} NOT NULL,
        run_id {big_integer} NOT NULL,
        hinted_at {text} NOT NULL,
        PRIMARY KEY (repository_key, run_id)
    )
    """,
    """
    CREATE TABLE commits (
        repository_key {text} NOT NULL,
        sha {text} NOT NULL,
        metrics {text} NOT NULL,
        PRIMARY KEY (repository_key, sha)
    )
    """,
    # All keys that are claimed once, not those of webhooks alone (``coordination``).
    """
    CREATE TABLE deliveries (
        delivery_id {text} PRIMARY KEY,
        received_at {text} NOT NULL
    )
    """,
    "CREATE INDEX old_deliveries ON deliveries (received_at)",
    """
    CREATE TABLE job_logs (
        repository_key {text} NOT NULL,
        run_id {big_integer} NOT NULL,
        run_attempt {big_integer} NOT NULL,
        job_id {big_integer} NOT NULL,
        state {text} NOT NULL,
        updated_at {text} NOT NULL,
        record {text} NOT NULL,
        PRIMARY KEY (repository_key, run_id, run_attempt, job_id)
    )
    """,
    "CREATE INDEX pending_logs ON job_logs (updated_at) WHERE state = 'pending'",
    "CREATE INDEX counted_logs ON job_logs (state, repository_key)",
    """
    CREATE TABLE agents (
        name {text} NOT NULL,
        holder {text} NOT NULL,
        heartbeat_at {text} NOT NULL,
        record {text} NOT NULL,
        PRIMARY KEY (name, holder)
    )
    """,
    """
    CREATE TABLE errors (
        id {identity},
        occurred_at {text} NOT NULL,
        record {text} NOT NULL
    )
    """,
    "CREATE INDEX newest_errors ON errors (occurred_at, id)",
)

#: The newest logs, in pages; one that is not whole is being written, or its writer was killed.
_CACHED_LOGS = (
    """
    CREATE TABLE cached_logs (
        log_name {text} PRIMARY KEY,
        repository_key {text} NOT NULL,
        run_id {big_integer} NOT NULL,
        run_attempt {big_integer} NOT NULL,
        job_id {big_integer} NOT NULL,
        saved_at {text} NOT NULL,
        total_lines {big_integer} NOT NULL,
        total_bytes {big_integer} NOT NULL,
        stored_bytes {big_integer} NOT NULL,
        is_whole {big_integer} NOT NULL
    )
    """,
    "CREATE INDEX cached_log_of_job ON cached_logs (repository_key, run_id, run_attempt, job_id)",
    """
    CREATE TABLE log_pages (
        log_name {text} NOT NULL,
        first_line {big_integer} NOT NULL,
        line_count {big_integer} NOT NULL,
        content {bytes} NOT NULL,
        PRIMARY KEY (log_name, first_line)
    )
    """,
)

#: Until when credentials must not send requests to GitHub, for all processes.
_PAUSES = (
    """
    CREATE TABLE pauses (
        credential {text} PRIMARY KEY,
        paused_until {text} NOT NULL
    )
    """,
)

#: What the dashboard shows (runs, desired states of agents, counts of messages, activities), and
#: indexes to find a run by its id, and attempts that are old enough to be purged.
_DASHBOARD = (
    """
    CREATE TABLE run_summaries (
        repository_key {text} NOT NULL,
        run_id {big_integer} NOT NULL,
        run_attempt {big_integer} NOT NULL,
        created_at {text} NOT NULL,
        record {text} NOT NULL,
        PRIMARY KEY (repository_key, run_id, run_attempt)
    )
    """,
    "CREATE INDEX newest_runs ON run_summaries (created_at, run_id, run_attempt, repository_key)",
    """
    CREATE TABLE agent_wishes (
        name {text} PRIMARY KEY,
        wish {text} NOT NULL
    )
    """,
    """
    CREATE TABLE totals (
        name {text} PRIMARY KEY,
        amount {big_integer} NOT NULL
    )
    """,
    """
    CREATE TABLE traffic (
        starts_at {text} NOT NULL,
        name {text} NOT NULL,
        amount {big_integer} NOT NULL,
        PRIMARY KEY (starts_at, name)
    )
    """,
    """
    CREATE TABLE activities (
        id {identity},
        occurred_at {text} NOT NULL,
        record {text} NOT NULL
    )
    """,
    "CREATE INDEX newest_activities ON activities (occurred_at, id)",
    "CREATE INDEX attempts_of_run ON attempts (run_id)",
    "CREATE INDEX old_attempts ON attempts (created_at, run_id, run_attempt) WHERE settled = 1",
)

#: Sources of repositories, the repositories that were found, and what credentials may read.
_SOURCES = tuple(
    f"""
    CREATE TABLE {name} (
        name_key {{text}} PRIMARY KEY,
        record {{text}} NOT NULL
    )
    """
    for name in ("sources", "discovered_repositories", "credentials")
)

#: Manual collections and their progress.
_COLLECTIONS = (
    """
    CREATE TABLE collections (
        collection_id {text} PRIMARY KEY,
        updated_at {text} NOT NULL,
        record {text} NOT NULL
    )
    """,
)

#: Events that webhooks delivered and no poll has processed yet.
_RUN_FACTS = (
    """
    CREATE TABLE run_facts (
        delivery_id {text} PRIMARY KEY,
        repository_key {text} NOT NULL,
        received_at {text} NOT NULL,
        fact {text} NOT NULL
    )
    """,
    "CREATE INDEX run_facts_of_repository ON run_facts (repository_key, received_at)",
)

#: The lines of a cached log that have several parts, and its outline.
_LOG_OUTLINES = (
    "ALTER TABLE cached_logs ADD COLUMN long_lines {text}",
    "ALTER TABLE cached_logs ADD COLUMN marks {bytes}",
)

#: To find the oldest attempt of each repository that was never published.
_UNPUBLISHED_ATTEMPTS = (
    """
    CREATE INDEX unpublished_attempts ON attempts (repository_key, created_at)
    WHERE settled = 0 AND unread = 1
    """,
)

#: The filters of the settings that the audit trail recorded last.
_REPORTED_FILTERS = (
    """
    CREATE TABLE reported_filters (
        name_key {text} PRIMARY KEY,
        record {text} NOT NULL
    )
    """,
)

#: Discovered repositories are found by GitHub's id; older rows get it when they change.
_REPOSITORY_IDS = (
    "ALTER TABLE discovered_repositories ADD COLUMN repository_id {big_integer}",
    "CREATE INDEX discovered_ids ON discovered_repositories (repository_id)",
)

#: Whether a repository is due is queried several times a second, by each of these times.
_DUE_REPOSITORIES = (
    "CREATE INDEX next_polls ON repositories (next_poll_at)",
    "CREATE INDEX last_polls ON repositories (last_polled_at)",
)

#: To read a part of a long backlog in order, without reading the rest.
_ATTEMPTS_IN_ORDER = (
    """
    CREATE INDEX open_attempts_in_order ON attempts
        (repository_key, created_at, run_id, run_attempt, look_at)
    WHERE settled = 0
    """,
)

#: Migration n leads from version n to version n + 1.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _CACHED_LOGS,
    _PAUSES,
    _DASHBOARD,
    _SOURCES,
    _COLLECTIONS,
    _RUN_FACTS,
    LEDGER_COUNTS_MIGRATION,
    _LOG_OUTLINES,
    FAILED_LOGS,
    _UNPUBLISHED_ATTEMPTS,
    _REPORTED_FILTERS,
    _REPOSITORY_IDS,
    _DUE_REPOSITORIES,
    _ATTEMPTS_IN_ORDER,
    MISSING_LOGS,
)
