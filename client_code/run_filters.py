"""The filters of the Runs page, read from the address and written into it."""

from . import routes, statuses

PAGE_SIZES = (20, 50, 100)
ORDERS = ("start", "duration", "queued")
CHOICES = ("repository", "workflow", "branch", "event", "actor", "status", "conclusion")
DAYS = ("since", "until")
NAMES = (*CHOICES, *DAYS, "search", "order", "size")


def from_parameters(parameters):
    """Return (filters, page number from 1) of an address; unknown parameters are ignored."""
    filters = {name: parameters[name] for name in NAMES if parameters.get(name)}
    if filters.get("order") not in ORDERS[1:]:
        filters.pop("order", None)
    if page_size(filters) == PAGE_SIZES[0]:
        filters.pop("size", None)
    page = parameters.get("page", "")
    return filters, max(1, int(page)) if page.isdigit() else 1


def to_arguments(filters, page):
    """Return the arguments of `get_recent_metrics`."""
    size = page_size(filters)
    chosen = {name: value for name, value in filters.items() if name != "size"}
    return dict(chosen, limit=size, offset=(page - 1) * size)


def filter_count(filters):
    """Return the number of filters, without the order and the page size."""
    return sum(name not in ("order", "size") for name in filters)


def page_size(filters):
    """Return how many runs a page lists."""
    size = filters.get("size", "")
    return int(size) if size.isdigit() and int(size) in PAGE_SIZES else PAGE_SIZES[0]


def address(filters, page=1):
    """Return the link to a page of the filtered runs."""
    return routes.address("runs", page=page if page > 1 else None, **filters)


def changed(filters, name, value):
    """Return the filters with one of them set or removed."""
    rest = {key: kept for key, kept in filters.items() if key != name}
    if value:
        rest[name] = value
    return rest


def page_count(total, size):
    """Return how many pages there are; an empty list is one page."""
    return max(1, -(-total // size))


def label(name, value):
    """Return the label of a filter value: 'timed_out' -> 'Timed out'."""
    if name == "conclusion":
        return statuses.badge(statuses.CONCLUSIONS, value)[2]
    if name == "status":
        return statuses.badge(statuses.STATUSES, value)[2]
    return value
