"""What names the house uses: identifiers of Python, templates and scripts, CSS classes, and the files themselves."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jinja2 import Environment

READER = Path(__file__).parents[1] / "js" / "identifiers.js"
FOLDERS = ("ibolit", "tests", "bench", "bin", "deploy", "docs", "migrations")
PARSED = ("ibolit", "tests", "bench")  # of migrations the old ones keep the words of their day
LEFT_OUT = {"node_modules", "vendor", "__pycache__", "screenshots", "walks"}
CLASS_IN_CSS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")
CLASSES_IN_HTML = re.compile(r"""\bclass=("[^"]*"|'[^']*')""")
CSS_NOISE = re.compile(r"/\*.*?\*/|url\([^)]*\)|\"[^\"]*\"", re.DOTALL)
WORD = re.compile(r"[\w-]+")


@dataclass
class Names:
    """Of one file. An identifier comes with what owns it: the class or module it is defined in, or what stands before
    its dot; "" where nothing does. Asked when all of it is read."""

    identifiers: set[tuple[str, str]] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    @cached_property
    def words(self) -> set[str]:
        return {name for name, _owner in self.identifiers}


def names_under(root: Path) -> dict[str, Names]:
    """By the path from the root; a file that holds no names is there all the same."""
    found = {path.relative_to(root).as_posix(): Names() for path in _files(root)}
    scripts = []
    for path, names in found.items():
        if not path.startswith(PARSED):
            continue
        if path.endswith(".py"):
            names.identifiers = set(_of_python(ast.parse((root / path).read_text()), Path(path)))
        elif path.endswith(".css"):
            names.classes = set(CLASS_IN_CSS.findall(CSS_NOISE.sub("", (root / path).read_text())))
        elif "/templates/" in path:
            _read_template((root / path).read_text(), names)
        elif path.endswith(".js"):
            scripts.append(path)
    for path, told in _of_scripts(root, scripts).items():
        found[path].identifiers = {(name, owner) for name, owner in told["names"]}
        found[path].classes = set(told["words"])
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and not LEFT_OUT & set(path.parts):
                yield path


def _of_python(tree: ast.AST, path: Path) -> Iterator[tuple[str, str]]:
    module = path.parent.name if path.stem == "__init__" else path.stem
    yield from _defined(tree, module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, ""
        elif isinstance(node, ast.Attribute):
            yield node.attr, _last(node.value)
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg, ""
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from _imported(node)


def _defined(tree: ast.AST, owner: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, owner
            yield from _defined(node, node.name if isinstance(node, ast.ClassDef) else "")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                (name.id, owner) for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
            )
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _defined(node, owner)


def _imported(node: ast.ImportFrom | ast.Import) -> Iterator[tuple[str, str]]:
    source = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    yield from ((part, "") for part in source.split(".") if part)
    for alias in node.names:
        *parents, name = alias.name.split(".")
        yield name, (parents or [source.rpartition(".")[2]])[-1]
        yield from ((parent, "") for parent in parents)
        if alias.asname:
            yield alias.asname, ""


def _last(value: ast.expr) -> str:
    if isinstance(value, ast.Attribute):
        return value.attr
    if isinstance(value, ast.Call):
        return _last(value.func)
    return value.id if isinstance(value, ast.Name) else ""


def _read_template(source: str, names: Names) -> None:
    before = dotted = ""
    html = []
    for _line, kind, value in Environment(autoescape=True).lex(source):
        if kind == "name":
            names.identifiers.add((value, dotted))
            before = value
        elif kind == "data":
            html.append(value)
        elif kind == "string":
            html.append(value.strip("\"'"))
        elif kind != "operator" or value != ".":
            before = "" if kind != "whitespace" else before
        dotted = before if (kind, value) == ("operator", ".") else ""
    for value in CLASSES_IN_HTML.findall("".join(html)):
        names.classes.update(WORD.findall(value))


def _of_scripts(root: Path, paths: list[str]) -> dict[str, dict[str, list[list[str]]]]:
    if not paths:
        return {}
    told = subprocess.run(["node", READER, *paths], cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, list[list[str]]]] = json.loads(told.stdout)
    return found
