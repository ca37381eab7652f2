"""What a browser tells of itself. Nobody types it, so what is wrong needs one sentence only."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError

from ...services import current_services
from ...services.push import are_keys

WRONG = "Этот браузер назвал адрес, на который мы не отправляем. Обновите его или включите уведомления в другом."


class SubscriptionForm(FlaskForm):
    endpoint = StringField(validators=[DataRequired(WRONG), Length(max=1000, message=WRONG)])
    p256dh = StringField(validators=[DataRequired(WRONG), Length(max=100, message=WRONG)])
    auth = StringField(validators=[DataRequired(WRONG), Length(max=40, message=WRONG)])

    def validate_endpoint(self, field: StringField) -> None:
        if not current_services.push.takes(field.data or ""):
            raise ValidationError(WRONG)

    def validate_auth(self, field: StringField) -> None:
        if not are_keys(self.p256dh.data or "", field.data or ""):
            raise ValidationError(WRONG)


class RenewalForm(SubscriptionForm):
    """From the service worker, which has no token: the old address is known to this device alone."""

    old = StringField(validators=[DataRequired(WRONG), Length(max=1000, message=WRONG)])

    class Meta:
        csrf = False
