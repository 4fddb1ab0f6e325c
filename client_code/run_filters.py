"""Which runs the Runs page lists: read from the address, and written into it."""

from . import routes, statuses

PER_PAGE = 20
CHOICES = ("repository", "workflow", "branch", "event", "status", "conclusion")
NAMES = (*CHOICES, "search")


def from_parameters(parameters):
    """Return (filters, page number from 1) of an address; unknown parameters are ignored."""
    filters = {name: parameters[name] for name in NAMES if parameters.get(name)}
    page = parameters.get("page", "")
    return filters, max(1, int(page)) if page.isdigit() else 1


def address(filters, page=1):
    """Return the link to a page of the filtered runs."""
    return routes.address("runs", page=page if page > 1 else None, **filters)


def changed(filters, name, value):
    """Return the filters with one of them set or removed."""
    rest = {key: kept for key, kept in filters.items() if key != name}
    if value:
        rest[name] = value
    return rest


def offset(page):
    """Return how many runs come before a page."""
    return (page - 1) * PER_PAGE


def page_count(total):
    """Return how many pages there are; an empty list is one page."""
    return max(1, -(-total // PER_PAGE))


def word(name, value):
    """Return the label of a filter value: 'timed_out' -> 'Timed out'."""
    if name == "conclusion":
        return statuses.badge(statuses.CONCLUSIONS, value)[2]
    if name == "status":
        return statuses.badge(statuses.STATUSES, value)[2]
    return value
