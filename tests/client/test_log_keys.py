"""The list of the log viewer's keys, against the keys that it handles."""

from __future__ import annotations

import ast
import re
from pathlib import Path

VIEWER = Path(__file__).parents[2] / "client_code" / "components" / "LogViewer"

#: Handled by themselves: it only leaves the maximized log.
ALONE = {"Esc"}


def handled_keys() -> set[str]:
    """Read the keys of the dictionary `self.keys`."""
    tree = ast.parse((VIEWER / "__init__.py").read_text(encoding="utf-8"))
    return {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self.keys"
        for key in node.value.keys
    }


def test_every_key_is_in_the_list_of_keys_and_no_other():
    template = (VIEWER / "form_template.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"<kbd>(.+?)</kbd>", template)) == handled_keys() | ALONE
