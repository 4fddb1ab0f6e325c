"""Every file of the product can be read at one sitting, and says what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("server_code", "standalone")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parse(source: str) -> ast.Module:
    return ast.parse(source)


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Count a function's lines without its decorators and its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)


def too_long(tree: ast.Module) -> dict[str, int]:
    measured = {function.name: length(function) for function in functions(tree)}
    return {name: lines for name, lines in measured.items() if lines > MAX_FUNCTION_LINES}


def without_return_annotation(tree: ast.Module) -> list[str]:
    return [function.name for function in functions(tree) if function.returns is None]


def prints(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def faults(measure: Callable[[ast.Module], object], *folders: str) -> dict[str, object]:
    """Map each file to what a measure finds in it, where it finds anything."""
    found = {name: measure(parse(path.read_text())) for name, path in files(*folders)}
    return {name: fault for name, fault in found.items() if fault}


def files(*folders: str) -> Iterator[tuple[str, Path]]:
    for folder in folders or FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path


def test_every_file_is_short():
    lines = {name: len(path.read_text().splitlines()) for name, path in files()}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_every_file_begins_with_what_it_is_for():
    assert faults(lambda tree: ast.get_docstring(tree) is None) == {}


def test_every_function_fits_on_a_screen():
    assert faults(too_long) == {}


def test_every_function_reports_what_it_returns():
    assert faults(without_return_annotation) == {}


def test_every_name_reports_what_is_inside():
    words = {name: set(re.split(r"[/_.]", name)) & EMPTY_NAMES for name, _ in files()}
    assert {name: found for name, found in words.items() if found} == {}


def test_the_collector_logs_and_never_prints():
    assert faults(prints, "server_code") == {}


def test_the_measures_see_what_they_measure():
    body = "\n".join(["    x = 1"] * MAX_FUNCTION_LINES)
    tree = parse(f'def f():\n    """Say it.\n\n    More.\n    """\n{body}\n    print(x)\n')
    assert too_long(tree) == {"f": MAX_FUNCTION_LINES + 2}
    assert without_return_annotation(tree) == ["f"]
    assert prints(tree) == [MAX_FUNCTION_LINES + 6]
