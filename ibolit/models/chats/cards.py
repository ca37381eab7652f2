"""What messages show instead of text, loaded for a whole page at once; a page without cards asks nothing more.

A noun that has a card registers how it is loaded: the chat knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

from .message import Card, Message

# Given the ids of messages; what it loads knows its own as `message_id`.
Loader = Callable[[Sequence[int]], Sequence[Any]]

_loaders: dict[Card, Loader] = {}


def register_card(card: Card, loader: Loader) -> None:
    _loaders[card] = loader


def refuse_unregistered() -> None:
    """Raises NotImplementedError at the start, not in the chat that is the first to show such a card."""
    missing = sorted(set(Card) - set(_loaders))
    if missing:
        raise NotImplementedError(f"cards that nobody has registered: {', '.join(missing)}")


def preload_cards(messages: Sequence[Message], pinned: int | None = None) -> Any:
    """Each message's card is at hand under the card's own name: message.consultation, message.request.

    `pinned`: the id of a message with a consultation that is told of beside the page; answered with that one.
    """
    told = None
    for card, load in _loaders.items():
        carriers = {message.id: message for message in messages if message.card is card}
        beside = {pinned} if pinned is not None and card is Card.CONSULTATION else set()
        for thing in load([*(carriers.keys() | beside)]) if carriers or beside else ():
            if thing.message_id in carriers:
                set_committed_value(carriers[thing.message_id], card.name.lower(), thing)
            told = thing if thing.message_id in beside else told
    return told
