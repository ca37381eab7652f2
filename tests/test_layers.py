"""Which way things flow: who may import whom, read from the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "ibolit"

# A room of the house and the rooms it may import; each also imports itself. Only create_app() imports all.
MAY_IMPORT = {
    "sums": set(),
    "errors": {"sums"},
    "faults": set(),
    "links": set(),
    "normalization": set(),
    "emails": {"normalization"},
    "phones": {"normalization"},
    "proxies": set(),
    "tokens": set(),
    "networks": set(),
    "patient_lists": {"emails", "normalization", "phones"},
    "script_modules": set(),
    "assets": {"script_modules", "urgent_words"},
    "urgent_words": set(),
    "server_settings": set(),
    "config": {"errors", "phones", "server_settings"},
    "cookies": {"config"},
    "security": {"config", "cookies"},
    "services": {"config", "normalization"},
    "sockets": {"faults", "services"},
    "extensions": {"sockets", "tokens"},  # the bare `sock` is of our own, safer class
    "database": {"errors", "extensions", "transaction_memory"},
    "transaction_memory": set(),
    "events": {"extensions", "faults", "transaction_memory"},
    "models": {"config", "database", "errors", "events", "extensions", "networks", "normalization", "phones",
               "services", "transaction_memory", "urgent_words"},
    "readiness": {"config", "database", "errors", "extensions", "models", "services"},
    "formatting": {"services", "sums"},
    "declension": {"formatting"},
    "responses": set(),
    "rendering": {"config", "declension", "formatting", "links", "phones", "services", "sums"},
    "template_engine": set(),
    "subscribers": {"config", "database", "declension", "events", "extensions", "formatting", "jobs", "models",
                    "rendering", "services", "sums"},
    "conclusion_document": {"config", "formatting", "models", "services"},
    "jobs": {"conclusion_document", "config", "database", "errors", "extensions", "faults", "formatting", "models",
             "phones", "rendering", "services"},
    "seeds": {"config", "events", "extensions", "models", "services"},
    "ops": {"config", "database", "errors", "extensions", "faults", "formatting", "jobs", "models", "normalization",
            "patient_lists", "phones", "readiness", "rendering", "seeds", "server_settings", "services",
            "sums", "urgent_words"},
    "web": {"config", "cookies", "database", "emails", "errors", "extensions", "faults", "formatting", "models",
            "normalization", "phones", "rendering", "responses", "services", "sums", "tokens", "urgent_words"},
    "blueprints": {"conclusion_document", "config", "cookies", "database", "emails", "errors", "events", "extensions",
                   "faults", "formatting", "models", "networks", "normalization", "patient_lists", "phones",
                   "readiness", "rendering", "responses", "services", "sockets", "sums", "tokens", "web"},
}  # fmt: skip

# Rooms of models/, each above those it may import. What stands together shares the ground floor.
FLOORS = (
    {"types", "purging", "inserting", "job", "locking", "night_hours", "typed_code"},
    {"people"}, {"doctors"}, {"chats"}, {"standing_in"}, {"payments"}, {"consultations"}, {"booking"},
    {"my_data"}, {"delivery"}, {"invitations"}, {"family"}, {"accounts"}, {"erasure"}, {"stored_files"},
)  # fmt: skip
# What is named above its own floor, under TYPE_CHECKING: for Mapped[] and annotations alone.
NAMED_ABOVE = {
    ("people", "doctors"),  # User.doctor
    ("doctors", "chats"),  # Doctor.chats
    ("chats", "consultations"),  # a message's cards
    ("chats", "standing_in"),
    ("payments", "consultations"),  # Payment.consultation; cancelling one decides of its money
}

# What a model may know of the world outside: the time, words, secrets. A provider it takes as an argument.
HELPERS = {"clock", "codes", "passwords", "payments", "seal", "search"}  # of payments only the contract: its words

# Whoever knows these reads a request or writes an answer, and that is for doors (and for letters, which are written).
OF_REQUESTS = {"request", "session", "g", "url_for", "redirect", "abort", "flash", "make_response", "render_template"}

OF_NO_REQUEST = {"models", "services", "events", "errors", "config", "phones", "formatting"}

MODULES = sorted(HOUSE.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(HOUSE)).removesuffix(".py")


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Every (module, name) imported when the program runs, with the house's own written as ibolit.room.module."""
    package = ("ibolit", *path.relative_to(HOUSE).parent.parts)
    for node in running(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield from ((module, alias.name) for alias in node.names)


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under TYPE_CHECKING, which never run."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from running(node)


def rooms_imported_by(path: Path) -> set[str]:
    """«from ..services import clock» and «from .. import errors» both name a room."""
    full = ([*module.split("."), name] for module, name in imports_of(path) if module.split(".")[0] == "ibolit")
    return {parts[1] for parts in full if parts[1]}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    assert room in MAY_IMPORT, "a new room: say here whom it may know"
    assert rooms_imported_by(path) - {room} <= MAY_IMPORT[room]


MODELS = [path for path in MODULES if room_of(path) == "models" and path.parent.name != "ibolit"]


def floor_of(room: str) -> int:
    (floor,) = (number for number, rooms in enumerate(FLOORS) if room in rooms)
    return floor


def rooms_of_models(path: Path, *, running_only: bool) -> set[str]:
    """The rooms of models/ that a module of it names, but its own."""
    package = ("ibolit", *path.relative_to(HOUSE).parent.parts)
    found = set()
    tree = ast.parse(path.read_text())
    for node in running(tree) if running_only else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            names = [parts[2]] if len(parts) > 2 and parts[2] else [alias.name for alias in node.names]
            found |= set(names) if parts[:2] == ["ibolit", "models"] else set()
    return found - {room_in_models(path)}


def room_in_models(path: Path) -> str:
    return path.relative_to(HOUSE / "models").parts[0].removesuffix(".py")


IN_ROOMS = [path for path in MODELS if room_in_models(path) != "__init__"]


@pytest.mark.parametrize("path", IN_ROOMS, ids=name_of)
def test_rooms_of_models_know_only_those_below(path: Path) -> None:
    room = room_in_models(path)
    above = {other for other in rooms_of_models(path, running_only=True) if floor_of(other) > floor_of(room)}
    assert not above, f"{name_of(path)} imports what stands above it"
    named = {(room, other) for other in rooms_of_models(path, running_only=False) if floor_of(other) > floor_of(room)}
    assert named <= NAMED_ABOVE


def test_what_is_named_above_is_still_named() -> None:
    named = {(room_in_models(path), other) for path in IN_ROOMS for other in rooms_of_models(path, running_only=False)}
    assert named >= NAMED_ABOVE


@pytest.mark.parametrize("path", IN_ROOMS, ids=name_of)
def test_models_fit_on_a_few_screens(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) == "models"], ids=name_of)
def test_models_reach_for_no_provider(path: Path) -> None:
    known = {name for module, name in imports_of(path) if module == "ibolit.services"}
    known |= {module.split(".")[2] for module, _ in imports_of(path) if module.startswith("ibolit.services.")}
    assert known <= HELPERS


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if room_of(path) in OF_NO_REQUEST],
    ids=name_of,
)
def test_requests_are_for_doors(path: Path) -> None:
    assert {name for module, name in imports_of(path) if module == "flask"} & OF_REQUESTS == set()
    assert not {module for module, _ in imports_of(path)} & {"flask_wtf", "wtforms", "htmx_flask"}


