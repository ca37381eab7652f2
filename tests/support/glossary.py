"""docs/glossary.md as the check reads it: the terms, where they live, and the names they replaced, not to come back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from identifiers import Names

ITEM = re.compile(r"`([^`]+)`(?: (except in|in) ((?:`[^`]+` ?)+))?|\"[^\"]*\"")
ENDINGS = (".py", ".js", ".css", ".html", ".txt", ".sh")


class Unreadable(Exception):
    """A row that the check cannot read; its words say which."""


@dataclass(frozen=True)
class Retired:
    """A name that is not to be used: everywhere, in the paths `only`, or everywhere but in `spared`."""

    name: str
    only: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()

    def is_about(self, path: str) -> bool:
        return not path.startswith(self.spared or ("\n",)) and (not self.only or path.startswith(self.only))

    def stands_in(self, path: str, names: Names) -> bool:
        if not self.is_about(path):
            return False
        if is_file(self.name):
            return f"/{path}".endswith(
                f"/{self.name}"
            ) or f"/{self.name.rstrip('/')}/" in f"/{path}" * self.name.endswith("/")
        if self.name.startswith("."):
            return _fits_any(self.name[1:], names.classes)
        owner, _, name = self.name.rpartition(".")
        return _fits_any(name, names.words) and any(
            _fits(name, one) and (not owner or owner == own) for one, own in names.identifiers
        )


@dataclass(frozen=True)
class Row:
    term: str
    meaning: str
    places: tuple[str, ...]
    retired: tuple[Retired, ...]

    def lives(self, house: dict[str, Names]) -> bool:
        """Every place is there, and each name of the term stands in one of them."""
        paths = [path for path in house if any(_is_in(path, place) for place in self.places)]
        all_there = bool(self.places) and all(any(_is_in(path, place) for path in house) for place in self.places)
        return all_there and all(any(_stands(name, path, house[path]) for path in paths) for name in _ticked(self.term))


def is_file(name: str) -> bool:
    return name.endswith((*ENDINGS, "/"))


def rows_of(page: str) -> list[Row]:
    """Of all its tables. Raises Unreadable."""
    rows = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and len(cells) == 4 and not cells[0].startswith(("term", "---")):
            rows.append(Row(cells[0], cells[1], tuple(_ticked(cells[2])), tuple(_retired(cells[3]))))
        elif line.startswith("| ") and len(cells) != 4:
            raise Unreadable(line)
    return rows


def _retired(cell: str) -> Iterator[Retired]:
    if re.sub(r"[,;–—-]", "", ITEM.sub("", cell)).strip():
        raise Unreadable(cell)
    for found in ITEM.finditer(cell):
        name, where, places = found.groups()
        if name:
            paths = tuple(_ticked(places or ""))
            yield Retired(name, paths if where == "in" else (), paths if where == "except in" else ())


def broken(rows: list[Row], house: dict[str, Names]) -> list[str]:
    """What is used although it is retired, and what does not live where its row says."""
    found = [f"{row.term}: not in {', '.join(row.places) or 'any place'}" for row in rows if not row.lives(house)]
    for row in rows:
        for retired in row.retired:
            found += [
                f"{path}: {retired.name} is called {row.term}"
                for path, names in house.items()
                if retired.stands_in(path, names)
            ]
    return found


def _ticked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _stands(name: str, path: str, names: Names) -> bool:
    if is_file(name):
        return f"/{path}".endswith(f"/{name}") or f"/{name.rstrip('/')}/" in f"/{path}"
    if name.startswith("."):
        return _fits_any(name[1:], names.classes)
    last = name.rpartition(".")[2].removesuffix("()")
    return _fits_any(last, names.words) or _fits_any(last, names.classes) or last in path


def _fits_any(pattern: str, names: Set[str]) -> bool:
    """A name without a star is not looked for one by one: there are hundreds of rows and files."""
    return any(_fits(pattern, one) for one in names) if pattern.endswith("*") else pattern in names


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
