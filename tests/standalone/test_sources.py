"""Sources on the command line: what they bring is polled and nothing else, and they are managed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.sources import parse_sources
from ingest.errors import AccessDenied, CredentialSuspended, IngestError, RequestFailed, StateBusy
from ingest.services.sources.discover_sources import discover_when_due
from ingest.services.sources.manage_sources import add_sources
from support.command_line import CommandLine
from support.world import GENEROUS, REPOSITORY, OpenStage
from support.world_builder import WorldBuilder

from standalone.commands.sources import sources as sources_command
from standalone.repositories import NothingToCollect
from standalone.sandbox.faults import Fault
from standalone.sources import find_repositories


def test_only_what_the_given_sources_bring_is_polled(stage: OpenStage) -> None:
    """The state knows other repositories; a new one of the sources is polled as soon as it is."""
    builder = WorldBuilder()
    for name in ("acme/a", "acme/web-b", "umbra/c"):
        builder.repository(name).run().jobs(1)
    here = stage(builder, at=600, settings=GENEROUS)
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    patterns = parse_sources(["acme", "!*/web-*"])
    found = find_repositories(collector, patterns, is_once=False)  # type: ignore[arg-type]
    assert list(found.names_to_poll() or ()) == ["acme/a"]
    here.watch("acme/new")
    here.advance(6)
    assert list(found.names_to_poll() or ()) == ["acme/a", "acme/new"]
    left_out = find_repositories(collector, parse_sources(["!acme/b"]), is_once=False)  # type: ignore[arg-type]
    assert left_out.names_to_poll() is None, "an exclusion alone restricts nothing"


def test_a_refused_repository_is_collected_once_github_shows_it(stage: OpenStage) -> None:
    """Its error is listed meanwhile, it is not remembered, and it is requested ever more rarely."""
    here = stage(WorldBuilder().repository(REPOSITORY).repository("octo/private"), at=600)
    here.state.remove_repository("octo/private")
    here.fail(Fault(path=r"^/repos/octo/private$", do="missing"))
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    patterns = parse_sources([REPOSITORY, "octo/private"])
    found = find_repositories(collector, patterns, is_once=False)  # type: ignore[arg-type]
    assert list(found.names_to_poll() or ()) == [REPOSITORY]
    [error] = here.state.list_errors(limit=9)
    assert (error.repository, "404" in error.message) == ("octo/private", True)
    assert here.state.load_repository("octo/private") is None
    before = here.requests("get_repository")
    for _ in range(6 * 60):
        here.advance(10)
        found.names_to_poll()
    assert before < here.requests("get_repository") <= before + 6
    here.fail()
    here.advance(3601)
    assert list(found.names_to_poll() or ()) == [REPOSITORY, "octo/private"]
    assert here.state.load_repository("octo/private") is not None


def test_a_source_that_includes_nothing_collects_nothing_else(cli: CommandLine) -> None:
    """It says so each time, though GitHub's refusal of its list is remembered for agents."""
    cli.json("collect", "octo/api", "--once")
    for named in ("okto", "okto/*"):
        ended = cli.run("collect", named, "--once")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "/users/okto/repos (404)" in ended.stderr
    ended = cli.run("collect", "octo/x-*", "--once")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "No repository matches octo/x-*." in ended.stderr


@pytest.mark.parametrize("named", [REPOSITORY, "octo"])
def test_agents_wait_for_the_end_of_a_suspension(stage: OpenStage, named: str) -> None:
    """A collection that ends does not; a suspension that begins later ends no agent either."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    here.fail(Fault(path="^/(repos|orgs|users?)/", do="suspended"))
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    patterns = parse_sources([named])
    with pytest.raises(CredentialSuspended):
        find_repositories(collector, patterns, is_once=True)  # type: ignore[arg-type]
    found = find_repositories(collector, patterns, is_once=False)  # type: ignore[arg-type]
    assert list(found.names_to_poll() or ()) == []
    here.fail()
    here.advance(600)
    discover_when_due(here.context)
    assert list(found.names_to_poll() or ()) == [REPOSITORY]


def test_a_source_is_the_saved_one_in_any_case(stage: OpenStage) -> None:
    """GitHub's names have no case: its error was lost, and a transferred repository not polled."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    add_sources(here.state, parse_sources(["octo"]), origin="command line", now=here.clock.now())
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    patterns = parse_sources(["OCTO"])
    here.fail(Fault(path="^/(orgs|users?)/", do="sso"))
    with pytest.raises(AccessDenied):
        find_repositories(collector, patterns, is_once=True)  # type: ignore[arg-type]
    here.fail()
    here.advance(3601)
    found = find_repositories(collector, patterns, is_once=False)  # type: ignore[arg-type]
    [known] = here.state.list_discovered_repositories()
    here.watch("umbra/moved")
    moved = replace(known, full_name="umbra/moved", repository_id=9)
    here.state.save_discovered_repositories([moved])
    assert list(found.names_to_poll() or ()) == [REPOSITORY, "umbra/moved"]