def test_only_models_know_tables() -> None:
    """Doors and jobs ask models; they build no joins of their own."""
    for path in MODULES:
        if room_of(path) in ("web", "blueprints", "responses", "rendering", "jobs"):
            names = {name for module, name in imports_of(path) if module == "sqlalchemy"}
            assert names <= {"select"}, name_of(path)


def test_doors_know_no_doors() -> None:
    """Features meet in models, and in web, which all doors share; only the profile borrows a form of the entrance."""
    borrowed = set()
    for path in MODULES:
        own = path.relative_to(HOUSE).parts
        if own[0] != "blueprints" or len(own) < 3:
            continue
        for module, _ in imports_of(path):
            parts = module.split(".")
            is_feature = parts[:2] == ["ibolit", "blueprints"] and (HOUSE / "blueprints" / "".join(parts[2:3])).is_dir()
            if is_feature and len(parts) > 2 and parts[2] != own[1]:
                borrowed.add((own[1], module))
    assert borrowed <= {("account", "ibolit.blueprints.auth.forms")}


def test_the_reader_of_imports_reads() -> None:
    source = """
from typing import TYPE_CHECKING
from ..services.sms import Sms
from .. import errors
if TYPE_CHECKING:
    from .user import User
def later():
    from ..jobs import run_due
"""
    path = HOUSE / "models" / "imagined.py"
    tree = ast.parse(source)
    assert {ast.unparse(node) for node in running(tree) if isinstance(node, ast.ImportFrom)} == {
        "from typing import TYPE_CHECKING", "from ..services.sms import Sms", "from .. import errors",
        "from ..jobs import run_due",
    }  # fmt: skip
    assert room_of(path) == "models"


LEADS = re.compile(r"location(\.href)? = |location\.(assign|reload|replace)\(")
LEADER = HOUSE / "static" / "js" / "navigation.js"
IN_PLACE = "location.replace(link.href)"  # the viewer's: in place of its own entry of the history


def test_a_page_is_led_elsewhere_from_one_place() -> None:
    """Two loads at once stop each other: `ibolit.go` does one."""
    leads = [
        f"{path.name}: {line.strip()}"
        for path in (HOUSE / "static" / "js").rglob("*.js")
        for line in path.read_text().splitlines()
        if LEADS.search(line.replace(IN_PLACE, "")) and path != LEADER
    ]
    assert leads == []
    assert LEADS.search(LEADER.read_text())
