"""What the pages say is there: links lead somewhere, commands and settings are known."""

from __future__ import annotations

import json
import re
import shlex
from urllib.parse import parse_qs, urlsplit

import boto3
import click
import pytest
from botocore import xform_name
from docs.pages import BLOCKS, GUIDES, NEEDS, PAGES, RECORDS, ROOT, Block, Page

from standalone.cli import cli

OURS = re.compile(r"(?:bin/runstream|\brunstream(?= (?:collect|uplink|setup)\b))\s+(.*)$")

#: What the AWS CLI takes with every command, and what its own command `deploy` takes.
OF_ALL = {"query", "output", "region", "profile"}
DEPLOY = {"template-file", "stack-name", "capabilities", "parameter-overrides"}


def names(items: list) -> list[str]:
    return [str(item) for item in items]


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page: Page) -> None:
    """To a file that is there, and to a heading in it; the site has no folders."""
    for link in page.links:
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.is_file(), link
        if anchor:
            assert anchor in Page(target).anchors, link


@pytest.mark.parametrize("page", GUIDES, ids=names(GUIDES))
def test_every_guide_is_on_the_index(page: Page) -> None:
    """A page that no other leads to is not read."""
    index = Page(ROOT / "docs" / "README.md")
    assert f"guides/{page.path.name}" in index.links


def test_the_site_lists_every_guide() -> None:
    """`make docs` builds the site; the navigation names pages by their paths."""
    named = re.findall(r"^ +- .+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    guides = {f"docs/guides/{page.path.name}" for page in GUIDES}
    assert {"README.md", "docs/settings.md", *guides} <= set(named)
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("page", RECORDS, ids=names(RECORDS))
def test_every_decision_is_on_its_index_and_has_its_sections(page: Page) -> None:
    """Numbers are unique, and a record says why and what follows."""
    index = Page(ROOT / "docs" / "adr" / "README.md")
    number = page.path.name[:4]
    assert f"| [{number}]({page.path.name}) |" in index.text
    assert page.text.startswith(f"# {number}: ")
    assert re.findall(r"^## (.+)$", page.text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
    ]


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_marks_are_those_that_readers_know(block: Block) -> None:
    """A mark that nobody knows would hide commands from being run."""
    assert block.mark is None or block.mark in NEEDS


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_the_command_line_takes_our_commands(block: Block) -> None:
    """Its own parser reads them, word by word."""
    for command in block.commands:
        for found in OURS.finditer(command):
            name, *words = shlex.split(re.split(r"[|;&>]|\s--$", found[1])[0])
            ours = cli.get_command(click.Context(cli), name)
            assert ours is not None
            parsed = ours.make_context(name, words)
            assert parsed.info_name == name


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_make_knows_its_words(block: Block) -> None:
    """The Makefile has each of them."""
    known = set(re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in block.commands:
        if command.startswith("make "):
            words = shlex.split(command)
            rest = [w for w in words[1:] if "=" not in w and not w.startswith(("-", "/"))]
            assert set(rest) <= known, command


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_aws_knows_its_commands(block: Block) -> None:
    """The AWS SDK's own model has each operation, with each option."""
    # A command within another is a command, too.
    found = re.findall(
        r"\baws (\w+) ([\w-]+)(.*?)(?=\baws |$)", "\n".join(block.commands), re.DOTALL
    )
    for service, operation, rest in found:
        options = set(re.findall(r"(?<=\s)--([a-z][a-z-]+)", rest))
        if (service, operation) == ("cloudformation", "deploy"):
            assert options <= DEPLOY | OF_ALL
            continue
        client = boto3.client(service.removesuffix("api"), region_name="us-east-1")
        method = client.meta.method_to_api_mapping[operation.replace("-", "_")]
        shape = client.meta.service_model.operation_model(method).input_shape
        members = shape.members if shape is not None else {}
        assert options <= {xform_name(each, "-") for each in members} | OF_ALL, operation


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_files_that_commands_name_are_there(block: Block) -> None:
    """A path of ours in a command is a file of this checkout."""
    for path in re.findall(r"(?:deploy|examples|docs)/[\w./-]+", "\n".join(block.commands)):
        assert (ROOT / path).exists(), path


def test_settings_that_guides_name_are_settings() -> None:
    """What a guide exports is read by somebody."""
    listed = (ROOT / "docs" / "settings.md").read_text()
    of_others = {"ANVIL_UPLINK_KEY", "ANVIL_UPLINK_URL", "REPOSITORIES", "POSTGRES_PASSWORD"}
    for page in GUIDES:
        exported = (c for b in page.blocks for c in b.commands if c.startswith("export "))
        for name in (n for command in exported for n in re.findall(r"([A-Z_]+)=", command)):
            assert f"`{name}`" in listed or name in of_others, f"{page}: {name}"


def test_both_ways_to_a_github_app_ask_for_the_same() -> None:
    """The address that fills the form in, and the manifest: reading, and nothing else."""
    text = (ROOT / "docs" / "guides" / "github-app.md").read_text()
    (manifest,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    asked = json.loads(manifest)["default_permissions"]
    (address,) = re.findall(r"<(https://github\.com/settings/apps/new\?\S+)>", text)
    query = parse_qs(urlsplit(address).query)
    assert {name: query[name][0] for name in asked} == asked
    assert set(asked.values()) == {"read"}
    assert set(query) - set(asked) == {"name", "url", "public", "webhook_active"}
