"""Syntax check of repository names; GitHub decides whether a repository exists."""


def is_whole(text):
    """Return whether a text has an owner and a name, as OWNER/NAME or as a URL."""
    return len(_parts(text)) >= 2


def hint(text):
    """Return what is missing."""
    owner = _parts(text)
    if owner:
        return "Enter the name: {}/NAME".format(owner[0])
    return "OWNER/NAME, or its URL on GitHub"


def _parts(text):
    path = text.strip()
    if path.startswith("git@"):
        path = path.partition(":")[2]
    elif "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    elif "." in path.partition("/")[0]:
        path = path.partition("/")[2]  # github.com/owner/name
    return [part for part in path.split("/") if part]
