"""What a call's page reports of itself."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField
from wtforms.validators import InputRequired, NumberRange

from ...models import CallPath, Quality

LONGEST = 6 * 3600


class ReportForm(FlaskForm):
    """One stretch of a call: what has happened since the page's last report."""

    seconds = IntegerField(validators=[InputRequired(), NumberRange(0, LONGEST)])
    setup_ms = IntegerField(default=0, validators=[NumberRange(0, LONGEST * 1000)])
    restarts = IntegerField(default=0, validators=[NumberRange(0, 10_000)])
    path = RadioField(choices=[*CallPath], default=CallPath.UNKNOWN)
    loss_permille = IntegerField(default=0, validators=[NumberRange(0, 1000)])
    rtt_ms = IntegerField(default=0, validators=[NumberRange(0, 600_000)])

    @property
    def quality(self) -> Quality:
        return Quality(
            seconds=self.seconds.data or 0,
            setup_ms=self.setup_ms.data or 0,
            restarts=self.restarts.data or 0,
            path=CallPath(self.path.data),
            loss_permille=self.loss_permille.data or 0,
            rtt_ms=self.rtt_ms.data or 0,
        )
