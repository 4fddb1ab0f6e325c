"""The list on the Repositories page: its filters and order in the address, and its texts."""

from . import routes
from .formatting import number, plural

SORTS = ("problems", "activity", "name")

#: The source of repositories that were added by name.
BY_NAME = "by name"


def from_parameters(parameters):
    """Return the choice in an address: search, source, order and page number."""
    sort, page = parameters.get("sort"), parameters.get("page", "")
    return {
        "search": parameters.get("search") or None,
        "source": parameters.get("source") or None,
        "sort": sort if sort in SORTS else SORTS[0],
        "page": int(page) if page.isdigit() and 0 < int(page) < 100000 else 1,
    }


def address(choice):
    """Return the link to a list; default values are omitted."""
    return routes.address(
        "repositories",
        search=choice["search"],
        source=choice["source"],
        sort=None if choice["sort"] == SORTS[0] else choice["sort"],
        page=None if choice["page"] == 1 else choice["page"],
    )


def page_count(answer):
    """Return the number of pages."""
    return max(1, -(-answer["total"] // answer["per_page"]))


def found_text(answer, choice):
    """Return how many repositories the list has."""
    if not answer["watched"]:
        return ""
    text, source = plural(answer["total"], "repository", "repositories"), choice["source"]
    if source == BY_NAME:
        return text + " added by name"
    return text + (" of " + source if source else "")


def bulk_label(verb, count):
    """Return the label of a button that changes all repositories of the list."""
    return "{} all {}".format(verb, number(count))


def progress_text(done, left, is_paused, *, is_ended):
    """Return how many repositories were paused or resumed, and how many are left."""
    verb = "Paused" if is_paused else "Resumed"
    text = "{} {}".format(verb, plural(done, "repository", "repositories"))
    more = ", {} left".format(number(left)) if left else ""
    return text + more + ("." if is_ended else "…")
