"""Say how each status looks: a tone, an icon and a word. Colour alone never tells."""

# A tone is a colour of theme/assets/tokens.css: ok, bad, warn, busy or quiet.
CONCLUSIONS = {
    "success": ("ok", "success", "Success"),
    "failure": ("bad", "failure", "Failed"),
    "startup_failure": ("bad", "failure", "Failed to start"),
    "timed_out": ("bad", "failure", "Timed out"),
    "action_required": ("warn", "warning", "Action required"),
    "cancelled": ("quiet", "cancelled", "Cancelled"),
    "skipped": ("quiet", "skipped", "Skipped"),
    "neutral": ("quiet", "neutral", "Neutral"),
    "stale": ("quiet", "neutral", "Stale"),
}
STATUSES = {
    "in_progress": ("busy", "running", "In progress"),
    "queued": ("quiet", "waiting", "Queued"),
    "requested": ("quiet", "waiting", "Requested"),
    "pending": ("quiet", "waiting", "Pending"),
    "waiting": ("warn", "waiting", "Waiting"),
    "completed": ("quiet", "neutral", "Completed"),
}
AGENTS = {
    "running": ("ok", "success", "Running"),
    "idle": ("ok", "success", "Idle"),
    "stalled": ("bad", "warning", "Stalled"),
    "paused": ("quiet", "paused", "Paused"),
    "limited": ("warn", "waiting", "Limited"),
    "in trouble": ("bad", "warning", "In trouble"),
    "never ran": ("quiet", "neutral", "Never ran"),
}
REPOSITORIES = {
    "watching": ("ok", "success", "Watching"),
    "new": ("busy", "waiting", "New"),
    "backfilling": ("busy", "running", "Backfilling"),
    "failing": ("bad", "warning", "Failing"),
    "paused": ("quiet", "paused", "Paused"),
}
CHECKS = {
    "ok": ("ok", "success", "Ok"),
    "warning": ("warn", "warning", "Warning"),
    "failed": ("bad", "failure", "Failed"),
}
LOGS = {
    "fetched": ("ok", "success", "Fetched"),
    "pending": ("busy", "waiting", "Pending"),
    "unavailable": ("quiet", "skipped", "Unavailable"),
    "expired": ("quiet", "skipped", "Expired"),
    "unknown": ("quiet", "neutral", "Unknown"),
}


def run_look(status, conclusion):
    """Return (tone, icon, word) of a run, a job or a step."""
    if conclusion:
        return look(CONCLUSIONS, conclusion)
    return look(STATUSES, status)


def look(table, state):
    """Return (tone, icon, word) of a state; one that GitHub invents tomorrow is shown as it is."""
    word = str(state or "unknown").replace("_", " ")
    return table.get(state) or ("quiet", "neutral", word[:1].upper() + word[1:])