@pytest.mark.parametrize("is_once", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="^/(orgs|users?)/", do="error", count=8),
        Fault(path="^/", do="busy", status=429, seconds=3, count=3),
    ],
)
def test_sources_are_listed_as_soon_as_github_answers(
    stage: OpenStage, fault: Fault, *, is_once: bool
) -> None:
    """As named repositories are polled: agents go on, a collection that ends waits for seconds."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    here.fail(fault)
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    found = find_repositories(collector, parse_sources(["octo"]), is_once=is_once)  # type: ignore[arg-type]
    if not is_once:
        assert list(found.names_to_poll() or ()) == []
        here.fail()  # how many refusals are left depends on how many requests were sent at once
        for _ in range(5):
            here.advance(6)
            discover_when_due(here.context)
        assert list(found.names_to_poll() or ()) == [REPOSITORY]
    assert [each.full_name for each in here.state.list_repositories()] == [REPOSITORY]
    assert found.refused == {} or not is_once


def test_a_collection_waits_for_a_list_that_github_asks_to_request_later(stage: OpenStage) -> None:
    """The pause is longer than the retries of what fails briefly."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    here.fail(Fault(path="^/(orgs|users)/", do="busy", status=503, seconds=50, count=1))
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    found = find_repositories(collector, parse_sources(["octo"]), is_once=True)  # type: ignore[arg-type]
    assert (found.names, found.refused) == ((REPOSITORY,), {})


def test_a_collection_waits_for_no_list_of_another_source(stage: OpenStage) -> None:
    """A saved source that is not named has its own time."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.fail(Fault(path="^/(orgs|users)/umbra", do="error"))
    before = here.clock.now()
    add_sources(here.state, parse_sources(["umbra"]), origin="command line", now=before)
    collector = SimpleNamespace(context=here.context, settings=SimpleNamespace(sources=()))
    found = find_repositories(collector, parse_sources(["octo"]), is_once=True)  # type: ignore[arg-type]
    assert (found.names, found.refused) == ((REPOSITORY,), {})
    assert here.clock.now() - before < timedelta(seconds=1)


@pytest.mark.parametrize(("do", "error"), [("error", RequestFailed), ("sso", AccessDenied)])
def test_a_collection_of_the_settings_sources_reports_what_is_not_listed(
    stage: OpenStage, do: str, error: type[IngestError]
) -> None:
    """It ended with 0, and nothing was collected; so it is each time it is started."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    here.fail(Fault(path="^/(orgs|users?)/", do=do))
    context = replace(here.context, sources=parse_sources(["octo"]))
    collector = SimpleNamespace(context=context, settings=SimpleNamespace(sources=context.sources))
    for _ in range(2):
        found = find_repositories(collector, [], is_once=True)  # type: ignore[arg-type]
        assert {name: type(each) for name, each in found.refused.items()} == {"octo/*": error}


def test_a_collection_of_the_settings_sources_that_include_nothing_says_so(
    stage: OpenStage,
) -> None:
    """GitHub shows an empty list to a token that was given no repository of the organization."""
    here = stage(WorldBuilder().repository(REPOSITORY), at=600)
    here.state.remove_repository(REPOSITORY)
    context = replace(here.context, sources=parse_sources(["octo/x-*"]))
    collector = SimpleNamespace(context=context, settings=SimpleNamespace(sources=context.sources))
    with pytest.raises(NothingToCollect, match=r"No repository matches octo/x-\*"):
        find_repositories(collector, [], is_once=True)  # type: ignore[arg-type]
    assert find_repositories(collector, [], is_once=False).names == ()  # type: ignore[arg-type]


