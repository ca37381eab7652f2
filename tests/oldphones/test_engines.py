"""What the drivers take for a fault of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

APP = "http://127.0.0.1/assets/app.1.js"


@pytest.fixture
def firefox(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its driver without it."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import engines

    driver = engines.Firefox.__new__(engines.Firefox)
    driver.log, driver.aborted = [], set()
    return driver


def answer(driver: Any, url: str) -> None:
    driver.event("network.responseCompleted", {"request": {"url": url, "method": "GET"}, "response": {"status": 200}})


def leave(driver: Any, url: str) -> None:
    driver.event("network.fetchError", {"request": {"url": url, "method": "GET"}, "errorText": "NS_BINDING_ABORTED"})


def fail(driver: Any, text: str) -> None:
    driver.event("log.entryAdded", {"type": "javascript", "level": "error", "text": text, "stackTrace": None})


def kinds(driver: Any) -> list[str]:
    return [kind for kind, _ in driver.log]


def test_script_that_needs_another_is_at_fault(firefox: Any) -> None:
    answer(firefox, APP)
    fail(firefox, "ReferenceError: ibolit is not defined")
    assert kinds(firefox) == ["error"]


def test_script_of_a_page_that_was_left_before_another_had_come_is_not(firefox: Any) -> None:
    leave(firefox, APP)
    fail(firefox, "ReferenceError: ibolit is not defined")
    assert kinds(firefox) == ["console"]
    answer(firefox, APP)  # of the next page
    fail(firefox, "ReferenceError: ibolit is not defined")
    assert kinds(firefox) == ["console", "error"]


def test_other_errors_of_a_page_that_was_left_are_told(firefox: Any) -> None:
    leave(firefox, APP)
    fail(firefox, "TypeError: can't access property 1 of undefined")
    assert kinds(firefox) == ["error"]
