"""What stood on the page when a time was booked: nothing else is booked than that."""

from __future__ import annotations

from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import HiddenField

from ...models import BookingTerms, ConsultationKind
from ...web.fields import ClientIdField, epoch_field, hidden_number, moment_of
from ...web.subjects import SubjectField
from ...web.text_filters import one_line


class BookingForm(FlaskForm):
    """`warned_of`: the person's own consultation at that time, which they have been told of."""

    kind = HiddenField(filters=[one_line])
    minutes = hidden_number(digits=4)
    price = hidden_number(digits=12)
    refund_hours = hidden_number(digits=4)
    client_id = ClientIdField(action="запишитесь")
    warned_of = hidden_number()
    subject = SubjectField("Для кого")

    def expected(self, type_id: int, start: datetime) -> BookingTerms | None:
        """None for what no page of ours has shown."""
        if self.kind.data not in list(ConsultationKind):
            return None
        kind = ConsultationKind(self.kind.data)
        return BookingTerms(type_id, start, kind, self.minutes.data, self.price.data, self.refund_hours.data)


class MoveForm(FlaskForm):
    """`expected`: the agreed start that stood on the page."""

    expected = epoch_field()

    @property
    def agreed_start(self) -> datetime:
        return moment_of(self.expected.data or 0)
