"""What a page says of a chat, a message and a file."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from factories import attach, make_chat, say

from ibolit.extensions import db
from ibolit.models import AttachmentKind, Chat, User
from ibolit.models.chats import AccessMode, ReceiptState, Shape

pytestmark = pytest.mark.usefixtures("clinic")

MOSCOW, VLADIVOSTOK = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Vladivostok")


def test_receipt_grows(chat: Chat, patient: User) -> None:
    message = say(chat, patient)
    assert chat.receipt_of(message, patient) is ReceiptState.SENT
    chat.update_receipts(chat.doctor.user, delivered_to=message.seq, read_to=0)
    db.session.commit()
    assert chat.receipt_of(message, patient) is ReceiptState.DELIVERED
    chat.update_receipts(chat.doctor.user, delivered_to=message.seq, read_to=message.seq)
    db.session.commit()
    assert chat.receipt_of(message, patient) is ReceiptState.READ


def test_message_opens_a_day_of_the_readers_calendar(chat: Chat, patient: User) -> None:
    first, second = say(chat, patient), say(chat, patient)
    first.sent_at = first.sent_at.replace(hour=13, minute=59)  # 23:59 in Vladivostok
    second.sent_at = first.sent_at + timedelta(minutes=1)
    assert first.opens_day(None, MOSCOW)
    assert not second.opens_day(first, MOSCOW)
    assert second.opens_day(first, VLADIVOSTOK)
    assert second.continues(first, MOSCOW)
    assert not second.continues(first, VLADIVOSTOK)
    assert not first.continues(None, MOSCOW)


def test_only_the_same_author_continues_and_only_for_five_minutes(chat: Chat, patient: User) -> None:
    first, second, answer = say(chat, patient), say(chat, patient), say(chat, chat.doctor.user)
    first.sent_at = first.sent_at.replace(hour=9, minute=0)
    second.sent_at = answer.sent_at = first.sent_at + timedelta(minutes=4, seconds=59)
    assert second.continues(first, MOSCOW)
    assert not answer.continues(first, MOSCOW)
    second.sent_at += timedelta(seconds=1)
    assert not second.continues(first, MOSCOW)


def test_new_are_the_others_from_the_first_unread_on(chat: Chat, patient: User) -> None:
    before, own, new = say(chat, chat.doctor.user), say(chat, patient), say(chat, chat.doctor.user)
    first_unread = own.seq
    assert [one.is_new_to(patient, first_unread) for one in (before, own, new)] == [False, False, True]


def test_link_to_an_old_message_leads_to_its_page(chat: Chat, patient: User) -> None:
    old = say(chat, patient)
    for _ in range(20):
        say(chat, patient)
    assert chat.page_with(old) is None
    say(chat, patient)
    assert chat.page_with(old) == old.seq + 20


@pytest.mark.parametrize(
    ("days_left", "access", "is_offered"),
    [(5, None, False), (0.5, None, True), (-1, None, True), (-1, AccessMode.UNLIMITED, False)],
)
def test_time_is_offered_to_the_patient_whose_time_is_scarce(
    patient: User, chat: Chat, days_left: float, access: AccessMode | None, is_offered: bool
) -> None:
    chat = make_chat(patient, chat.doctor, days_left=days_left, access=access)
    assert chat.offers_time_to(patient, chat.doctor.tariffs) is is_offered
    assert not chat.offers_time_to(chat.doctor.user, chat.doctor.tariffs)
    assert not chat.offers_time_to(patient, [])


def test_pictures_stand_apart_from_other_files(chat: Chat, patient: User) -> None:
    picture, plain = attach(chat, patient), attach(chat, patient, has_thumbnail=False)
    paper = attach(chat, patient, AttachmentKind.DOCUMENT, name="Выписка.docx")
    message = say(chat, patient, files=[picture, plain, paper])
    assert message.pictures == [picture]
    assert message.other_files == [plain, paper]


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((800, 600), Shape.WIDE),
        ((600, 800), Shape.TALL),
        ((640, 600), Shape.SQUARE),
        ((600, 640), Shape.SQUARE),
        ((None, 640), Shape.SQUARE),
    ],
)
def test_shape_of_a_picture(chat: Chat, patient: User, size: tuple[int | None, int | None], shape: Shape) -> None:
    assert attach(chat, patient, width=size[0], height=size[1]).shape is shape


@pytest.mark.parametrize(
    ("kind", "name", "extension"),
    [
        (AttachmentKind.DOCUMENT, "Выписка.docx", "DOCX"),
        (AttachmentKind.VIDEO, "a.mov", "MOV"),
        (AttachmentKind.DOCUMENT, "Выписка", ""),
        (AttachmentKind.DOCUMENT, "Анализы.от двенадцатого", ""),
        (AttachmentKind.PICTURE, "Фото.jpg", ""),
        (AttachmentKind.VOICE, "voice.m4a", ""),
    ],
)
def test_extension_says_the_type_where_nothing_else_does(
    chat: Chat, patient: User, kind: AttachmentKind, name: str, extension: str
) -> None:
    assert attach(chat, patient, kind, name=name).extension == extension


def test_film_of_an_upright_phone(chat: Chat, patient: User) -> None:
    assert attach(chat, patient, AttachmentKind.VIDEO, width=720, height=1280).is_upright
    assert not attach(chat, patient, AttachmentKind.VIDEO, width=1280, height=720).is_upright
    assert not attach(chat, patient, AttachmentKind.VIDEO, width=None, height=720).is_upright


def test_what_opens_by_its_card_is_offered_for_download_too(chat: Chat, patient: User) -> None:
    paper = attach(chat, patient, AttachmentKind.DOCUMENT, name="a.pdf", mimetype="application/pdf")
    table = attach(chat, patient, AttachmentKind.DOCUMENT, name="a.xlsx", mimetype="application/vnd.ms-excel")
    assert [one.opens_elsewhere for one in (paper, table)] == [True, False]
