"""How received files look in the chat, one picture's page, and «Файлы»."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import attach, make_chat, make_doctor, say
from reading import one_line
from sqlalchemy import select

from ibolit.extensions import db
from ibolit.models import AttachmentKind, AttachmentState, AuditAction, AuditEvent, Chat, Doctor, Message, User
from ibolit.services import clock

pytestmark = pytest.mark.any_database

PDF = {"name": "Анализы.pdf", "mimetype": "application/pdf"}


def bubble(browser: Browser, message: Message) -> str:
    page = browser.get(f"/chats/{message.chat_id}").text
    found = re.search(rf'<article id="message-{message.id}".*?</article>', page, re.DOTALL)
    assert found is not None
    return found.group()


@pytest.mark.parametrize(
    ("size", "box"), [((640, 480), "wide"), ((480, 640), "tall"), ((500, 480), "square"), ((None, None), "square")]
)
def test_one_picture_has_a_box_of_its_shape(
    as_patient: Browser, chat: Chat, doctor: Doctor, size: tuple[int | None, int | None], box: str
) -> None:
    picture = attach(chat, doctor.user, width=size[0], height=size[1])
    html = bubble(as_patient, say(chat, doctor.user, "Посмотрите", files=[picture]))
    assert f'class="picture picture--{box}" href="/files/{picture.id}/view"' in one_line(html)
    assert f'src="/files/{picture.id}/thumbnail"' in html
    assert "Посмотрите" in html


@pytest.mark.parametrize(("count", "halves"), [(2, 2), (3, 0), (4, 4), (5, 2), (6, 0), (7, 4), (8, 2), (9, 0), (10, 4)])
def test_rows_of_an_album_are_full(as_patient: Browser, chat: Chat, patient: User, count: int, halves: int) -> None:
    html = bubble(as_patient, say(chat, patient, "", files=[attach(chat, patient) for _ in range(count)]))
    assert html.count("album__tile ") + html.count('album__tile"') == count
    assert html.count("album__tile--half") == halves


def test_photo_is_not_called_an_original(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    """A phone makes it smaller before it is sent, and the place where it was taken is removed."""
    picture = attach(chat, doctor.user)
    say(chat, doctor.user, "", files=[picture])
    page = as_patient.get(f"/files/{picture.id}/view").text
    assert "ригинал" not in page
    assert "Скачать, <span" in one_line(page)


def test_pdf_opens_and_other_documents_are_kept(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    paper = attach(chat, doctor.user, AttachmentKind.DOCUMENT, has_thumbnail=True, **PDF)
    table = attach(
        chat, doctor.user, AttachmentKind.DOCUMENT, name="Давление.xlsx", mimetype="application/vnd.ms-excel"
    )
    html = bubble(as_patient, say(chat, doctor.user, "", files=[paper, table]))
    assert f'href="/files/{paper.id}/shown" title="Анализы.pdf" target="_blank" rel="noopener"' in one_line(html)
    assert f'src="/files/{paper.id}/thumbnail"' in html
    assert f'href="/files/{table.id}" title="Давление.xlsx"' in one_line(html)
    assert "PDF · 1,2\u00a0МБ" in html


@pytest.mark.parametrize("mimetype", ["image/gif", "image/webp"])
def test_picture_that_moves_says_so_and_moves(as_patient: Browser, chat: Chat, doctor: Doctor, mimetype: str) -> None:
    """Where an engine does not know WebP, or <picture>, the still copy stands, with the words."""
    moving = attach(chat, doctor.user, width=320, height=240, mimetype=mimetype, seconds=0.8)
    still = attach(chat, doctor.user, width=320, height=240, mimetype=mimetype)
    assert "Движется" in bubble(as_patient, say(chat, doctor.user, "", files=[moving]))
    assert "Движется" not in bubble(as_patient, say(chat, doctor.user, "", files=[still]))
    page = as_patient.get(f"/files/{moving.id}/view").text
    assert re.search(rf'<source type="{mimetype}"\s+srcset="/files/{moving.id}">', page)
    assert re.search(rf'src="/files/{moving.id}/shown"\s+alt="Движущаяся картинка', page)
    assert "Если здесь она стоит, скачайте её" in page
    assert "движ" not in as_patient.get(f"/files/{still.id}/view").text.lower()


@pytest.mark.parametrize(
    ("size", "shape"),
    [((962, 12_474), "--tall"), ((9797, 1224), "--wide"), ((640, 480), ""), ((None, None), "")],
)
def test_strip_is_scrolled_on_its_page(
    as_patient: Browser, chat: Chat, doctor: Doctor, size: tuple[int | None, int | None], shape: str
) -> None:
    strip = attach(chat, doctor.user, width=size[0], height=size[1])
    say(chat, doctor.user, "", files=[strip])
    page = as_patient.get(f"/files/{strip.id}/view").text
    expected = f"viewer__sheet viewer__sheet{shape}" if shape else "viewer__sheet"
    assert f'<div class="{expected}">' in page


def test_name_is_text(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    sly = attach(chat, doctor.user, AttachmentKind.DOCUMENT, name='"><b>жирный</b>.txt', mimetype="text/plain")
    html = bubble(as_patient, say(chat, doctor.user, "", files=[sly]))
    assert "<b>жирный" not in html
    assert "&lt;b&gt;жирный" in html


@pytest.mark.parametrize(
    ("state", "shown", "words"),
    [
        (AttachmentState.READY, True, 'data-behaviour="voice"'),
        (AttachmentState.PREPARING, False, "Готовим запись…"),
        (AttachmentState.DOWNLOAD_ONLY, False, "Скачать"),
    ],
)
def test_voice_message(
    as_patient: Browser, chat: Chat, doctor: Doctor, state: AttachmentState, shown: bool, words: str
) -> None:
    voice = attach(
        chat, doctor.user, AttachmentKind.VOICE, name="voice.webm", state=state, has_shown=shown, seconds=125.0
    )
    html = bubble(as_patient, say(chat, doctor.user, "", files=[voice]))
    assert words in html
    assert "2:05" in html
    assert (f'src="/files/{voice.id}/shown"' in html) is shown  # the worker has not made it yet


def test_film_that_does_not_play_is_only_downloaded(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    known = {"name": "Видео.mov", "mimetype": "video/quicktime", "has_thumbnail": True, "seconds": 34.0}
    plays, not_ = (attach(chat, doctor.user, AttachmentKind.VIDEO, plays=plays, **known) for plays in (True, False))
    html = bubble(as_patient, say(chat, doctor.user, "", files=[plays, not_]))
    assert f'<video class="video__box" src="/files/{plays.id}/shown" poster="/files/{plays.id}/thumbnail"' in one_line(
        html
    )
    assert f'src="/files/{not_.id}/shown"' not in html
    assert html.count("Здесь это видео не проигрывается") == 2
    assert html.count('class="video__cannot" hidden') == 1
    assert html.count(">Скачать") == html.count("</svg>Скачать") == 2


def test_music_plays_by_the_browsers_own(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    music = attach(chat, doctor.user, AttachmentKind.AUDIO, name="Сон.mp3", mimetype="audio/mpeg", seconds=61.0)
    html = bubble(as_patient, say(chat, doctor.user, "", files=[music]))
    assert f'<audio class="sound" src="/files/{music.id}/shown" controls preload="none">' in html
    assert f'href="/files/{music.id}"' in html


def test_lists_show_the_gist(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user, "", files=[attach(chat, doctor.user, AttachmentKind.DOCUMENT, **PDF)])
    assert "Файл: Анализы.pdf" in as_patient.get("/messages").text
    assert "Файл: Анализы.pdf" in as_patient.post("/messages/search", {"q": "анализы"}, htmx=True).text


# One picture


def test_pictures_page_leads_on_and_back(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    first, second, paper = (
        attach(chat, patient),
        attach(chat, patient),
        attach(chat, patient, AttachmentKind.DOCUMENT, **PDF),
    )
    message = say(chat, patient, "", files=[first, second])
    say(chat, patient, "", files=[paper])
    third = attach(chat, doctor.user, name="Рентген.jpg")
    say(chat, doctor.user, "", files=[third])
    page = as_patient.get(f"/files/{second.id}/view").text
    assert f'href="/files/{first.id}/view" rel="prev"' in page
    assert f'href="/files/{third.id}/view" rel="next"' in page
    assert f'href="/chats/{chat.id}#message-{message.id}"' in page
    assert f'src="/files/{second.id}/shown"' in page
    assert re.search(rf'href="/files/{second.id}">.*1,2\u00a0МБ', page, re.DOTALL)
    assert "<p>Вы, " in page
    last = as_patient.get(f"/files/{third.id}/view").text
    assert "Рентген.jpg · " in last  # the title
    assert doctor.user.name in last
    assert 'rel="next"' not in last


def test_old_picture_leads_to_its_own_page_of_the_chat(as_patient: Browser, chat: Chat, patient: User) -> None:
    picture = attach(chat, patient)
    message = say(chat, patient, "", files=[picture])
    for number in range(21):
        say(chat, patient, str(number))
    page = as_patient.get(f"/files/{picture.id}/view").text
    assert f'href="/chats/{chat.id}?before=21#message-{message.id}"' in page


def test_viewer_gets_the_same_without_the_frame(as_patient: Browser, chat: Chat, patient: User) -> None:
    picture = attach(chat, patient)
    say(chat, patient, "", files=[picture])
    fragment, page = (as_patient.get(f"/files/{picture.id}/view", htmx=htmx) for htmx in (True, False))
    assert "<html" not in fragment.text
    assert fragment.text.strip() in page.text
    assert "HX-Request" in fragment.headers["Vary"]


def test_only_the_two_see_a_sent_picture(
    as_patient: Browser, as_stranger: Browser, visitor: Browser, chat: Chat, patient: User
) -> None:
    picture, unsent = attach(chat, patient), attach(chat, patient)
    paper = attach(chat, patient, AttachmentKind.DOCUMENT, **PDF)
    say(chat, patient, "", files=[picture, paper])
    url = f"/files/{picture.id}/view"
    assert as_patient.get(url).status_code == 200
    assert as_stranger.get(url).status_code == 404
    assert visitor.get(url).location.startswith("/login")
    assert as_patient.get(f"/files/{unsent.id}/view").status_code == 404
    assert as_patient.get(f"/files/{paper.id}/view").status_code == 404  # no picture


# «Файлы»


def shown_files(html: str) -> list[int]:
    """The files of a page in its order; a picture is known by its page, everything else by where it is downloaded."""
    return [int(found) for found in re.findall(r'href="/files/(\d+)(?:/view)?"', html)]


def test_files_of_a_chat_newest_first_by_months(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    now = clock.now()
    old, new = attach(chat, patient), attach(chat, doctor.user, AttachmentKind.DOCUMENT, name="Давление.xlsx")
    message = say(chat, patient, "", files=[old])
    message.sent_at = now - timedelta(days=400)
    say(chat, doctor.user, "", files=[new])
    page = as_patient.get(f"/chats/{chat.id}/files").text
    assert shown_files(page) == [new.id, old.id]
    assert page.count('class="files__month"') == 2
    assert f'href="/chats/{chat.id}#message-' in page
    assert f"{doctor.user.name}, " in page


def test_empty_list_says_how_to_attach(as_patient: Browser, chat: Chat, patient: User) -> None:
    attach(chat, patient)  # unsent is not sent
    page = as_patient.get(f"/chats/{chat.id}/files").text
    assert "скрепку" in page
    assert shown_files(page) == []
    assert f'href="/chats/{chat.id}/files"' in as_patient.get(f"/chats/{chat.id}").text


@pytest.mark.parametrize("htmx", [True, False])
def test_files_come_page_by_page_each_once(as_patient: Browser, chat: Chat, patient: User, htmx: bool) -> None:
    sent = [attach(chat, patient) for _ in range(65)]
    for start in range(0, 65, 8):
        say(chat, patient, "", files=sent[start : start + 8])
    seen: list[int] = []
    url = f"/chats/{chat.id}/files"
    pages = 0
    while url:
        html = as_patient.get(url, htmx=htmx).text
        assert html.count('class="files__month"') == (0 if pages else 1)  # told once
        pages, seen = pages + 1, seen + shown_files(html)
        found = re.search(r'class="button" href="([^"]+)" hx-get', html)
        url = found.group(1) if found else ""
    assert pages == 3
    assert len(seen) == len(set(seen)) == 65
    assert {*seen} == {one.id for one in sent}


def test_strangers_get_404_for_the_list(
    as_stranger: Browser, as_patient: Browser, chat: Chat, patient: User, stranger: User
) -> None:
    theirs = make_chat(stranger, make_doctor(), days_left=1)
    foreign = attach(theirs, stranger)
    say(theirs, stranger, "", files=[foreign])
    assert as_stranger.get(f"/chats/{chat.id}/files").status_code == 404
    for before in (foreign.id, 999, "x"):
        assert as_patient.get(f"/chats/{chat.id}/files?before={before}").status_code == 404


def test_audit_log_knows_who_saw_the_others_files(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    say(chat, patient)
    say(chat, patient, "", files=[attach(chat, patient)])
    for browser in (as_patient, as_doctor):
        browser.get(f"/chats/{chat.id}/files")
    written = select(AuditEvent).where(AuditEvent.action == AuditAction.FILES_LISTED)
    event = db.session.scalars(written).one()  # one's own files are no secret
    assert event.actor_id == chat.doctor.user_id
    assert (event.subject_id, event.first, event.last) == (chat.id, 2, 2)
