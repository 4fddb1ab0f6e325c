"""Load server code as Anvil's worker does; run by test_loads_like_anvil in a fresh interpreter.

Anvil ships modules as text. It executes each in a bare module without `__file__` or `__package__`,
under the app's package name, from a finder behind all others; and it imports every module of the
app before the first call. Prints the names it loaded; fails with every fault it met.

    python -I like_anvil.py SERVER_CODE ALLOWED_PACKAGE...
"""

from __future__ import annotations

import builtins
import importlib
import sys
import traceback
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

APP = "runstream"
_HIDDEN = ("__package__", "__spec__", "__loader__")


def read_sources(server_code: Path) -> dict[str, tuple[bool, str]]:
    """Map each module's dotted name to whether it is a package, and its text."""
    sources = {APP: (True, "")}
    for path in sorted(server_code.rglob("*.py")):
        parts = path.relative_to(server_code).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join((APP, *(parts[:-1] if is_package else parts)))
        sources[name] = (is_package, path.read_text(encoding="utf-8"))
    return sources


class TextFinder:
    """Find modules in a dict of texts, and execute them without a path that says where they are."""

    def __init__(self, sources: dict[str, tuple[bool, str]]) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name not in self._sources:
            return None
        return ModuleSpec(name, self, is_package=self._sources[name][0])  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        space = vars(module)
        known = {name: space[name] for name in _HIDDEN}
        space.update(dict.fromkeys(_HIDDEN))  # a bare module has these as None, and no __file__
        code = compile(self._sources[module.__name__][1], f"{module.__name__}.py", "exec")
        exec(code, space)  # noqa: S102  the text is our own server code
        space.update(known)


def allow_only(packages: set[str]) -> None:
    """Refuse the app every import of another package; packages may import what they like."""
    import_any = builtins.__import__

    def import_allowed(
        name: str, space: Any = None, local: Any = None, names: Any = (), level: int = 0
    ) -> ModuleType:
        importer = (space or {}).get("__name__", "")
        if (
            level == 0
            and importer.split(".")[0] == APP
            and name.split(".", maxsplit=1)[0] not in packages
        ):
            message = f"{importer} imports {name}, which Anvil's servers do not have"
            raise ModuleNotFoundError(message, name=name)
        return import_any(name, space, local, names, level)

    builtins.__import__ = import_allowed


def main(server_code: str, *allowed: str) -> int:
    """Load everything; return 1 if anything failed."""
    # What falls back on a module's name is what Anvil's worker lives by, too.
    warnings.filterwarnings("ignore", category=ImportWarning)
    sources = read_sources(Path(server_code))
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder)]
    sys.meta_path.append(TextFinder(sources))  # type: ignore[arg-type]
    allow_only({*sys.stdlib_module_names, *allowed})
    failed = False
    for name in sources:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001  every fault of every module is reported
            failed = True
            traceback.print_exc()
        else:
            print(name)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
