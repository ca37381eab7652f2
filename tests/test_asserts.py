"""An assert of the house tells a reader, and mypy, what is so. It does nothing: `python -O` leaves it out."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "ibolit"
ASSERTS = [
    (path, node)
    for path in sorted(HOUSE.rglob("*.py"))
    if "assert" in (text := path.read_text())  # every test process reads this file
    for node in ast.walk(ast.parse(text))
    if isinstance(node, ast.Assert)
]


def is_only_a_comparison(test: ast.expr) -> bool:
    """Of names and what is behind their dots. A bare `payment.refunds` would be there to load them."""
    if isinstance(test, ast.Call):
        return ast.unparse(test.func) == "isinstance" and all(is_plain(one) for one in test.args)
    return isinstance(test, ast.Compare) and all(is_plain(one) for one in (test.left, *test.comparators))


def is_plain(value: ast.expr) -> bool:
    return isinstance(value, ast.Name | ast.Constant) or (isinstance(value, ast.Attribute) and is_plain(value.value))


@pytest.mark.parametrize(("path", "node"), ASSERTS, ids=lambda one: one.name if isinstance(one, Path) else "")
def test_no_assert_does_anything(path: Path, node: ast.Assert) -> None:
    assert is_only_a_comparison(node.test), f"{path.name}:{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize(
    "does",
    ["refund.payment.refunds", "db.session.get(User, 1)", "(user := load()) is not None", "payment.lock() is None"],
)
def test_what_loads_or_acts_is_found(does: str) -> None:
    (statement,) = ast.parse(f"assert {does}").body
    assert isinstance(statement, ast.Assert)
    assert not is_only_a_comparison(statement.test)


@pytest.mark.skipif(not sys.flags.optimize, reason="for the run with PYTHONOPTIMIZE=1")
def test_asserts_of_the_house_are_gone_and_those_of_the_tests_are_not() -> None:
    import without_asserts

    assert not __debug__
    with pytest.raises(AssertionError):
        without_asserts.fails()
    with pytest.raises(AssertionError):
        assert len("a") == 2
