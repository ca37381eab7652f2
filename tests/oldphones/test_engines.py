"""What the drivers take for a fault of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

APP = "http://127.0.0.1/assets/app.1.js"
UNANSWERED = f"Failed to load ‘{APP}’. A ServiceWorker intercepted the request and encountered an unexpected error."


@pytest.fixture
def firefox(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its driver without it."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import engines

    driver = engines.Firefox.__new__(engines.Firefox)
    driver.log, driver.aborted, driver.held = [], {}, []
    monkeypatch.setattr(engines.Remote, "pump", lambda *_: None)
    monkeypatch.setattr(engines.Firefox, "SOON", 0)
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


def test_script_of_a_page_that_was_left_before_another_had_come_is_not(
    firefox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(firefox, APP)
    answer(firefox, APP)  # of the next page
    fail(firefox, "ReferenceError: ibolit is not defined")
    assert kinds(firefox) == ["console"]
    monkeypatch.setattr(type(firefox), "LATE", -1)  # long ago
    fail(firefox, "ReferenceError: ibolit is not defined")
    assert kinds(firefox) == ["console", "error"]


def test_request_of_a_page_that_was_left_may_be_told_of_before_its_end(
    firefox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(firefox), "SOON", 60)
    fail(firefox, UNANSWERED)
    leave(firefox, APP)
    answer(firefox, APP)  # of the next page
    firefox.pump(0)
    assert kinds(firefox) == ["console"]


def test_request_that_the_worker_fails_is_a_fault(firefox: Any) -> None:
    fail(firefox, UNANSWERED)
    firefox.pump(0)
    assert kinds(firefox) == ["error"]


def test_other_errors_of_a_page_that_was_left_are_told(firefox: Any) -> None:
    leave(firefox, APP)
    fail(firefox, "TypeError: can't access property 1 of undefined")
    assert kinds(firefox) == ["error"]
