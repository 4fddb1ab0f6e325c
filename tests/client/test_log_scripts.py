"""The scripts that draw a log, in a browser: what a line says, and which lines are rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from support.browser import open_page

ASSETS = Path(__file__).parents[2] / "theme" / "assets"

Evaluate = Callable[..., Any]

_IMPORT = "import('data:text/javascript,' + encodeURIComponent(source))"


@pytest.fixture(scope="module")
def evaluate(browser: Browser) -> Iterator[Evaluate]:
    """Evaluate an expression of the exports of scripts, called `it`, and of `given`.

    Scripts that import others come after them.
    """
    with open_page(browser) as opened:

        def run(scripts: str | Sequence[str], expression: str, given: object = None) -> Any:
            names = [scripts] if isinstance(scripts, str) else scripts
            read = "".join((ASSETS / name).read_text(encoding="utf-8") for name in names)
            source = re.sub(r'^import .* from "\./.*";$', "", read, flags=re.MULTILINE)
            code = (
                f"async ({{source, given}}) => {{const it = await {_IMPORT}; return {expression}}}"
            )
            return opened.page.evaluate(code, {"source": source, "given": given})

        yield run


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        ("\ufeff2026-11-24T06:30:00.1234567Z hello", None, "hello"),
        ("2026-11-24T06:30:00.1234567Z ##[group]Run make", "group", "Run make"),
        ("2026-11-24T06:30:00.1234567Z ##[error]It broke", "error", "It broke"),
        ("2026-11-24T06:30:00.1234567Z [command]/usr/bin/git", "command", "/usr/bin/git"),
        ("no time ##[error]in the middle", None, "no time ##[error]in the middle"),
        ("2026-11-24T06:30:00Z", None, ""),
        ("a\x00b\rc", None, "a\u2400b\u240dc"),
        ("a\x7fb\x85c\x1b", None, "a\u2421b\ufffdc\u241b"),
        ("rm \u202egpj.exe\u2069", None, "rm \ufffdgpj.exe\ufffd"),
        ("\x1b[2K\x1b]8;;https://example.com\x07link\x1b]8;;\x07\x1b(B!", None, "link!"),
    ],
)
def test_a_line_is_read(evaluate: Evaluate, raw: str, kind: str | None, text: str) -> None:
    line = evaluate("log_text.js", "it.parseLine(given)", raw)

    assert (line["kind"], line["text"], line["styles"]) == (kind, text, [])
    assert (line["time"] is not None) == ("2026" in raw)


@pytest.mark.parametrize(
    ("raw", "styles"),
    [
        ("\x1b[32mok\x1b[0m!", [[0, 2, {"colour": 2}]]),
        ("\x1b[1;91mbad", [[0, 3, {"bold": True, "colour": 9}]]),
        ("\x1b[1mA\x1b[22mB", [[0, 1, {"bold": True}]]),
        ("\x1b[38;5;208ma\x1b[39mb", [[0, 1, {"colour": "rgb(255 135 0)"}]]),
        ("\x1b[38;5;3ma", [[0, 1, {"colour": 3}]]),
        ("\x1b[48;2;1;2;3ma\x1b[49mb", [[0, 1, {"background": "rgb(1 2 3)"}]]),
        ("\x1b[31ma\x1b[mb", [[0, 1, {"colour": 1}]]),
        ("\x1b[38:2:1:2:3ma", [[0, 1, {"colour": "rgb(1 2 3)"}]]),
        ("\x1b[1;38:2::1:2:0ma", [[0, 1, {"bold": True, "colour": "rgb(1 2 0)"}]]),
    ],
)
def test_colours_are_read(evaluate: Evaluate, raw: str, styles: list[Any]) -> None:
    assert evaluate("log_text.js", "it.parseLine(given).styles", raw) == styles


def test_a_text_is_cut_where_its_look_changes(evaluate: Evaluate) -> None:
    found = evaluate(
        "log_text.js",
        "it.pieces('one two', [[0, 5, {bold: true}]], it.findMarks('one two', 'E T'))",
    )

    assert [(each["text"], bool(each["style"]), each["isMarked"]) for each in found] == [
        ("on", True, False),
        ("e t", True, True),
        ("wo", False, False),
    ]


def test_a_line_of_very_many_styles_is_cut_in_a_moment(evaluate: Evaluate) -> None:
    """A line of 1 MB has 200,000 of them; a search through all for each would take minutes."""
    count = evaluate(
        "log_text.js",
        """(() => {
            const line = it.parseLine("\\x1b[1ma\\x1b[md".repeat(given));
            return it.pieces(line.text, line.styles, it.findMarks(line.text, "a")).length;
        })()""",
        100_000,
    )

    assert count == 200_000


def test_the_later_parts_of_a_long_line_reorder_nothing(evaluate: Evaluate) -> None:
    """They are read like the first one: a hostile log must not make a line look like another."""
    text = evaluate(
        ("log_text.js", "log_row.js"),
        """(() => {
            const parts = new Map([[1, {more: ["exe\\u202egpj\\x1b[31mred"], total: 2}]]);
            const none = {chosen: [0, 0], address: "", folds: new Map(), expanded: new Set()};
            const row = it.drawRow(1, "rm ", {...none, searched: "", parts});
            return row.querySelector(".log-line").textContent;
        })()""",
    )

    assert text == "rm exe\ufffdgpjred"


def test_a_line_with_an_impossible_time_is_drawn(evaluate: Evaluate) -> None:
    """It would keep the whole log from being drawn."""
    text = evaluate(
        ("log_text.js", "log_row.js"),
        """(() => {
            const none = {chosen: [0, 0], address: "", folds: new Map(), expanded: new Set()};
            const row = it.drawRow(1, given, {...none, searched: "", parts: new Map()});
            return [".log-time", ".log-line"].map((each) => row.querySelector(each).textContent);
        })()""",
        "2026-99-99T99:99:99Z odd",
    )

    assert text == ["2026-99-99T99:99:99Z", "odd"]


def test_addresses_are_links_without_the_punctuation_behind_them(evaluate: Evaluate) -> None:
    text = "see https://example.com/a?b=1#c. (http://x.test/y) javascript:alert(1) ftp://no"
    found = evaluate("log_text.js", "it.findLinks(given).map(([a, b]) => given.slice(a, b))", text)

    assert found == ["https://example.com/a?b=1#c", "http://x.test/y"]


def test_a_link_is_whole_though_its_style_changes(evaluate: Evaluate) -> None:
    found = evaluate(
        "log_text.js",
        "it.pieces('at http://x.test', [[0, 8, {bold: true}]], [], it.findLinks('at http://x.test'))",
    )

    assert [(each["text"], each["link"]) for each in found] == [
        ("at ", None),
        ("http:", "http://x.test"),
        ("//x.test", "http://x.test"),
    ]


def test_folded_lines_are_no_rows(evaluate: Evaluate) -> None:
    found = evaluate(
        "log_lines.js",
        """(() => {
            const map = new it.LineMap(20);
            map.setRanges([[1, 2], [6, 20]]);
            return [map.rowCount, map.lineOf(1), map.lineOf(2), map.rowOf(4), map.rowOf(6)];
        })()""",
    )

    assert found == [17, 2, 6, 1, 2]


def test_lines_in_sight_are_asked_for_first_and_then_those_ahead(evaluate: Evaluate) -> None:
    asked = evaluate(
        "log_lines.js",
        """(() => {
            const map = new it.LineMap(5000), asked = [];
            const put = (first, count) => map.put(first, Array(count).fill("x"), 1, 30);
            put(1, 400); asked.push(map.firstMissing(0, 30));
            asked.push(map.firstMissing(2000, 2030));
            put(401, 4600); asked.push(map.firstMissing(0, 30));
            return asked;
        })()""",
    )

    assert asked == [401, 1601, None]


def test_lines_far_away_are_forgotten(evaluate: Evaluate) -> None:
    kept = evaluate(
        "log_lines.js",
        """(() => {
            const map = new it.LineMap(1e6);
            const page = Array(1000).fill("x");
            for (let first = 1; first < 1e5; first += 1000) map.put(first, page, first, first + 30);
            const isRight = map.characters === map.texts.size;
            return [map.texts.size < 2e4 + 1000, isRight, map.get(99500), map.get(1)];
        })()""",
    )

    assert kept == [True, True, "x", None]
