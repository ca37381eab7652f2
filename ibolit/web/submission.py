"""A form that was sent: check it, do one verb, commit, answer; a broken rule stands next to its field.

if not form.validate_on_submit():
    return _form(form, 422)
with submission(form.stars) as sent:
    Review.give(consultation, form.stars.data)
if sent.is_refused:
    return _form(form, sent.status)
return go(…)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wtforms import Field

from ..errors import RuleViolation
from ..extensions import db


class Submission:
    """How it ended: done, or refused by a rule."""

    refusal: RuleViolation | None = None

    @property
    def is_refused(self) -> bool:
        return self.refusal is not None

    @property
    def status(self) -> int:
        """Of HTTP."""
        return 200 if self.refusal is None else self.refusal.status

    @property
    def sentence(self) -> str:
        """What the person reads; empty when nothing was refused."""
        return "" if self.refusal is None else self.refusal.sentence

    def tell(self, field: Field) -> None:
        """The sentence stands next to this field."""
        field.errors = [self.sentence]


@contextmanager
def submission(field: Field | None = None, *, refused_counts: bool = False) -> Iterator[Submission]:
    """Commits what the block does, its line in the audit log included.

    A RuleViolation ends the block: all it wrote is undone – or, when a refused try counts, kept –, and the rule's
    sentence stands next to `field`. What was loaded before is read anew then.
    """
    sent = Submission()
    try:
        yield sent
    except RuleViolation as refusal:
        db.session.commit() if refused_counts else db.session.rollback()
        sent.refusal = refusal
        if field is not None:
            sent.tell(field)
    else:
        db.session.commit()
