"""What messages show instead of text, loaded for a whole page at once; a page without cards asks nothing more.

A noun that has a card registers how it is loaded: the chat knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm.attributes import set_committed_value

from .message import Card, Message


class Carried(Protocol):
    """What a message carries: it knows whose it is."""

    @property
    def message_id(self) -> int: ...


Loader = Callable[[Sequence[int]], Sequence[Carried]]  # given the ids of messages

_loaders: dict[Card, Loader] = {}


def register_card(card: Card, loader: Loader) -> None:
    _loaders[card] = loader


def refuse_unregistered() -> None:
    """Raises NotImplementedError at the start, not in the chat that is the first to show such a card."""
    missing = sorted(set(Card) - set(_loaders))
    if missing:
        raise NotImplementedError(f"cards that nobody has registered: {', '.join(missing)}")


def preload_cards(
    messages: Sequence[Message], beside: Mapping[Card, Collection[int]] | None = None
) -> dict[int, Carried]:
    """Each message's card is at hand under the card's own name: message.consultation, message.request.

    Answers with all of them by the ids of their messages, and with those of `beside`: of messages on other pages.
    """
    cards: dict[int, Carried] = {}
    for card, load in _loaders.items():
        carriers = {message.id: message for message in messages if message.card is card}
        wanted = carriers.keys() | (beside or {}).get(card, ())
        for thing in load([*wanted]) if wanted else ():
            cards[thing.message_id] = thing
            if thing.message_id in carriers:
                set_committed_value(carriers[thing.message_id], card.name.lower(), thing)
    return cards
