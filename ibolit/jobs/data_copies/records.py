"""The JSON of a copy: what its fields are called is a promise, written in docs/copy.md and asked by a test.

Moments are ISO 8601 in UTC, days are «2026-11-30», money is whole kopecks. What is not known is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...config import current_settings
from ...models import (
    Attachment,
    Chat,
    Conclusion,
    Consent,
    Consultation,
    Dependant,
    Device,
    Message,
    PatientFact,
    Payment,
    User,
)
from ...models.my_data import Look

FORMAT, VERSION = "ibolit-copy", 1
Record = dict[str, Any]


def head(made_at: datetime) -> Record:
    return {"format": FORMAT, "version": VERSION, "made_at": moment(made_at), "clinic": current_settings.clinic_name}


def person(user: User) -> Record:
    return {
        "name": user.name,
        "phone": user.phone,
        "email": user.email,
        "birth_date": user.birth_date.isoformat() if user.birth_date else None,
        "sex": user.sex,
        "timezone": user.timezone,
        "registered_at": moment(user.created_at),
    }


def consent(one: Consent) -> Record:
    return {
        "document": one.document,
        "edition": one.version,
        "text_sha256": one.text_hash,
        "accepted_at": moment(one.accepted_at),
        "address": one.address,
        "withdrawn_at": moment(one.withdrawn_at),
        "about": about(one.dependant),
    }


def device(one: Device) -> Record:
    return {"name": one.name, "first_seen_at": moment(one.created_at), "last_seen_at": moment(one.seen_at)}


def dependant(one: Dependant) -> Record:
    return {
        "name": one.name,
        "birth_date": one.birth_date.isoformat(),
        "sex": one.sex,
        "kind": one.kind,
        "relation": one.relation,
        "added_at": moment(one.created_at),
        "taken_off_at": moment(one.archived_at),
        "died_at": moment(one.died_at),
    }


def fact(one: PatientFact, dependants: Mapping[int, Dependant]) -> Record:
    return {
        "about": about(dependants.get(one.dependant_id or 0)),
        "kind": one.kind,
        "text": one.text,
        "author": one.author.name,
        "written_at": moment(one.created_at),
        "shared_at": moment(one.shared_at),
        "crossed_out": [
            {"by": strike.by.name, "at": moment(strike.struck_at), "undone_at": moment(strike.undone_at)}
            for strike in one.strikes
        ],
    }


def payment(one: Payment) -> Record:
    return {
        "number": one.id,
        "title": one.title,
        "doctor": one.chat.doctor.user.name,
        "amount": one.amount,
        "paid": one.paid,
        "refunded": one.refunded,
        "state": one.state,
        "created_at": moment(one.created_at),
        "paid_at": moment(one.paid_at),
        "refunds": [
            {
                "amount": refund.amount,
                "reason": refund.cause,
                "note": refund.note,
                "state": refund.state,
                "created_at": moment(refund.created_at),
                "done_at": moment(refund.done_at),
            }
            for refund in one.refunds
        ],
        "receipts": [
            {
                "storage": receipt.storage,
                "document": receipt.document,
                "sign": receipt.sign,
                "registered_at": moment(receipt.registered_at),
            }
            for receipt in one.receipts
        ],
    }


def chat(one: Chat, folder: str, messages: int, files: int) -> Record:
    return {
        "folder": folder,
        "doctor": one.doctor.user.name,
        "specialty": one.doctor.specialty,
        "began_at": moment(one.created_at),
        "open_until": moment(one.open_until),
        "about": about(one.dependant),
        "is_former": one.is_former,
        "messages": messages,
        "files": files,
    }


def message(one: Message, author: str | None, role: str, files: Mapping[int, str]) -> Record:
    return {
        "number": one.seq,
        "sent_at": moment(one.sent_at),
        "author": author,
        "role": role,
        "text": one.text,
        "card": one.card,
        "answers": one.quoted_seq,
        "recalled_at": moment(one.recalled_at),
        "files": [attachment(file, files.get(file.id)) for file in one.attachments],
    }


def attachment(one: Attachment, path: str | None) -> Record:
    """`path` in the copy; null where the clinic's storage has lost it."""
    return {
        "number": one.id,
        "name": one.name,
        "kind": one.kind,
        "type": one.mimetype,
        "size": one.size,
        "seconds": one.seconds,
        "path": path,
    }


def consultation(one: Consultation, paths: Mapping[int, str]) -> Record:
    form, review = one.questionnaire, one.review
    return {
        "number": one.id,
        "kind": one.kind,
        "title": one.title,
        "state": one.state_now,
        "starts_at": moment(one.starts_at),
        "ends_at": moment(one.ends_at),
        "began_at": moment(one.started_at),
        "ended_at": moment(one.ended_at),
        "price": one.price,
        "note": one.note,
        "form": {
            "complaint": form.chief_complaint,
            "onset": form.onset,
            "severity": form.severity,
            "medicines": form.medications,
            "allergies": form.allergies,
            "illnesses": form.illnesses,
            "sent_at": moment(form.created_at),
            "changed_at": moment(form.updated_at),
        }
        if form
        else None,
        "review": {"stars": review.stars, "words": review.words, "given_at": moment(review.created_at)}
        if review
        else None,
        "conclusions": [conclusion(version, paths[version.id]) for version in one.conclusions],
    }


def conclusion(one: Conclusion, path: str) -> Record:
    return {
        "edition": one.version,
        "text": one.text,
        "given_at": moment(one.created_at),
        "files": [file.id for file in one.files],
        "path": path,
    }


def look(one: Look, what: str, why: str, who: str) -> Record:
    return {
        "at": moment(one.at),
        "who": who,
        "role": one.who.role if one.who else None,
        "action": one.event.action,
        "what": what,
        "why": why,
        "doctor": one.chat.doctor.user.name if one.chat else None,
        "file": one.file.name if one.file else None,
        "consultation": one.consultation.id if one.consultation else None,
        "about": about(one.about),
    }


def about(one: Dependant | None) -> str | None:
    """Whom it is about, where that is not the patient; by their name, as it may differ from a list of today."""
    return one.name if one else None


def moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
