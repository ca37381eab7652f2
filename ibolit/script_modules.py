"""Joins modules of JavaScript into one script: what is imported stands before what imports it, each of them once.

The phones ask for one file instead of twenty, and nothing is built beforehand. Understood is what the house writes, a
line each from its first column:

    import './file.js';    import { one, two } from './file.js';    import * as name from './file.js';
    export  before  function …, async function …, class … or const …

In the joined script a module that has names of its own stands in a function, so that no two meet. What it exports has
the same name wherever it is imported: a bundle in which two things have one name is refused. Whether a name is imported
at all that a module uses is asked by tests/js/test_modules.py.

    python ibolit/script_modules.py FOLDER      joins the module that comes by the standard input, as if it lay there
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

IMPORT = re.compile(r"^import (?:(?:\{ (\w+(?:, \w+)*) \}|\* as (\w+)) from )?'(\.{1,2}/[\w./-]+)';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
OWN = re.compile(r"^(?:async function|function|class|const|let) ", re.MULTILINE)
UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
COMMENTS = re.compile(r"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
TRAILING = re.compile(r"(?<=[;,{}()\]])[ \t]+//[^\n'\"`]*$", re.MULTILINE)  # no quote after it: it stands in no string


class CannotJoin(Exception):
    """What a module says that is not understood, or which name stands for two things. A mistake in the scripts."""


@dataclass(frozen=True)
class Module:
    path: Path
    body: str  # without imports, comments of whole lines, and the word export
    imports: tuple[tuple[Path, str, tuple[str, ...]], ...]  # from where, the whole as this name or "", these names
    exports: tuple[str, ...]
    has_own: bool  # it declares something that it does not export


def without_comments(text: str) -> str:
    """Of a script or a style; those that might be part of a string stay.

    No string of ours goes over several lines: tests/js/check_syntax.js.
    """
    return TRAILING.sub("", COMMENTS.sub("", text))


def joined(paths: Iterable[Path]) -> str:
    """Raises CannotJoin."""
    modules: dict[Path, Module] = {}
    for path in paths:
        _collect(path.resolve(), path.read_text(encoding="utf-8"), modules, ())
    return _written(list(modules.values()))


def joined_text(text: str, folder: Path) -> str:
    """Of a module that lies nowhere. Raises CannotJoin."""
    modules: dict[Path, Module] = {}
    _collect((folder / "its-name.js").resolve(), text, modules, ())
    return _written(list(modules.values()))


def _collect(path: Path, text: str, modules: dict[Path, Module], above: tuple[Path, ...]) -> None:
    """In the order in which engines run modules: what is imported first."""
    if path in above:
        raise CannotJoin(f"{path.name} imports itself by way of {above[-1].name}")
    if path in modules:
        return
    module = _read(path, text)
    for one, _, _ in module.imports:
        _collect(one, one.read_text(encoding="utf-8"), modules, (*above, path))
    modules[path] = module


def _read(path: Path, text: str) -> Module:
    text = without_comments(text.strip() + "\n")
    imports = tuple(
        ((path.parent / where).resolve(), whole, tuple(names.split(", ")) if names else ())
        for names, whole, where in IMPORT.findall(text)
    )
    text = IMPORT.sub("", text)
    exports = tuple(EXPORT.findall(text))
    has_own = len(OWN.findall(EXPORT.sub("", text))) > len(exports)
    body = EXPORT.sub("", text).strip()
    if unknown := UNKNOWN.search(body):
        raise CannotJoin(f"{path.name}: {unknown[0]}")
    return Module(path, body, imports, exports, has_own)


def _written(modules: list[Module]) -> str:
    wholes = _wholes(modules)
    _check_names(modules, wholes)
    return "\n".join(_placed(module, wholes.get(module.path, "")) for module in modules)


def _wholes(modules: list[Module]) -> dict[Path, str]:
    """The modules that are imported as one thing, by its name."""
    wholes: dict[Path, str] = {}
    for module in modules:
        for where, whole, _ in module.imports:
            if whole and wholes.setdefault(where, whole) != whole:
                raise CannotJoin(f"{where.name} is both {wholes[where]} and {whole}")
    return wholes


def _check_names(modules: list[Module], wholes: dict[Path, str]) -> None:
    owners: dict[str, Path] = {}
    exports = {module.path: module.exports for module in modules}
    for module in modules:
        for name in (wholes[module.path],) if module.path in wholes else module.exports:
            if owners.setdefault(name, module.path) != module.path:
                raise CannotJoin(f"{name} stands in {owners[name].name} and in {module.path.name}")
        for where, _, names in module.imports:
            if names and where in wholes:
                raise CannotJoin(f"{module.path.name} wants parts of {where.name}, which elsewhere is {wholes[where]}")
            for name in set(names) - set(exports[where]):
                raise CannotJoin(f"{module.path.name} wants {name} of {where.name}, which has none")


def _placed(module: Module, whole: str) -> str:
    names = f"{{ {', '.join(module.exports)} }}"
    if whole:
        return f"const {whole} = (() => {{\n{module.body}\nreturn {names};\n}})();"
    if not module.has_own:
        return module.body
    if not module.exports:
        return f"(() => {{\n{module.body}\n}})();"
    return f"const {names} = (() => {{\n{module.body}\nreturn {names};\n}})();"


if __name__ == "__main__":
    sys.stdout.write(joined_text(sys.stdin.read(), Path(sys.argv[1])) + "\n")