def test_sources_are_added_filtered_listed_and_removed(cli: CommandLine) -> None:
    """A removal says first what happens to the repositories, and asks."""
    assert "Added octo/*" in cli.run_new("sources", "add", "octo", "--branches", "none").stdout
    collected = cli.json("collect", "--once")
    assert collected["runs"] == 0
    [row] = cli.json("sources", "list")["sources"]
    assert (row["pattern"], row["repositories"]) == ("octo/*", 2)
    assert row["filters"] == {"branches": "none"}
    assert row["runs_filtered"] > 0
    changed = cli.run("sources", "add", "octo", "--branches", "", "--logs", "failed")
    assert "They apply to runs that are found from now on" in changed.stdout
    assert "LOGS to jobs that end from now on" in changed.stdout
    with closing(open_sql_state(str(cli.folder / "runstream.db"))) as state:
        noted = [each.action for each in state.list_activities(limit=9)]
    assert "changed filters of octo/*: logs failed." in noted, "without when they apply"
    asked = cli.run("sources", "remove", "octo")
    assert asked.returncode != 0
    assert "2 repositories are no longer polled (octo/api, octo/web)" in asked.stdout
    assert cli.run("sources", "remove", "octo", "--yes").returncode == 0
    assert "No source is configured" in cli.run("sources").stdout
    assert "octo/nobody is not a source" in cli.run("sources", "remove", "octo/nobody").stderr


@pytest.mark.parametrize(
    ("source", "option", "fault"),
    [
        ("octo", ("--branches", "!"), "A filter is not valid: branches is"),
        ("!octo/web", ("--logs", "failed"), "!octo/web excludes repositories"),
    ],
)
def test_a_source_whose_filters_are_refused_is_not_added(
    cli: CommandLine, source: str, option: tuple[str, str], fault: str
) -> None:
    """A collector would collect everything of it meanwhile."""
    refused = cli.run("sources", "add", source, *option)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert fault in refused.stderr
    assert cli.json("sources", "list")["sources"] == []


@pytest.mark.slow
def test_people_learn_why_repositories_are_not_polled(cli: CommandLine) -> None:
    """`status` and `doctor` name the reason of each, and what a source names and nobody reads."""
    cli.run("sources", "add", "octo/nobody")
    cli.json("collect", "octo", "--once")
    cli.github.world.change("octo/web", archived=True, full_name="octo/site")
    cli.json("collect", "octo", "--once")
    shown = cli.run("status").stdout
    assert "Not polled: octo/web. It is archived on GitHub: no new workflows run." in shown
    assert "Renamed on GitHub: octo/web is octo/site." in shown
    rows = {each["full_name"]: each for each in cli.json("status")["repositories"]}
    assert rows["octo/web"]["suspension_reason"].startswith("It is archived")
    assert (rows["octo/web"]["new_name"], rows["octo/web"]["source"]) == ("octo/site", "octo/*")
    assert rows["octo/api"]["suspension_reason"] is None
    checks = [each for each in cli.json("doctor")["checks"] if each["subject"] == "not polled"]
    found = {each["finding"].partition(":")[0]: each["status"] for each in checks}
    assert found == {"octo/web": "ok", "octo/nobody": "warning"}


def test_the_doctor_shows_what_a_source_would_bring(cli: CommandLine) -> None:
    report = cli.json("doctor", "octo", "nobody")
    found = {each["subject"]: each for each in report["checks"]}
    assert "2 repositories (0 private), 0 left out" in found["source octo/*"]["finding"]
    assert "requests an hour" in found["source octo/*"]["finding"]
    assert found["source nobody/*"]["status"] != "ok"


def test_the_doctor_leaves_out_what_the_settings_do_before_a_collector_ran(
    cli: CommandLine,
) -> None:
    report = cli.json("doctor", "octo", REPOSITORIES="octo,!octo/web")
    found = {each["subject"]: each for each in report["checks"]}
    assert "1 repository (0 private), 1 left out" in found["source octo/*"]["finding"]
    bare = cli.json("doctor", REPOSITORIES="octo")["checks"]
    assert not [each for each in bare if "No repository is watched" in each["finding"]]


def test_a_new_source_is_never_without_its_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector may list it as soon as it is there, and the state may be busy after that."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr("standalone.commands.sources._record_activity", _fail)
    assert sources_command.main(["add", "octo", "--branches", "main"], standalone_mode=False) != 0
    with closing(open_sql_state(url)) as state:
        assert [each.filters.as_texts() for each in state.list_sources()] == [{"branches": "main"}]


def _fail(*_arguments: object) -> None:
    raise StateBusy("Others keep the state busy.")
