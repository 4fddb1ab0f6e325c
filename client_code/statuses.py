"""The badge of each status: tone, icon and label, because color alone is not enough."""

# A tone is a color of theme/assets/tokens.css: ok, bad, warn, busy, stopped or quiet.
CONCLUSIONS = {
    "success": ("ok", "success", "Success"),
    "failure": ("bad", "failure", "Failed"),
    "startup_failure": ("bad", "failure", "Failed to start"),
    "timed_out": ("bad", "failure", "Timed out"),
    "action_required": ("warn", "warning", "Action required"),
    "cancelled": ("stopped", "cancelled", "Cancelled"),
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
    "stopped": ("bad", "warning", "Stopped"),
    "paused": ("quiet", "paused", "Paused"),
    "limited": ("warn", "waiting", "Limited"),
    "error": ("bad", "warning", "Error"),
    "never started": ("quiet", "neutral", "Never started"),
}
REPOSITORIES = {
    "watching": ("ok", "success", "Watching"),
    "new": ("busy", "waiting", "New"),
    "backfilling": ("busy", "running", "Backfilling"),
    "failing": ("bad", "warning", "Failing"),
    "paused": ("quiet", "paused", "Paused"),
}
CHECKS = {
    "ok": ("ok", "success", "OK"),
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
SETUP_STEPS = {
    "done": ("ok", "success", "Done"),
    "unchecked": ("quiet", "success", "Set, not checked yet"),
    "next": ("busy", "next", "Next"),
    "open": ("quiet", "neutral", "Open"),
}


def health_badge(health):
    """Return (tone, icon) of the health that `get_collection_status` returns."""
    if health["state"] == "catching up":
        return "busy", "running"
    icons = {"ok": "success", "quiet": "neutral"}
    return health["tone"], icons.get(health["tone"], "warning")


def setup_step_state(step):
    """Return a step's key in SETUP_STEPS; a step that is set is done once it has been checked."""
    if step["is_done"]:
        return "done" if step["is_checked"] else "unchecked"
    return "next" if step["is_next"] else "open"


def run_badge(status, conclusion):
    """Return (tone, icon, label) of a run, a job or a step."""
    if conclusion:
        return badge(CONCLUSIONS, conclusion)
    return badge(STATUSES, status)


def badge(table, state):
    """Return (tone, icon, label) of a state; an unknown state is shown as it is."""
    label = str(state or "unknown").replace("_", " ")
    return table.get(state) or ("quiet", "neutral", label[:1].upper() + label[1:])
