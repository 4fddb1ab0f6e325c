"""The parts of the Settings page, by their name in the address."""

from . import routes

#: The parts that list settings.
WITH_SETTINGS = ("sources", "credentials", "event-bus", "webhook", "agents", "accounts")
NAMES = ("checks", *WITH_SETTINGS, "you")  # `you`: the own account

#: The parts of the doctor's checks, each with its own time limit on the server.
CHECKS = ("state", "GitHub", "queues", "webhook", "machine")


def chosen(parameters, is_admin):
    """Return the part that an address names; only admins run checks."""
    part = parameters.get("part")
    if part not in NAMES or (part == "checks" and not is_admin):
        return "checks" if is_admin else "sources"
    return part


def address(part):
    """Return the link to a part."""
    return routes.address("settings", part=part)


def settings_of(part, settings):
    """Return the settings that a part lists."""
    return [each for each in settings if each["part"] == part.replace("-", "_")]


def checks_text(checks, *, is_done, is_interrupted=False):
    """Return whether checks have failed so far, and at the end whether all passed.

    `is_interrupted`: the connection was lost.
    """
    statuses = [each["status"] for each in checks]
    failed, warnings = statuses.count("failed"), statuses.count("warning")
    sentences = []
    if is_interrupted:
        sentences.append("The connection was lost before all checks were run.")
    if failed:
        sentences.append("{} of {} checks failed.".format(failed, len(checks)))
    elif is_done and not is_interrupted and warnings:
        text = "No check failed, {} of {} with a warning."
        sentences.append(text.format(warnings, len(checks)))
    elif is_done and not is_interrupted:
        sentences.append("All {} checks passed.".format(len(checks)))
    return " ".join(sentences)
