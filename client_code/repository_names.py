"""Syntax check of repository names; GitHub decides whether a repository exists."""

#: What can be entered.
HINT = "OWNER/NAME, its URL, an organization, OWNER/api-* or !OWNER/old-*"


def has_owner_and_name(text):
    """Return whether a text has an owner and a name, as OWNER/NAME or as a URL."""
    return len(_parts(text)) >= 2


def is_source(text):
    """Return whether a text stands for several repositories: an owner, a pattern, or ``!``."""
    parts = _parts(text)
    has_wildcard = any(mark in text for mark in "*?!")
    return bool(parts) and (has_wildcard or len(parts) == 1)


def _parts(text):
    path = text.strip()
    if path.startswith("git@"):
        path = path.partition(":")[2]
    elif "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    elif "." in path.partition("/")[0]:
        path = path.partition("/")[2]  # github.com/owner/name
    return [part for part in path.split("/") if part]
