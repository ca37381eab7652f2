"""Open screens: after a commit the right people get the right fragments, and nobody else a thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browser import Browser
from factories import PASSWORD, attach, later, make_chat, make_doctor, open_hours, propose, say
from payment_steps import begin, buy, settle
from reading import one_line

from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.jobs import run_due
from ibolit.models import (
    AttachmentKind,
    AttachmentState,
    Chat,
    Consultation,
    ConsultationKind,
    Device,
    Doctor,
    RefundReason,
    TypeTerms,
    User,
    booking,
)
from ibolit.services import Services
from ibolit.services.payments import GatewayStatus
from ibolit.services.realtime import CloseCode, SocketQueue

Open = Callable[..., "Screen"]


class Screen:
    """What would travel to one open page."""

    def __init__(self, queue: SocketQueue) -> None:
        self.queue = queue

    def shown(self) -> str:
        """Everything since the last look."""
        pieces = []
        while (html := self.queue.take()) is not None:
            pieces.append(html)
        return "\n".join(pieces)


Three = tuple[Screen, Screen, Screen]


@pytest.fixture
def open_screen(services: Services) -> Iterator[Open]:
    opened: list[SocketQueue] = []

    def open(user: User, device_id: int = 0) -> Screen:
        opened.append(services.realtime.open(user.id, device_id))
        return Screen(opened[-1])

    yield open
    for queue in opened:
        services.realtime.close(queue)


@pytest.fixture
def three(open_screen: Open, patient: User, doctor: Doctor, stranger: User) -> tuple[Screen, Screen, Screen]:
    return open_screen(patient), open_screen(doctor.user), open_screen(stranger)


def post(browser: Browser, chat: Chat, text: str = "Болит голова", client_id: str = "abcdef123456") -> None:
    url = f"/chats/{chat.id}/messages"
    assert browser.post(url, {"text": text, "client_id": client_id}, htmx=True).status_code == 200


def test_voice_that_plays_now_is_shown_anew_to_both(chat: Chat, patient: User, three: Three) -> None:
    voice = attach(
        chat, patient, AttachmentKind.VOICE, state=AttachmentState.PREPARING, mimetype="audio/webm", name="голос.webm"
    )
    message = say(chat, patient, "", files=[voice])
    before = message.revision
    for screen in three:
        screen.shown()
    voice.mark_playable(2.5)
    chat.bump_revision(message)
    db.session.commit()
    author, reader, stranger = (screen.shown() for screen in three)
    assert stranger == ""
    for html in (author, reader):
        assert f'id="message-{message.id}"' in html
        assert f'data-revision="{before + 1}"' in html
        assert f"/files/{voice.id}/shown" in html


def test_message_reaches_the_two_and_nobody_else(as_patient: Browser, chat: Chat, three: Three) -> None:
    post(as_patient, chat)
    author, reader, stranger = (screen.shown() for screen in three)
    assert stranger == ""
    for html in (author, reader):
        assert 'id="message-1"' in html
        assert f'data-list="chat-{chat.id}-messages"' in html
        assert f'id="chat-{chat.id}-row"' in html
        assert "Болит голова" in html
    assert 'id="badge"' in reader
    assert 'id="badge"' not in author  # nothing has become unread to them


def test_author_sees_a_tick_and_the_reader_a_number(as_patient: Browser, chat: Chat, three: Three) -> None:
    post(as_patient, chat)
    author, reader, _ = (screen.shown() for screen in three)
    assert "message--mine" in author
    assert "ticks--sent" in author
    assert 'data-client-id="abcdef123456"' in author
    assert "Вы: Болит голова" in author
    assert "message--mine" not in reader
    assert "ticks" not in reader
    assert "data-client-id" not in reader
    assert "row--unread" in reader
    assert '<span class="pill">1' in reader
    assert re.search(r'id="badge" class="badge">\s*1<', reader)
    assert f'id="chat-{chat.id}-typing"' in reader


def test_every_open_screen_of_a_person_is_told(
    as_patient: Browser, chat: Chat, doctor: Doctor, open_screen: Open
) -> None:
    screens = [open_screen(doctor.user) for _ in range(3)]
    post(as_patient, chat)
    assert len({screen.shown() for screen in screens}) == 1
    assert "Болит" not in screens[0].shown()


def test_a_worker_without_a_request_draws_the_same(chat: Chat, doctor: Doctor, three: Three) -> None:
    say(chat, doctor.user, "Пора принять лекарство")
    assert f'href="/chats/{chat.id}#unread"' in three[0].shown()


def test_repeated_message_is_told_once(as_patient: Browser, chat: Chat, three: Three) -> None:
    post(as_patient, chat)
    three[1].shown()
    post(as_patient, chat)
    assert three[1].shown() == ""


def test_times_are_of_each_reader(as_patient: Browser, chat: Chat, doctor: Doctor, patient: User, three: Three) -> None:
    db.session.get_one(User, doctor.user_id).choose_zone("Asia/Vladivostok")
    db.session.commit()
    post(as_patient, chat)
    times = [re.findall(r"<time[^>]*>(\d\d:\d\d)<", screen.shown()) for screen in three[:2]]
    hours = [int(one[0][:2]) for one in times]
    assert (hours[1] - hours[0]) % 24 == 7


def test_refused_and_rolled_back_messages_are_told_to_nobody(
    as_patient: Browser, patient: User, doctor: Doctor, three: Three
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    letter: dict[str, object] = {"text": "Болит", "client_id": "abcdef123456"}
    assert as_patient.post(f"/chats/{chat.id}/messages", letter, htmx=True).status_code == 409
    db.session.get_one(Chat, chat.id).post(doctor.user, "Передумал", "abcdef123456")
    db.session.rollback()
    assert [screen.shown() for screen in three] == ["", "", ""]


def test_first_message_changes_strip_and_composer_of_both(
    as_patient: Browser, patient: User, doctor: Doctor, three: Three
) -> None:
    chat = make_chat(patient, doctor)
    post(as_patient, chat)
    for screen in three[:2]:
        html = screen.shown()
        assert f'id="chat-{chat.id}-strip"' in html
        assert "Бесплатно до" in html
        assert "data-stale" in html


def test_granted_days_open_the_patients_composer(patient: User, doctor: Doctor, three: Three) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    chat.prolong(7)
    db.session.commit()
    assert "Открыто до" in three[0].shown()
    assert three[2].shown() == ""


def test_receipts_reach_the_author_and_the_readers_other_screens(
    as_doctor: Browser, chat: Chat, patient: User, three: Three
) -> None:
    say(chat, patient)
    [screen.shown() for screen in three]
    as_doctor.post(f"/chats/{chat.id}/receipts", {"delivered_to": 1, "read_to": 0})
    author, *_ = [screen.shown() for screen in three]
    assert 'data-delivered-to="1" data-read-to="0"' in author
    as_doctor.post(f"/chats/{chat.id}/receipts", {"delivered_to": 1, "read_to": 1})
    author, reader, stranger = (screen.shown() for screen in three)
    revision = db.session.get_one(Chat, chat.id, populate_existing=True).revision
    assert f'data-revision="{revision}" data-delivered-to="1" data-read-to="1"' in one_line(author)
    assert 'id="badge"' not in author
    assert f'id="chat-{chat.id}-row"' in reader
    assert "row--unread" not in reader
    assert re.search(r'id="badge"[^>]* hidden', reader)
    assert stranger == ""


def test_same_receipts_again_are_told_to_nobody(as_doctor: Browser, chat: Chat, patient: User, three: Three) -> None:
    say(chat, patient)
    for _ in range(2):
        [screen.shown() for screen in three]
        as_doctor.post(f"/chats/{chat.id}/receipts", {"delivered_to": 1, "read_to": 1})
    assert [screen.shown() for screen in three] == ["", "", ""]


def test_opening_the_chat_tells_the_author_it_was_read(
    as_doctor: Browser, chat: Chat, patient: User, three: Three
) -> None:
    say(chat, patient)
    three[0].shown()
    as_doctor.get(f"/chats/{chat.id}")
    assert 'data-read-to="1"' in three[0].shown()


def test_typing_is_told_to_the_other_only(as_patient: Browser, as_doctor: Browser, chat: Chat, three: Three) -> None:
    as_patient.post(f"/chats/{chat.id}/typing")
    author, reader, stranger = (screen.shown() for screen in three)
    assert (author, stranger) == ("", "")
    assert "печатает…" in reader
    assert f'id="chat-{chat.id}-typing"' in reader
    as_doctor.post(f"/chats/{chat.id}/typing")
    assert "печатает…" in three[0].shown()


def test_who_may_not_write_does_not_type(as_patient: Browser, patient: User, doctor: Doctor, three: Three) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    assert as_patient.post(f"/chats/{chat.id}/typing").status_code == 204
    assert three[1].shown() == ""


def test_stranger_types_into_no_chat(as_stranger: Browser, chat: Chat, three: Three) -> None:
    assert as_stranger.post(f"/chats/{chat.id}/typing").status_code == 404
    assert [screen.shown() for screen in three] == ["", "", ""]


def test_patients_of_one_doctor_do_not_hear_each_other(
    as_patient: Browser, chat: Chat, stranger: User, doctor: Doctor, open_screen: Open
) -> None:
    make_chat(stranger, doctor, days_left=1)
    neighbour, colleague = open_screen(stranger), open_screen(make_doctor("Орлов Дмитрий").user)
    post(as_patient, chat)
    assert (neighbour.shown(), colleague.shown()) == ("", "")


def test_fragments_are_safe_and_hold_no_script(as_patient: Browser, chat: Chat, three: Three) -> None:
    post(as_patient, chat, "<script>alert(1)</script><img onerror=x>")
    for screen in three[:2]:
        html = screen.shown()
        assert "<script" not in html
        assert "<img onerror" not in html


# Money


def test_payer_sees_it_on_his_screens_and_the_doctor_only_the_time(patient: User, doctor: Doctor, three: Three) -> None:
    payment = begin(make_chat(patient, doctor, days_left=-1))
    settle(payment, GatewayStatus.WAITING)
    shown = [screen.shown() for screen in three]
    assert f'id="payment-{payment.id}-state"' in shown[0]
    assert f'id="payment-{payment.id}" class="card paid" data-list="payments"' in shown[0]
    assert f'id="payment-{payment.id}-way"' not in shown[0]  # whoever waits for the bank's page asks by himself
    assert shown[1:] == ["", ""]
    settle(payment)
    payer, seller, stranger = (screen.shown() for screen in three)
    assert "Чат открыт до" in payer
    assert f'id="payment-{payment.id}-way"' in payer
    assert stranger == ""
    assert "payment-" not in seller
    assert "2\u00a0500" not in seller
    for html in (payer, seller):
        assert html.count('<article id="message-') == 1
        assert "Чат продлён до" in html
        assert f'id="chat-{payment.chat_id}-strip"' in html
        assert "data-stale" in html


def test_worker_draws_a_payment_without_a_request(chat: Chat, patient: User, open_screen: Open) -> None:
    screen = open_screen(patient)
    settle(begin(chat), GatewayStatus.CANCELLED, reason="insufficient_funds")
    html = screen.shown()
    assert "не хватило денег" in html
    assert "mailto:support@ibolit.pro" in html
    assert "csrf" not in html


def test_refund_is_told_to_the_payer(chat: Chat, three: Three, as_patient: Browser, doctor: Doctor) -> None:
    payment = buy(chat)
    [screen.shown() for screen in three]
    payment.refund(500_00, RefundReason.OPERATOR)
    db.session.commit()
    payer, seller, stranger = (screen.shown() for screen in three)
    assert "Возвращаем 500" in payer
    assert "Возвращаем" not in seller
    assert stranger == ""


# Sockets end with the device


def test_exit_ends_the_sockets_of_this_device_only(as_patient: Browser, patient: User, open_screen: Open) -> None:
    assert as_patient.device is not None
    mine, other = open_screen(patient, as_patient.device.id), open_screen(patient, 999)
    as_patient.post("/logout")
    assert mine.queue.close_code == CloseCode.SIGNED_OUT
    assert other.queue.close_code is None


def test_device_ended_from_afar_is_cut_off_at_once(
    as_patient: Browser, patient: User, open_screen: Open, clinic: object
) -> None:
    lost, _ = Device.register(patient, "Потерянный телефон")
    db.session.commit()
    screen = open_screen(patient, lost.id)
    as_patient.post(f"/profile/devices/{lost.id}/end")
    assert screen.queue.close_code == CloseCode.SIGNED_OUT


def test_new_password_cuts_off_the_others(as_patient: Browser, patient: User, open_screen: Open) -> None:
    assert as_patient.device is not None
    mine = open_screen(patient, as_patient.device.id)
    lost, _ = Device.register(patient, "Потерянный телефон")
    db.session.commit()
    screen = open_screen(patient, lost.id)
    as_patient.post("/profile/password", {"current": PASSWORD, "password": "new horse battery"})
    assert screen.queue.close_code == CloseCode.SIGNED_OUT
    assert mine.queue.close_code is None


def test_ending_that_is_rolled_back_cuts_nobody_off(patient: User, open_screen: Open) -> None:
    device, _ = Device.register(patient, "Телефон")
    db.session.commit()
    screen = open_screen(patient, device.id)
    device.end()
    db.session.rollback()
    assert screen.queue.close_code is None


# Consultations


def test_card_is_told_to_both_and_to_nobody_else(three: Three, chat: Chat) -> None:
    of_patient, of_doctor, of_stranger = three
    consultation = propose(chat)
    told = of_patient.shown()
    assert f'id="message-{consultation.message_id}"' in told
    assert ">Подтвердить</button>" in told
    of_doctor.shown()
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    for screen in (of_patient, of_doctor):
        told = screen.shown()
        assert f'id="consultation-{consultation.id}"' in told
        assert f'data-chat="{chat.id}" data-revision="{consultation.message.revision}"' in told
    assert of_stranger.shown() == ""


def test_token_of_who_pressed_is_told_to_nobody(as_patient: Browser, three: Three, chat: Chat) -> None:
    consultation_id = propose(chat).id
    consultation = db.session.get_one(Consultation, consultation_id)
    for screen in three:
        screen.shown()
    as_patient.post(f"/consultations/{consultation_id}/confirmation", {"expected": epoch(consultation.starts_at)})
    for screen in three[:2]:
        told = screen.shown()
        assert "<form" in told or "disabled" in told
        assert "csrf" not in told


def test_worker_draws_a_card_without_a_request(three: Three, chat: Chat) -> None:
    propose(chat)
    for screen in three:
        screen.shown()
    later(hours=3)
    assert run_due() > 0
    assert "Не подтверждена вовремя" in three[0].shown()


def test_both_are_led_to_the_call(three: Three, chat: Chat) -> None:
    consultation = propose(chat)
    consultation.confirm(consultation.patient, consultation.starts_at)
    later(hours=1, minutes=55)
    consultation.mark_ready(consultation.patient)
    db.session.commit()
    for screen in three:
        assert "data-go" not in screen.shown()
    consultation.mark_ready(consultation.doctor.user)
    db.session.commit()
    for screen in three[:2]:
        assert f'data-go="/consultations/{consultation.id}/call"' in screen.shown()
    assert three[2].shown() == ""


def test_money_shows_on_the_card_of_both(three: Three, chat: Chat) -> None:
    consultation = propose(chat, price=1500_00)
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    db.session.commit()
    settle(payment)
    for screen in three[:2]:
        assert "Оплачено" in screen.shown()
    payment.refund(payment.refundable, RefundReason.OPERATOR)
    db.session.commit()
    for screen in three[:2]:
        told = screen.shown()
        assert "Отменена" in told
        assert "Деньги возвращаются" in told


def test_chat_opens_for_the_consultation_on_both_screens(three: Three, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    consultation = propose(chat)
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    assert f'id="chat-{chat.id}-strip"' in three[0].shown()


# Free times: which are free is no secret


def test_lapsed_hold_is_told_to_every_open_page(three: Three, patient: User, doctor: Doctor) -> None:
    """When it is taken, and when the worker finds that nobody has paid: whose page shows the times asks for them."""
    (type,) = open_hours(doctor, TypeTerms("Первичная", ConsultationKind.VIDEO, 30, 1500_00), begins=0, ends=24)
    told = f'<i hidden data-free-times="{doctor.id}"></i>'
    assert all(told in screen.shown() for screen in three)
    slot = booking.first_free_times(doctor, type, 3)[-1]  # the first would be too near when the hold has lapsed
    booking.book(patient, doctor, booking.terms_of(type, slot.starts_at), "press-0001")
    db.session.commit()
    assert three[2].shown() == told
    later(minutes=16)
    run_due()
    assert three[2].shown() == told
    assert booking.is_free(doctor, type, slot.starts_at)


def test_doctor_who_offers_nothing_is_not_spoken_of(three: Three, chat: Chat) -> None:
    propose(chat)
    assert "data-free-times" not in "".join(screen.shown() for screen in three)
