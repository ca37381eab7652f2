"""«Заключение»: written by the doctor, kept while it is written, read and printed by both."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
import samples
from browser import Browser
from consultation_steps import StillClock, ready
from factories import make_chat, make_doctor, propose
from flask import Flask
from reading import one_line, plain
from started_consultations import completed_consultation, consultation_in_progress
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Card,
    Chat,
    Conclusion,
    ConclusionDraft,
    Consultation,
    Doctor,
    Message,
    SignatureKind,
    User,
)
from ibolit.services import clock

TEXT = "Жалобы:\nБолит голова.\n\nРекомендации:\nОтдыхайте."


@pytest.fixture
def over(chat: Chat) -> Consultation:
    return completed_consultation(chat)


def url(consultation: Consultation, end: str = "conclusion") -> str:
    return f"/consultations/{consultation.id}/{end}"


def give(browser: Browser, consultation: Consultation, *, htmx: bool = False, **more: object) -> TestResponse:
    form = {"text": TEXT, "seen": 0, "client_id": "client-0001"} | more
    return browser.post(url(consultation, "conclusion/new"), form, htmx=htmx)


def save(browser: Browser, consultation: Consultation, *, htmx: bool = False, **more: object) -> TestResponse:
    return browser.post(url(consultation, "conclusion/draft"), {"text": TEXT, "seen": 0} | more, htmx=htmx)


def versions(consultation: Consultation) -> list[str]:
    db.session.remove()
    found = [one.text for one in Conclusion.all_of(db.session.get_one(Consultation, consultation.id))]
    db.session.commit()
    return found


def draft(consultation: Consultation) -> str | None:
    db.session.remove()
    found = ConclusionDraft.of(db.session.get_one(Consultation, consultation.id))
    db.session.commit()
    return found and found.text


def typed(page: TestResponse) -> str:
    """What stands in the field."""
    found = re.search(r'<textarea[^>]*name="text"[^>]*>\s?(.*?)</textarea>', page.text, re.DOTALL)
    assert found is not None
    return found[1].replace("\r\n", "\n").strip()


def value(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', one_line(page.text))
    assert found is not None
    return found[1]


def acts(*wanted: AuditAction) -> list[tuple[AuditAction, int | None, int | None, int | None]]:
    found = db.session.query(AuditEvent).where(AuditEvent.action.in_(wanted)).order_by(AuditEvent.id)
    return [(one.action, one.actor_id, one.subject_id, one.last) for one in found]


# Giving


def test_conclusion_is_given_and_both_read_it(
    as_doctor: Browser, as_patient: Browser, over: Consultation, doctor: Doctor
) -> None:
    answer = give(as_doctor, over)
    assert (answer.status_code, answer.location) == (303, url(over))
    assert versions(over) == [TEXT]
    for reader in (as_doctor, as_patient):
        page = reader.get(url(over))
        for words in ("<h3>Жалобы:</h3>", "<p>Болит голова.</p>", f"{doctor.user.name}, терапевт", "Анна Соколова"):
            assert words in page.text
        assert "не ставит первичный диагноз" in page.text
        assert "подтверждена по телефону" in page.text


def test_htmx_is_led_to_the_page(as_doctor: Browser, over: Consultation) -> None:
    answer = give(as_doctor, over, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, url(over))


def test_message_in_the_chat_carries_it(as_doctor: Browser, over: Consultation) -> None:
    give(as_doctor, over)
    message = db.session.query(Message).order_by(Message.id.desc()).first()
    assert message is not None
    assert (message.card, message.conclusion.version) == (Card.CONCLUSION, 1)


def test_double_click_gives_one_version(as_doctor: Browser, over: Consultation) -> None:
    assert [give(as_doctor, over).status_code for _ in "ab"] == [303, 303]
    assert versions(over) == [TEXT]


def test_double_press_with_files_leaves_one_of_each(as_doctor: Browser, over: Consultation) -> None:
    for _ in "ab":
        give(as_doctor, over, files=[(io.BytesIO(samples.txt()), "памятка.txt")])
    assert versions(over) == [TEXT]
    chat = db.session.get_one(Chat, over.chat_id)
    (message,) = [one for one in Message.page_of(chat) if one.card is Card.CONCLUSION]
    assert [one.name for one in message.attachments] == ["памятка.txt"]
    assert db.session.query(type(message.attachments[0])).count() == 1


@pytest.mark.parametrize("htmx", [True, False])
def test_second_tab_keeps_its_text_as_the_draft(as_doctor: Browser, over: Consultation, htmx: bool) -> None:
    give(as_doctor, over)
    answer = give(as_doctor, over, htmx=htmx, text="Гуляйте.", client_id="client-0002")
    assert answer.status_code == 409
    assert "вышла новая версия" in answer.text
    assert typed(answer) == draft(over) == "Гуляйте."
    assert versions(over) == [TEXT]
    again = {"text": "Гуляйте.", "seen": value(answer, "seen"), "client_id": value(answer, "client_id")}
    assert give(as_doctor, over, **again).status_code == 303
    assert versions(over) == [TEXT, "Гуляйте."]
    assert draft(over) is None


def test_back_and_another_text_are_not_lost(as_doctor: Browser, over: Consultation) -> None:
    give(as_doctor, over)
    answer = give(as_doctor, over, text="Гуляйте.")
    assert answer.status_code == 409
    assert draft(over) == "Гуляйте."


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"text": ""}, "Напишите заключение."),
        ({"text": "я" * 20_001}, "длиннее 20 000 знаков"),
        ({"client_id": "короткий"}, "Обновите страницу"),
    ],
)
def test_wrong_form_says_what_is_wrong(
    as_doctor: Browser, over: Consultation, form: dict[str, object], sentence: str, htmx: bool
) -> None:
    answer = give(as_doctor, over, htmx=htmx, **form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert typed(answer) == form.get("text", TEXT)
    assert ("<html" in answer.text) is not htmx
    assert versions(over) == []


def test_empty_template_is_no_conclusion(as_doctor: Browser, over: Consultation) -> None:
    text = typed(as_doctor.get(url(over, "conclusion/new?template=first")))
    assert "Жалобы:" in text
    assert give(as_doctor, over, text=text).status_code == 422


def test_empty_headings_are_asked_about_before_it_goes_out(as_doctor: Browser, over: Consultation) -> None:
    text = "Жалобы:\nБолит голова.\n\nАнамнез:\n\nРекомендации:\n  \n"
    asked = give(as_doctor, over, text=text, files=[(io.BytesIO(samples.txt()), "памятка.txt")])
    assert asked.status_code == 200
    assert "Отправить так?" in asked.text
    assert "Ничего не написано под заголовками «Анамнез» и «Рекомендации»." in one_line(asked.text)
    assert (versions(over), typed(asked)) == ([], text.strip())
    assert "памятка.txt" in asked.text
    assert "Отправить пациенту" not in asked.text
    confirmed = value(asked, "confirmed")
    other = give(as_doctor, over, text=text + "Отдыхайте.", confirmed=confirmed)
    assert "под заголовком «Анамнез»." in one_line(other.text)
    assert versions(over) == []
    assert give(as_doctor, over, text=text, confirmed=confirmed).status_code == 303
    assert versions(over) == [text.strip()]


@pytest.mark.parametrize("text", [TEXT, "Всё хорошо.", "Рекомендации: отдыхать", "Принимать так:\n1 таблетку"])
def test_what_has_no_empty_heading_goes_out_at_once(as_doctor: Browser, over: Consultation, text: str) -> None:
    assert give(as_doctor, over, text=text).status_code == 303


def test_file_that_is_refused_keeps_the_text_and_the_others(as_doctor: Browser, over: Consultation) -> None:
    files = [(io.BytesIO(samples.txt()), "памятка.txt"), (io.BytesIO(b""), "пусто.pdf")]
    answer = give(as_doctor, over, files=files)
    assert answer.status_code == 422
    assert "«пусто.pdf»: Файл пустой." in answer.text
    assert typed(answer) == TEXT
    key = value(answer, "uploads")
    assert give(as_doctor, over, uploads=key).status_code == 303
    page = as_doctor.get(url(over)).text
    assert "памятка" in page
    assert "Приложены файлы" in page


def test_not_before_the_end(as_doctor: Browser, chat: Chat) -> None:
    consultation = consultation_in_progress(chat)
    for answer in (
        as_doctor.get(url(consultation, "conclusion/new")),
        give(as_doctor, consultation),
    ):
        assert answer.status_code == 409
        assert "Сначала завершите консультацию" in answer.text
    assert versions(consultation) == []
    assert (
        save(as_doctor, consultation).location == f"/consultations/{consultation.id}"
    )  # what is noted meanwhile is a draft


def test_not_of_one_that_only_was_proposed(as_doctor: Browser, chat: Chat) -> None:
    proposed = propose(chat)
    assert as_doctor.get(url(proposed, "conclusion/new")).status_code == 409
    assert save(as_doctor, proposed).status_code == 409


def test_only_its_doctor_writes(
    clinic: Flask, as_patient: Browser, as_stranger: Browser, over: Consultation, patient: User
) -> None:
    other = make_doctor("Лебедев Михаил Аркадьевич")
    make_chat(patient, other, days_left=1)
    for somebody in (as_patient, as_stranger, Browser(clinic, other.user)):
        assert somebody.get(url(over, "conclusion/new")).status_code == 404
        assert give(somebody, over).status_code == 404
        assert save(somebody, over).status_code == 404


def test_it_is_noted_who_gave_it(as_doctor: Browser, over: Consultation, doctor: Doctor) -> None:
    give(as_doctor, over)
    assert acts(AuditAction.CONCLUSION_GIVEN) == [(AuditAction.CONCLUSION_GIVEN, doctor.user_id, over.id, 1)]


# Corrections


def test_correction_begins_with_the_last_version(as_doctor: Browser, as_patient: Browser, over: Consultation) -> None:
    give(as_doctor, over)
    form = as_doctor.get(url(over, "conclusion/new"))
    assert typed(form) == TEXT
    assert "Вы исправляете версию 1" in form.text
    give(as_doctor, over, text="Иначе.", seen=value(form, "seen"), client_id="client-0002")
    newest, old = as_patient.get(url(over)), as_patient.get(url(over) + "?version=1")
    assert "<p>Иначе.</p>" in newest.text
    assert "Это старая версия" not in newest.text
    assert "<p>Болит голова.</p>" in old.text
    assert "Это старая версия" in old.text
    assert f'href="{url(over)}?version=1"' in newest.text


@pytest.mark.parametrize("version", ["2", "0", "-1"])
def test_unknown_version_is_404(as_doctor: Browser, over: Consultation, version: str) -> None:
    give(as_doctor, over)
    assert as_doctor.get(f"{url(over)}?version={version}").status_code == 404
    assert as_doctor.get(f"{url(over, 'conclusion.pdf')}?version={version}").status_code == 404


def test_no_conclusion_is_404(as_doctor: Browser, over: Consultation) -> None:
    assert as_doctor.get(url(over)).status_code == 404
    assert as_doctor.get(url(over, "conclusion.pdf")).status_code == 404


# Drafts


def test_draft_survives_and_another_device_has_it(
    clinic: Flask, as_doctor: Browser, over: Consultation, doctor: Doctor
) -> None:
    answer = save(as_doctor, over, htmx=True)
    assert answer.status_code == 200
    assert "Черновик сохранён в" in answer.text
    elsewhere = Browser(clinic, doctor.user).get(url(over, "conclusion/new"))
    assert typed(elsewhere) == TEXT
    assert "Черновик сохранён в" in elsewhere.text


def test_draft_without_scripts(as_doctor: Browser, over: Consultation) -> None:
    answer = save(as_doctor, over)
    assert (answer.status_code, answer.location) == (303, url(over, "conclusion/new"))
    assert draft(over) == TEXT


def test_button_that_saves_without_scripts_is_on_the_page(as_doctor: Browser, over: Consultation) -> None:
    page = one_line(as_doctor.get(url(over, "conclusion/new")).text)
    assert f'formaction="{url(over, "conclusion/draft")}" formenctype="application/x-www-form-urlencoded"' in page


def test_draft_goes_when_it_is_given(as_doctor: Browser, over: Consultation) -> None:
    save(as_doctor, over)
    give(as_doctor, over)
    assert draft(over) is None


@pytest.mark.parametrize("htmx", [True, False])
def test_autosave_of_an_old_tab_changes_nothing(as_doctor: Browser, over: Consultation, htmx: bool) -> None:
    give(as_doctor, over)
    answer = save(as_doctor, over, htmx=htmx, text="Гуляйте.")
    assert answer.status_code == 409
    assert "этот черновик не сохраняется" in answer.text
    assert draft(over) is None
    assert htmx or typed(answer) == "Гуляйте."


@pytest.mark.parametrize("htmx", [True, False])
def test_draft_that_is_too_long_is_refused(as_doctor: Browser, over: Consultation, htmx: bool) -> None:
    answer = save(as_doctor, over, htmx=htmx, text="я" * 20_001)
    assert answer.status_code == 422
    assert "длиннее 20 000 знаков" in answer.text
    assert draft(over) is None


# Templates


@pytest.mark.parametrize("word", ["first", "again", "tests"])
def test_template_fills_the_empty_field(as_doctor: Browser, over: Consultation, word: str) -> None:
    page = as_doctor.get(url(over, f"conclusion/new?template={word}"))
    for heading in ("Жалобы:", "Что обсудили:", "Рекомендации:", "Нужен ли очный приём:"):
        assert heading in typed(page)
    assert value(page, "template") == word


def test_template_gives_way_to_another_while_nothing_is_written(as_doctor: Browser, over: Consultation) -> None:
    first = as_doctor.get(url(over, "conclusion/new?template=first"))
    save(as_doctor, over, text=typed(first), template="first")
    assert "Что изменилось:" in typed(as_doctor.get(url(over, "conclusion/new?template=again")))


def test_template_never_takes_the_place_of_what_is_typed(as_doctor: Browser, over: Consultation) -> None:
    save(as_doctor, over)
    page = as_doctor.get(url(over, "conclusion/new?template=first"))
    assert typed(page) == TEXT
    assert "Шаблон не вставлен" in page.text


def test_unknown_template_is_none(as_doctor: Browser, over: Consultation) -> None:
    assert typed(as_doctor.get(url(over, "conclusion/new?template=other"))) == ""


# Reading


def pdf_of(answer: TestResponse) -> str:
    document = pypdfium2.PdfDocument(answer.data)
    try:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in document)
    finally:
        document.close()


def test_pdf_has_all_that_the_law_wants(
    as_doctor: Browser, as_patient: Browser, chat: Chat, change_settings: Callable[..., None]
) -> None:
    change_settings(clinic_name="Клиника", clinic_legal_name="ООО «Клиника»", clinic_licence="ЛО-77")
    consultation = completed_consultation(chat)
    consultation.doctor.licence = "Диплом 107718"
    db.session.commit()
    give(as_doctor, consultation, files=[(io.BytesIO(samples.txt()), "памятка.txt")])
    answer = as_patient.get(url(consultation, "conclusion.pdf"))
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="ibolit-{consultation.id}-v1.pdf"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    words = pdf_of(answer)
    wanted = ["Клиника", "ООО «Клиника»", "ЛО-77", "Иванова Елена Сергеевна", "Терапевт", "Диплом 107718"]
    wanted += ["Анна Соколова", "подтверждена по телефону", "Версия 1 от", "(МСК)", "Болит голова.", "памятка.txt"]
    wanted += ["не ставит первичный диагноз", "звоните 103 или 112", "Подпись врача ___"]
    assert [one for one in wanted if one not in words] == []


def test_it_says_when_it_really_was_and_was_sent(
    as_doctor: Browser, as_patient: Browser, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Agreed on for 14:00, begun at 14:07, ended at 14:31, written by 15:20; a correction has its own time."""
    still = StillClock(datetime(2026, 11, 25, 10, 55, tzinfo=UTC))
    monkeypatch.setattr(clock, "datetime", still)
    consultation = propose(chat, starts_at=still.moment + timedelta(minutes=5))
    consultation.confirm(consultation.patient, consultation.starts_at)
    still.go(minutes=12)
    ready(consultation, consultation.patient, consultation.doctor.user)
    still.go(minutes=24)
    consultation.end(consultation.doctor.user)
    db.session.commit()
    still.go(minutes=49)
    give(as_doctor, consultation)
    for shown in (
        plain(re.sub("<[^>]*>", " ", as_patient.get(url(consultation)).text)),
        pdf_of(as_patient.get(url(consultation, "conclusion.pdf"))),
    ):
        assert "25 ноября 2026, 14:07–14:31 (МСК)" in shown
        assert "Версия 1 отправлена пациенту 25 ноября 2026, 15:20 (МСК)" in shown
        assert "14:00" not in shown


