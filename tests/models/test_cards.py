"""Cards of messages: a noun that has one registers how it is loaded."""

from __future__ import annotations

import pytest

from ibolit.models import Card
from ibolit.models.chats import cards


def test_every_card_has_a_loader() -> None:
    cards.refuse_unregistered()
    assert set(cards._loaders) == set(Card)


def test_card_without_a_loader_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(cards._loaders, Card.CONCLUSION)
    with pytest.raises(NotImplementedError, match="conclusion"):
        cards.refuse_unregistered()
