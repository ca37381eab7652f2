"""What every line of the audit log owes to «Кто смотрел мои данные»: whose data it were, and why."""

from __future__ import annotations

from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, AuditReason, Dependant, Role, User

# Of nobody's data: a doctor's own page, what the keeper of the server does, who is not here yet; and lists of many.
NOBODYS = {
    AuditAction.DOCTOR_ADDED,
    AuditAction.DOCTOR_CHANGED,
    AuditAction.OPERATOR_ADDED,
    AuditAction.CLINIC_COPIED,
    AuditAction.CLINIC_RESTORED,
    AuditAction.INVITED,
    AuditAction.INVITED_AGAIN,
    AuditAction.INVITATION_ENDED,
    AuditAction.INVITATIONS_LISTED,
    AuditAction.PATIENTS_IMPORTED,
    AuditAction.PROFILE_CHANGED,
    AuditAction.TARIFF_CHANGED,
    AuditAction.TIME_OFF_CHANGED,
    AuditAction.REFUNDS_LISTED,
}
# A patient's, when it is a patient who did it.
OF_ACCOUNTS = {
    AuditAction.SIGNED_IN,
    AuditAction.SIGNED_OUT,
    AuditAction.REGISTERED,
    AuditAction.PASSWORD_CHANGED,
    AuditAction.EMAIL_PROVED,
    AuditAction.ACCOUNT_FROZEN,
    AuditAction.ACCOUNT_THAWED,
    AuditAction.NUMBER_LEFT,
    AuditAction.NUMBER_GIVEN,
    AuditAction.DEVICE_ENDED,
    AuditAction.CONSENTED,
    AuditAction.CONSENT_WITHDRAWN,
    AuditAction.COPY_REQUESTED,
    AuditAction.COPY_TAKEN,
    AuditAction.INVITATION_ACCEPTED,
}
MAY_BE_MANY = {AuditAction.PAYMENTS_FOUND, AuditAction.ALERT_CLOSED}  # and an alert may be of the whole shop
BY_NOBODY_KNOWN = AuditAction.SIGN_IN_REFUSED
OF_PATIENTS = {*AuditAction} - NOBODYS - OF_ACCOUNTS - MAY_BE_MANY - {BY_NOBODY_KNOWN}
REASONS = {
    Role.PATIENT: {AuditReason.OWN},
    Role.DOCTOR: {AuditReason.OWN, AuditReason.CARE, AuditReason.STAND_IN},
    Role.OPERATOR: {AuditReason.OFFICE},
}


def check_audit_log(since: int = 0) -> list[AuditEvent]:
    """All lines after the number `since`, each held against these rules."""
    rows = list(db.session.scalars(db.select(AuditEvent).where(AuditEvent.id > since).order_by(AuditEvent.id)))
    for row in rows:
        _check(row)
    return rows


def _check(row: AuditEvent) -> None:
    patient = db.session.get(User, row.patient_id) if row.patient_id is not None else None
    actor = db.session.get(User, row.actor_id) if row.actor_id is not None else None
    told = f"{row.action} by {actor.role if actor else 'nobody'}"
    dependant = db.session.get(Dependant, row.dependant_id) if row.dependant_id is not None else None
    assert dependant is None or dependant.user_id == row.patient_id, f"{told} is about somebody else's dependant"
    assert (row.dependant_id is None) == (dependant is None), told
    assert dependant is not None or row.action is not AuditAction.FAMILY_CHANGED, told
    assert patient is None or patient.is_patient, f"{told} is of somebody who is no patient"
    if row.action in OF_PATIENTS:
        assert patient is not None, f"{told} names no patient"
    if row.action in NOBODYS:
        assert patient is None, f"{told} names a patient"
    if row.action in OF_ACCOUNTS and actor is not None:
        assert patient == (actor if actor.is_patient else None), f"{told} names another than who did it"
    if row.action is BY_NOBODY_KNOWN:
        assert row.reason is None
    elif actor is None:
        assert row.reason is AuditReason.CONSOLE, told
    else:
        assert row.reason in REASONS[actor.role], f"{told}: {row.reason}"
    if actor is not None and actor.is_doctor and patient is not None:
        assert row.reason is not AuditReason.OWN, f"{told} is no account of theirs"