def test_pdf_of_an_old_version(as_doctor: Browser, as_patient: Browser, over: Consultation) -> None:
    give(as_doctor, over)
    give(as_doctor, over, text="Иначе.", seen=1, client_id="client-0002")
    assert "Иначе." in pdf_of(as_patient.get(url(over, "conclusion.pdf")))
    old = as_patient.get(url(over, "conclusion.pdf?version=1"))
    assert "Болит голова." in pdf_of(old)
    assert "v1.pdf" in old.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (SignatureKind.SIMPLE, "простая электронная подпись"),
        (SignatureKind.ENHANCED, "усиленная неквалифицированная электронная подпись"),
        (SignatureKind.QUALIFIED, "усиленная квалифицированная электронная подпись"),
    ],
)
def test_signature_is_named_when_there_is_one(
    as_doctor: Browser, over: Consultation, kind: SignatureKind, words: str
) -> None:
    give(as_doctor, over)
    given = db.session.query(Conclusion).one()
    given.signature, given.signature_kind = "подпись", kind
    db.session.commit()
    assert f"Подпись врача: {words}" in as_doctor.get(url(over)).text
    assert f"Подпись врача: {words}" in pdf_of(as_doctor.get(url(over, "conclusion.pdf")))


def test_stranger_reads_nothing(as_doctor: Browser, as_stranger: Browser, over: Consultation) -> None:
    give(as_doctor, over)
    assert as_stranger.get(url(over)).status_code == 404
    assert as_stranger.get(url(over, "conclusion.pdf")).status_code == 404
    assert acts(AuditAction.CONCLUSION_READ) == []


