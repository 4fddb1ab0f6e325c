"""``doctor``: what is wrong, and how to fix it."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator

import click
from ingest.bootstrap.doctor_target import open_doctor_target
from ingest.bootstrap.state_stores import open_state
from ingest.domain.sources import named_repositories, parse_sources
from ingest.errors import BadSettings
from ingest.ports.inspection import FAILED, OK, WARNING, CheckResult
from ingest.services.doctor.checks import no_check_failed, run_checks

from ..command import command, examples
from ..environment import read_environment
from ..output import print_result
from ..state_file import temporary_state_if_missing

_MARKS = {OK: ("ok", "green"), WARNING: ("warning", "yellow"), FAILED: ("failed", "red")}


@command(
    epilog=examples(
        "runstream doctor",
        "runstream doctor octo/api",
        "runstream doctor 'octo/*'",
    )
)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(sources: tuple[str, ...], *, as_json: bool) -> int:
    """Check the configuration and every connection.

    Checks tokens, limits, clock, repositories, queues, bucket, state and webhook secret, and
    explains how to fix what fails. For a SOURCE such as octo or octo/api-*, it lists the
    repositories and what collecting them costs. Exits with 1 if a check failed.
    """
    checks = _checks(sources)
    results = list(checks) if as_json else list(_echoed(checks))
    if as_json:
        report = {"ok": no_check_failed(results), "checks": [check.as_json() for check in results]}
        print_result(json.dumps(report))
    else:
        print_result(_result_line(results))
    return 0 if no_check_failed(results) else 1


def _checks(sources: tuple[str, ...]) -> Iterator[CheckResult]:
    try:
        settings = read_environment()
    except BadSettings as error:
        remedy = "Correct it in the environment. Nothing else can be checked until then."
        for fault in error.faults:
            yield CheckResult.failed("settings", f"{fault}.", remedy)
        return
    from ingest.adapters.system_clock import SystemClock

    patterns = parse_sources(sources, hosts=settings.github.web_hosts)
    with (
        temporary_state_if_missing(settings) as checked,
        open_doctor_target(
            checked,
            clock=SystemClock(threading.Event()),
            open_state=lambda: open_state(checked),
            repositories=named_repositories(patterns),
            sources=[each for each in patterns if not each.includes_one_repository],
        ) as target,
    ):
        yield from run_checks(target)


def _echoed(checks: Iterable[CheckResult]) -> Iterator[CheckResult]:
    """Print each check when it is done; an error that several checks have is printed once."""
    first_subjects: dict[str, str] = {}
    for check in checks:
        label, colour = _MARKS[check.status]
        name = check.subject.rpartition(" ")[2]
        first = first_subjects.setdefault(check.finding.replace(name, ""), check.subject)
        is_same = check.status == FAILED and first != check.subject
        text = f"The same error as {first}." if is_same else check.finding
        finding = _indented(f"{label:>7}  {check.subject}: {text}")
        print_result(finding.replace(label, click.style(label, fg=colour), 1))
        if check.remedy and check.status != OK and not is_same:
            print_result(_indented(f"{'':7}  -> {check.remedy}"))
        yield check


def _indented(text: str) -> str:
    """Return the text wrapped to the terminal and indented; for a pipe, as one line."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, subsequent_indent=" " * 9, break_on_hyphens=False)


def _result_line(results: list[CheckResult]) -> str:
    failed = sum(check.status == FAILED for check in results)
    warnings = sum(check.status == WARNING for check in results)
    if failed:
        return f"\n{failed} of {len(results)} checks failed."
    if warnings:
        return f"\nNo check failed, {warnings} of {len(results)} with a warning."
    return "\nAll checks passed."
