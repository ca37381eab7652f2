"""`--all-doors`: a whole run ends by naming the routes and templates nobody exercised, and fails for them.

Counted is what the tests' own apps answered and drew; a live clinic in a process of its own is not seen from here.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request, request_finished

SHOWN = ("pages/", "fragments/", "live/", "mail/", "sms/")

_known: set[str] = set()
_seen: set[str] = set()


def watch(app: Flask) -> None:
    """From now on this app's answers count, and all its doors are known."""
    _known.update(name for name in app.jinja_env.list_templates() if name.startswith(SHOWN))
    _known.update(f"{method} {rule}" for rule in app.url_map.iter_rules() for method in _methods(rule))
    request_finished.connect(_note_route, app)
    get_template = app.jinja_env.get_template

    def noting(name: Any, *more: Any, **named: Any) -> Any:
        """Jinja comes here for every page, include and import, each time it is drawn."""
        _seen.add(str(name))
        return get_template(name, *more, **named)

    app.jinja_env.get_template = noting  # type: ignore[method-assign]


def _methods(rule: Any) -> set[str]:
    return (rule.methods or set()) & {"GET", "POST"}


def _note_route(_app: Flask, **_more: Any) -> None:
    if request.url_rule is not None:
        _seen.add(f"{request.method} {request.url_rule}")


def add_options(parser: pytest.Parser) -> None:
    parser.addoption("--all-doors", action="store_true", help="fail when a route or template was never exercised")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of xdist has ended: what it saw is added up here."""
    known, seen = getattr(node, "workeroutput", {}).get("doors", ((), ()))
    _known.update(known)
    _seen.update(seen)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["doors"] = (sorted(_known), sorted(_seen))
    elif session.config.option.all_doors and _known - _seen:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.option.all_doors:
        return
    for name in sorted(_known - _seen):
        terminalreporter.write_line(f"nobody exercised {name}", red=True)