def test_reading_is_noted_but_not_the_authors_own(
    as_doctor: Browser, as_patient: Browser, over: Consultation, patient: User
) -> None:
    give(as_doctor, over)
    for reader in (as_doctor, as_patient):
        reader.get(url(over))
        reader.get(url(over, "conclusion.pdf"))
    assert acts(AuditAction.CONCLUSION_READ) == [(AuditAction.CONCLUSION_READ, patient.id, over.id, 1)] * 2


def test_letters_of_html_are_letters(as_doctor: Browser, as_patient: Browser, over: Consultation) -> None:
    give(as_doctor, over, text="<script>alert(1)</script>")
    assert "<script>alert" not in as_patient.get(url(over)).text


# Where one finds it


def test_cards_lead_to_it(as_doctor: Browser, as_patient: Browser, over: Consultation) -> None:
    card = f"/consultations/{over.id}"
    assert f'href="{url(over, "conclusion/new")}"' in as_doctor.get(card).text
    assert "Врач напишет заключение" in as_patient.get(card).text
    assert f'href="{card}/review"' in as_patient.get(card).text
    give(as_doctor, over)
    for browser in (as_doctor, as_patient):
        assert f'href="{url(over)}"' in browser.get(card).text


def test_both_see_it_in_the_chat(as_doctor: Browser, as_patient: Browser, over: Consultation) -> None:
    give(as_doctor, over, files=[(io.BytesIO(samples.txt()), "памятка.txt")])
    give(as_doctor, over, text="Иначе.", seen=1, client_id="client-0002")
    for browser in (as_doctor, as_patient):
        page = browser.get(f"/chats/{over.chat_id}").text
        for version in (1, 2):
            assert f'href="{url(over)}?version={version}"' in page
            paper = browser.get(f"{url(over)}?version={version}").text
            assert f'href="{url(over, "conclusion.pdf")}?version={version}"' in paper
        assert "Заключение готово" in page
        assert "Заключение исправлено, версия 2" in page
        assert "памятка" in page
        assert re.search(r'<details class="told__files" [^>]*>', page)[0].endswith('files">')  # folded
