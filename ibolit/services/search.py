"""Russian words for search: one stemming for the index and the query, whatever the database.

SQLite keeps the stems in an FTS5 table, PostgreSQL in a GIN index over to_tsvector('simple', stems); both are filled
by the database itself from message.stems, so text and index cannot part.
"""

from __future__ import annotations

from functools import lru_cache

import snowballstemmer
from sqlalchemy import ColumnElement, Connection, Select, column, func, select, table, text
from sqlalchemy.orm import InstrumentedAttribute

from ..normalization import WORD, normalised

MOST_WORDS = 12  # of a query; more would only slow it down
BEGINNING = 3  # letters from which a word may be the beginning of another

_fts = table("message_fts", column("rowid"), column("members"), column("stems"))


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return str(snowballstemmer.stemmer("russian").stemWord(word))


def stems(words: str) -> list[str]:
    return [_stem(word) for word in WORD.findall(normalised(words))]


def stemmed(words: str) -> str:
    """What is kept beside a message for the index."""
    return " ".join(stems(words))


def messages_matching(words: str, user_id: int, dialect: str) -> Select[tuple[int]] | None:
    """Ids of messages that hold every word in any of its forms, or a word that begins with it, and that, on SQLite,
    were written in this person's chats.

    None when there is nothing to look for. On PostgreSQL the caller's own filter by chats does the scoping.
    """
    wanted = list(dict.fromkeys(WORD.findall(normalised(words))))[:MOST_WORDS]
    if not wanted:
        return None
    if dialect == "postgresql":
        return _in_postgresql(wanted)
    quoted = " AND ".join(f"({' OR '.join(_in_fts(word))})" for word in wanted)
    match = f'members : "{user_id}" AND stems : ({quoted})'
    return select(_fts.c.rowid).where(text("message_fts MATCH :match").bindparams(match=match))


def forget_gone(connection: Connection) -> bool:
    """Takes some of what is not there any more out of SQLite's index, which keeps a word until its parts are merged;
    False when nothing is left to take out. Commit between the steps: nobody waits for all of them.

    PostgreSQL's index forgets with its tables' rows.
    """
    if connection.dialect.name != "sqlite":
        return False
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    connection.exec_driver_sql("INSERT INTO message_fts (message_fts, rank) VALUES ('merge', -200)")
    after = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return bool(after - before >= 2)  # as SQLite's documentation says of this command


def _in_fts(word: str) -> list[str]:
    """«головами»: its stem alone; «амокси»: what begins so, too. A stem is never a beginning: «бол» begins «больше»."""
    return [f'"{_stem(word)}"', *([f'"{word}" *'] if len(word) >= BEGINNING else [])]


def _in_tsquery(word: str) -> str:
    return f"({_stem(word)} | {word}:*)" if len(word) >= BEGINNING else _stem(word)


def _in_postgresql(wanted: list[str]) -> Select[tuple[int]]:
    message = table("message", column("id"), column("stems"))
    vector = func.to_tsvector(text("'simple'::regconfig"), message.c.stems)
    return select(message.c.id).where(
        vector.op("@@")(func.to_tsquery(text("'simple'::regconfig"), " & ".join(map(_in_tsquery, wanted))))
    )


def begins_a_word(key: InstrumentedAttribute[str], words: str) -> list[ColumnElement[bool]]:
    """One condition a typed word: some word of a `key_of` begins with it (and it may be its stem)."""
    typed = WORD.findall(normalised(words))[:MOST_WORDS]
    return [(" " + key).contains(" " + shorter(word), autoescape=True) for word in typed]


def shorter(word: str) -> str:
    """«кардиолога» should find «кардиолог», «кард» too; short beginnings stay as typed."""
    stem = _stem(word)
    return stem if len(stem) >= 4 else word
