"""Relative times: every `<time>` drawn here is updated once a second."""

from anvil.js import window

from . import dom, formatting

# The server's clock minus the browser's, in seconds: the browser's clock may be wrong.
_SERVER = {"ahead": 0.0}


def set_server_now(iso):
    """Set the server's time."""
    _SERVER["ahead"] = parse(iso) - _browser_now()


def now():
    """Return the server's time in seconds since 1970."""
    return _browser_now() + _SERVER["ahead"]


def now_iso():
    """Return the server's time as an ISO time in UTC."""
    return str(window.Date(now() * 1000).toISOString())


def parse(iso):
    """Return an ISO time in seconds since 1970, or None for None."""
    return None if iso is None else window.Date.parse(iso) / 1000.0


def exact(iso):
    """Return an ISO time in full, in the reader's time zone and language."""
    options = {"dateStyle": "full", "timeStyle": "long"}
    return window.Date(iso).toLocaleString(window.navigator.language, options)


def local_time(iso):
    """Return (day of the week from Sunday, hour, minute) in the reader's time zone."""
    at = window.Date(iso)
    return int(at.getDay()), int(at.getHours()), int(at.getMinutes())


def show_time(node, iso, before="", missing=formatting.NOTHING):
    """Draw a relative time with the exact one as title; `before` is its prefix."""
    if iso is None:
        dom.set_attribute(node, "data-at", None)
        dom.set_attribute(node, "title", None)
        dom.set_text(node, missing)
        return
    if node.getAttribute("datetime") != iso or not node.hasAttribute("data-at"):
        dom.set_attribute(node, "datetime", iso)
        dom.set_attribute(node, "data-at", parse(iso))
        dom.set_attribute(node, "title", exact(iso))
    dom.set_attribute(node, "data-before", before)
    _update(node, now())


def show_next(node, iso, before="", missing=formatting.NOTHING):
    """Draw a future time; once it has passed, the element shows "now" until it is drawn again."""
    dom.set_attribute(node, "data-next", "")
    show_time(node, iso, before, missing)


def show_running(node, iso):
    """Draw how long something has been running; it is updated every second."""
    dom.set_attribute(node, "data-running", "")
    show_time(node, iso)


def stop_running(node):
    """Let an element show a fixed duration."""
    for name in ("data-running", "data-at", "title"):
        dom.set_attribute(node, name, None)


def show_duration(node, item):
    """Draw how long a job or a step took, or has been running."""
    if item["status"] == "in_progress" and item["started_at"]:
        show_running(node, item["started_at"])
    else:
        stop_running(node)
        dom.set_text(node, formatting.duration(item["duration_seconds"]))


def tick():
    """Update every time on the page; the Shell calls this once a second."""
    seconds = now()
    for node in window.document.querySelectorAll("time[data-at]"):
        _update(node, seconds)


def _update(node, seconds):
    passed = seconds - float(node.getAttribute("data-at"))
    if node.hasAttribute("data-running"):
        dom.set_text(node, formatting.duration(max(0, int(passed))))
        return
    text = formatting.until(passed) if node.hasAttribute("data-next") else formatting.ago(passed)
    dom.set_text(node, node.getAttribute("data-before") + text)


def _browser_now():
    return window.Date.now() / 1000.0


def days_ago(count):
    """Return the date of some days ago, in UTC and as a date field has it: '2026-11-28'."""
    return str(window.Date((now() - count * 86400) * 1000).toISOString())[:10]
