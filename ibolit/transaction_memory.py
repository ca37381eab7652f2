"""What a session remembers for the length of one transaction: facts that were recorded, locks that are held.

A savepoint that is rolled back takes with it what was remembered within it, and nothing else: so does the database with
the rows that were written there and the locks that were taken there.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

Value = TypeVar("Value")
AnySession = Session | scoped_session[Any]

MEMORY, SAVEPOINTS = "transaction_memory", "transaction_memory_savepoints"  # in `Session.info`


class TransactionMemory(Generic[Value]):
    """One thing to remember. Its value is immutable and is replaced: a savepoint then only keeps the one before it."""

    def __init__(self, name: str, empty: Value) -> None:
        self._name = name
        self._empty = empty

    def read(self, session: AnySession) -> Value:
        value: Value = session.info.get(MEMORY, {}).get(self._name, self._empty)
        return value

    def write(self, session: AnySession, value: Value) -> None:
        session.info.setdefault(MEMORY, {})[self._name] = value


wrote = TransactionMemory("wrote", False)  # something that a commit makes others see


@event.listens_for(Session, "after_transaction_create")
def _begin(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(SAVEPOINTS, {})[transaction] = dict(session.info.get(MEMORY, {}))


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    savepoint = session.get_nested_transaction()
    if savepoint is not None:
        session.info[SAVEPOINTS].pop(savepoint)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """Whatever ended without a commit was rolled back; of one that is only closed no other event tells."""
    if transaction.parent is None:
        session.info.pop(MEMORY, None)
        session.info.pop(SAVEPOINTS, None)
    elif transaction.nested and transaction in session.info[SAVEPOINTS]:
        session.info[MEMORY] = session.info[SAVEPOINTS].pop(transaction)
        session.expire_all()  # some statements write past the unit of work, which would take back only its own
