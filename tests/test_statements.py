"""Which tests of the doors PostgreSQL is asked, by the statements that each asks."""

from __future__ import annotations

import pytest
from statements import chosen, cover

SELECT, INSERT, UPDATE, DELETE = range(4)


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        ({}, set()),
        ({"words": set()}, set()),
        ({"one": {SELECT}, "two": {SELECT}}, {"one"}),
        ({"part": {SELECT}, "whole": {SELECT, INSERT}}, {"whole"}),
        ({"a": {SELECT, INSERT}, "b": {INSERT, UPDATE}, "c": {UPDATE, DELETE}}, {"a", "c"}),
        ({"a": {SELECT, INSERT, UPDATE}, "b": {UPDATE, DELETE}, "c": {SELECT}}, {"a", "b"}),
    ],
)
def test_few_ask_what_all_ask(asked: dict[str, set[int]], needed: set[str]) -> None:
    assert cover(asked) == needed


def test_each_is_asked_by_as_many_as_there_are() -> None:
    asked = {"a": {SELECT, INSERT}, "b": {SELECT}, "c": {SELECT}, "d": {SELECT}, "e": {INSERT}}
    assert chosen(asked, times=3) == {"a", "b", "c", "e"}
