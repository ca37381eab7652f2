"""«Моя страница» of a doctor: each panel good and bad, his photo and his tariffs, and what patients see of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from browser import Browser
from factories import add_tariff, make_chat, make_doctor, make_user
from flask import Flask
from payment_steps import begin
from PIL import Image

from ibolit.extensions import db
from ibolit.models import AuditAction, AuditEvent, Chat, Doctor, Payment, Role, Tariff, User
from ibolit.services import Services

PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])
ALL_OF_IT = {
    "specialty": "Кардиолог",
    "practises_since": "1999",
    "education": "Первый мед\r\nИнтернатура",
    "licence": "Сертификат до 2030",
    "languages": "русский, английский",
    "about": "Лечу сердце",
}


def me(doctor: Doctor) -> Doctor:
    db.session.expire_all()
    return db.session.get_one(Doctor, doctor.id)


def panel(page: str, name: str) -> str:
    found = re.search(rf'<section\b[^>]* id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


def acts() -> list[AuditAction]:
    return list(
        db.session.scalars(
            db.select(AuditEvent.action).where(
                AuditEvent.action.in_([AuditAction.PROFILE_CHANGED, AuditAction.TARIFF_CHANGED])
            )
        )
    )


PAGES = ("photo", "introduction", "terms", "tariffs", "hours", "calendar", "reachability", "answers", "directory")
DOORS = [
    ("GET", "/practice"),
    ("GET", "/practice/preview"),
    *(("GET", f"/practice/{one}") for one in (*PAGES, "appointment-types", "booking-rules")),
    *(
        ("POST", f"/practice/{one}")
        for one in (
            "introduction",
            "terms",
            "reachability",
            "answers",
            "directory",
            "photo",
            "photo/removal",
            "calendar",
        )
    ),
    *(("POST", f"/practice/tariffs{one}") for one in ("", "/1", "/1/visibility", "/1/mark", "/1/place")),
]


@pytest.mark.parametrize(("method", "url"), DOORS)
def test_only_doctors_have_a_page(clinic: Flask, doctor: Doctor, as_patient: Browser, method: str, url: str) -> None:
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    for browser in (as_patient, operator):
        answer = browser.get(url) if method == "GET" else browser.post(url, {"tariff-1-title": "x"})
        assert answer.status_code == 404
    assert acts() == []


@pytest.mark.parametrize(("method", "url"), DOORS)
def test_who_is_not_signed_in_signs_in_first(visitor: Browser, method: str, url: str) -> None:
    answer = visitor.get(url) if method == "GET" else visitor.post(url)
    assert "/login" in (answer.location or "")


def test_profile_leads_to_the_page(as_doctor: Browser, as_patient: Browser) -> None:
    assert 'href="/practice"' in as_doctor.get("/profile").text
    assert 'href="/practice"' not in as_patient.get("/profile").text


def test_own_page_is_a_list_of_short_ones(as_doctor: Browser, doctor: Doctor) -> None:
    """Each says its state, stands where its form stood on the one long page, and leads back."""
    add_tariff(doctor, title="Год", days=365, price=500_00)
    as_doctor.post("/practice/reachability", {"available": "y", "quiet_from": "22:30", "quiet_to": "7:00"})
    page = as_doctor.get("/practice").text
    assert re.findall(r'<li class="panel-list__one" id="(\w+)"><a [^>]*href="/practice/(\w+)"', page) == [
        (one, one) for one in PAGES
    ]
    for words in ("2\u00a0тарифа, от 500\u00a0₽", "тихие часы 22:30–7:00", "Вы в нём есть", "Нет, вместо него буквы"):
        assert words in page
    for one in PAGES:
        assert 'class="bar__back" href="/practice"' in as_doctor.get(f"/practice/{one}").text


# What he says of himself


@PUSH_AND_SMS
def test_introduction_is_saved_and_found(as_doctor: Browser, as_patient: Browser, doctor: Doctor, htmx: bool) -> None:
    answer = as_doctor.post("/practice/introduction", ALL_OF_IT, htmx=htmx)
    assert (answer.status_code, answer.location) == ((200, None) if htmx else (303, "/practice/introduction"))
    assert "Сведения сохранены" in (answer.text if htmx else as_doctor.get("/practice/introduction").text)
    now = me(doctor)
    assert (now.specialty, now.practises_since, now.education) == ("Кардиолог", 1999, "Первый мед\nИнтернатура")
    assert acts() == [AuditAction.PROFILE_CHANGED]
    assert doctor.user.name in as_patient.post("/doctors/search", {"q": "кардиол"}).text
    page = as_patient.get(f"/doctors/{doctor.id}").text
    for words in ("Кардиолог", "Интернатура", "Сертификат до 2030", "русский, английский", "Лечу сердце"):
        assert words in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"specialty": " "}, "Напишите специальность"),
        ({"specialty": "я" * 81}, "Длиннее 80"),
        ({"practises_since": ""}, "Введите год"),
        ({"practises_since": "давно"}, "Введите год от 1940"),
        ({"practises_since": "2200"}, "Введите год от 1940"),
        ({"practises_since": "9" * 30}, "Введите год от 1940"),
        ({"languages": ""}, "хотя бы один язык"),
        ({"about": "я" * 4001}, "Длиннее 4000"),
    ],
)
@PUSH_AND_SMS
def test_what_is_wrong_is_said_beside_it_and_kept(
    as_doctor: Browser, doctor: Doctor, wrong: dict[str, str], words: str, htmx: bool
) -> None:
    answer = as_doctor.post("/practice/introduction", ALL_OF_IT | wrong, htmx=htmx)
    shown = panel(answer.text, "introduction")
    assert answer.status_code == 422
    assert words in shown
    assert "valid" not in re.sub(r"(aria-in|no)valid\w*", "", shown)  # no English word of the library
    assert "Сертификат до 2030" in shown
    assert ("<html" in answer.text) is not htmx
    assert me(doctor).specialty == "Терапевт"


# ProposalTerms


@PUSH_AND_SMS
def test_terms_are_saved_and_the_proposal_begins_with_them(
    as_doctor: Browser, chat: Chat, doctor: Doctor, htmx: bool
) -> None:
    answer = as_doctor.post("/practice/terms", {"price": "1 800,50", "minutes": "45", "free_days": "0"}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    now = me(doctor)
    assert (now.default_price, now.default_minutes, now.free_days) == (1800_50, 45, 0)
    form = as_doctor.get(f"/chats/{chat.id}/consultations/new").text
    assert re.search(r'<option selected value="45">', form)
    assert 'value="1\u00a0800,50"' in form


def test_free_days_touch_only_new_chats(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    old = make_chat(patient, doctor)
    as_doctor.post("/practice/terms", {"price": "0", "minutes": "30", "free_days": "9"})
    new = make_chat(make_user("Пётр"), me(doctor))
    db.session.expire_all()
    assert (db.session.get_one(Chat, old.id).free_days, new.free_days) == (3, 9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"price": "дорого"}, "Введите цену в рублях"),
        ({"price": "-5"}, "Введите цену в рублях"),
        ({"free_days": "91"}, "от 0 до 90"),
        ({"free_days": "-1"}, "от 0 до 90"),
        ({"free_days": "много"}, "от 0 до 90"),
        ({"free_days": ""}, "0 – без бесплатных"),
    ],
)
def test_wrong_terms_are_refused(as_doctor: Browser, doctor: Doctor, wrong: dict[str, str], words: str) -> None:
    answer = as_doctor.post("/practice/terms", {"price": "100", "minutes": "30", "free_days": "1"} | wrong, htmx=True)
    assert answer.status_code == 422
    assert words in answer.text
    assert "integer" not in answer.text
    assert me(doctor).free_days == 3


def test_length_out_of_the_list_is_refused(as_doctor: Browser, doctor: Doctor) -> None:
    assert as_doctor.post("/practice/terms", {"price": "1", "minutes": "7", "free_days": "1"}).status_code == 422
    assert me(doctor).default_minutes == 30


# «На связи» and the directory


@PUSH_AND_SMS
def test_quiet_hours_are_saved_and_cleared(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    as_doctor.post("/practice/reachability", {"quiet_from": "22:30", "quiet_to": "7.00"}, htmx=htmx)
    now = me(doctor)
    assert (now.available, now.quiet_from, now.quiet_to) == (False, 22 * 60 + 30, 7 * 60)
    assert 'value="22:30"' in as_doctor.get("/practice/reachability").text
    as_doctor.post("/practice/reachability", {"available": "y", "quiet_from": "", "quiet_to": ""}, htmx=htmx)
    now = me(doctor)
    assert (now.available, now.quiet_from, now.quiet_to) == (True, None, None)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({"quiet_from": "22:30"}, "Заполните оба"),
        ({"quiet_to": "7:00"}, "Заполните оба"),
        ({"quiet_from": "25:00", "quiet_to": "7:00"}, "Введите время так"),
        ({"quiet_from": "поздно", "quiet_to": "7:00"}, "Введите время так"),
        ({"quiet_from": "7:00", "quiet_to": "07:00"}, "Введите разное время"),
    ],
)
def test_odd_hours_are_refused(as_doctor: Browser, doctor: Doctor, hours: dict[str, str], words: str) -> None:
    answer = as_doctor.post("/practice/reachability", hours, htmx=True)
    assert answer.status_code == 422
    assert answer.text.count(words) == 1
    assert me(doctor).quiet_from is None


@PUSH_AND_SMS
def test_doctor_hides_and_shows_himself(as_doctor: Browser, as_patient: Browser, doctor: Doctor, htmx: bool) -> None:
    answer = as_doctor.post("/practice/directory", {"shown": "0"}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert doctor.user.name not in as_patient.get("/doctors").text
    assert as_patient.get(f"/doctors/{doctor.id}").status_code == 409
    assert "Вы скрыты" in as_doctor.get("/practice/preview").text
    as_doctor.post("/practice/directory", {"shown": "1"}, htmx=htmx)
    assert doctor.user.name in as_patient.get("/doctors").text


def test_preview_is_what_a_patient_sees(as_doctor: Browser, as_patient: Browser, doctor: Doctor) -> None:
    preview, page = (
        browser.get(url).text
        for browser, url in ((as_doctor, "/practice/preview"), (as_patient, f"/doctors/{doctor.id}"))
    )
    cut = re.compile(r"<section class=\"card\">.*</article>", re.DOTALL)
    assert cut.findall(preview) == cut.findall(page) != []
    assert "Написать сообщение" in preview
    assert 'action="/chats"' not in preview


# Photo


def photo(width: int, height: int, *, turned: bool = False) -> BytesIO:
    """Red, green and blue thirds along its longer side; taken in Moscow."""
    image = Image.new("RGB", (width, height))
    for third, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255))):
        box = (
            (third * width // 3, 0, (third + 1) * width // 3, height)
            if width > height
            else (0, third * height // 3, width, (third + 1) * height // 3)
        )
        image.paste(colour, box)
    exif = Image.Exif()
    exif[0x0110] = "Камера доктора"
    if turned:
        exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (55.0, 45.0, 0.0), 3: "E", 4: (37.0, 37.0, 0.0)})
    file = BytesIO()
    image.save(file, "JPEG", quality=95, exif=exif)
    file.seek(0)
    return file


def send(
    browser: Browser, file: BytesIO | None, cut: str = "middle", *, htmx: bool = False, name: str = "я.jpg"
) -> object:
    data: dict[str, object] = {"cut": cut} | ({"photo": (file, name)} if file else {})
    return browser.post("/practice/photo", data, htmx=htmx, content_type="multipart/form-data")


def shown_photo(browser: Browser, page: str) -> Image.Image:
    address = re.search(r'src="(/doctors/\d+/photo/[0-9a-f]{12})"', browser.get(page).text)
    assert address is not None
    answer = browser.get(address[1])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert b"Exif" not in answer.data
    return Image.open(BytesIO(answer.data)).convert("RGB")


def colour(image: Image.Image) -> str:
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return "rgb"[pixel.index(max(pixel))]


@PUSH_AND_SMS
def test_photo_is_square_and_clean(as_doctor: Browser, as_patient: Browser, doctor: Doctor, htmx: bool) -> None:
    answer = send(as_doctor, photo(900, 300), htmx=htmx)
    assert answer.status_code == (200 if htmx else 303), answer.text  # type: ignore[attr-defined]
    for browser, page in (
        (as_doctor, "/practice/photo"),
        (as_patient, "/doctors"),
        (as_patient, f"/doctors/{doctor.id}"),
    ):
        image = shown_photo(browser, page)
        assert image.size == (300, 300)
        assert colour(image) == "g"
    assert acts() == [AuditAction.PROFILE_CHANGED]


@pytest.mark.parametrize(("cut", "expected"), [("start", "r"), ("middle", "g"), ("end", "b")])
def test_part_is_chosen_also_later(as_doctor: Browser, cut: str, expected: str) -> None:
    send(as_doctor, photo(300, 900))
    before = re.search(r"/photo/([0-9a-f]{12})", as_doctor.get("/practice/photo").text)
    send(as_doctor, None, cut)
    assert colour(shown_photo(as_doctor, "/practice/photo")) == expected
    after = re.search(r"/photo/([0-9a-f]{12})", as_doctor.get("/practice/photo").text)
    assert before is not None
    assert after is not None
    assert before[1] != after[1]


@pytest.mark.parametrize("size", [(1, 1), (900, 20)])
def test_photo_that_is_a_spot_is_refused(as_doctor: Browser, doctor: Doctor, size: tuple[int, int]) -> None:
    answer = send(as_doctor, photo(*size), htmx=True)
    assert answer.status_code == 422
    assert "нужно хотя бы 96 на 96" in answer.text
    assert me(doctor).photo is None


def test_turned_photo_stands_upright(as_doctor: Browser) -> None:
    send(as_doctor, photo(900, 300, turned=True), "start")  # turned clockwise its left is on top
    assert colour(shown_photo(as_doctor, "/practice/photo")) == "r"


def test_old_files_go_with_the_old_photo(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    send(as_doctor, photo(300, 300))
    old = me(doctor).photo or ""
    send(as_doctor, photo(300, 400))
    new = me(doctor).photo or ""
    assert min(services.storage.size(name) for name in (new, f"{new}-whole")) > 0
    for name in (old, f"{old}-whole"):
        with pytest.raises(FileNotFoundError):
            services.storage.size(name)
    assert as_doctor.get(f"/doctors/{doctor.id}/photo/{old[:12]}").status_code == 404


def test_photo_is_removed(as_doctor: Browser, doctor: Doctor) -> None:
    send(as_doctor, photo(300, 300))
    assert as_doctor.post("/practice/photo/removal", htmx=True).status_code == 200
    assert me(doctor).photo is None
    assert "/photo/" not in as_doctor.get("/practice/preview").text
    assert as_doctor.post("/practice/photo/removal").status_code == 303  # a second press


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "", "Выберите фото"),
        (b"%PDF-1.4 nothing", "я.pdf", "повреждён"),
        ("Здравствуйте".encode(), "я.txt", "Это не фото"),
        (b"\xff\xd8\xff\xe0 no photo", "я.jpg", "не открыть|повреждён"),
        (b"MZ\x90\0", "я.exe", "Это программа"),
    ],
)
@PUSH_AND_SMS
def test_what_is_no_photo_is_refused(
    as_doctor: Browser, doctor: Doctor, content: bytes, name: str, words: str, htmx: bool
) -> None:
    answer = send(as_doctor, BytesIO(content) if name else None, htmx=htmx, name=name)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert re.search(words, panel(answer.text, "photo"))  # type: ignore[attr-defined]
    assert me(doctor).photo is None


def test_too_large_photo_is_refused(as_doctor: Browser, doctor: Doctor, change_settings: Callable[..., None]) -> None:
    change_settings(file_max=1000)
    answer = send(as_doctor, photo(900, 300), htmx=True)
    assert answer.status_code == 413  # type: ignore[attr-defined]
    assert me(doctor).photo is None


def test_photo_of_a_hidden_doctor_is_for_his_patients(
    as_patient: Browser, as_stranger: Browser, as_doctor: Browser, chat: Chat, doctor: Doctor
) -> None:
    send(as_doctor, photo(300, 300))
    as_doctor.post("/practice/directory", {"shown": "0"})
    url = f"/doctors/{doctor.id}/photo/{me(doctor).photo_version}"
    assert [browser.get(url).status_code for browser in (as_patient, as_doctor, as_stranger)] == [200, 200, 404]


def test_no_address_leads_to_what_is_no_photo(as_patient: Browser, doctor: Doctor) -> None:
    for version in ("", "0" * 12, "portraits", "x"):
        assert as_patient.get(f"/doctors/{doctor.id}/photo/{version}").status_code == 404
    me(doctor).photo = "portraits/doctor-1.svg"
    db.session.commit()
    assert as_patient.get(f"/doctors/{doctor.id}/photo/portraits").status_code == 404
    assert 'src="/assets/portraits/doctor-1.' in as_patient.get("/doctors").text


def test_photo_lost_by_the_storage_is_a_404(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    send(as_doctor, photo(300, 300))
    services.storage.delete(me(doctor).photo or "")
    services.storage.delete(f"{me(doctor).photo}-whole")
    assert as_doctor.get(f"/doctors/{doctor.id}/photo/{me(doctor).photo_version}").status_code == 404
    answer = send(as_doctor, None, htmx=True)
    assert "Прежнее фото не нашлось" in answer.text  # type: ignore[attr-defined]


# Tariffs


def on_sale(doctor: Doctor) -> list[tuple[str, int, int]]:
    db.session.expire_all()
    return [(one.title, one.days, one.price) for one in db.session.scalars(Tariff.on_sale_by(doctor.id))]


@pytest.fixture
def tariff(doctor: Doctor) -> Tariff:
    return doctor.tariffs[0]


@PUSH_AND_SMS
def test_tariff_is_added_once(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    for _ in range(2):
        answer = as_doctor.post(
            "/practice/tariffs", {"new-title": " Неделя ", "new-days": "7", "new-price": "900"}, htmx=htmx
        )
        assert answer.status_code == (200 if htmx else 303)
    assert on_sale(doctor) == [("Неделя", 7, 900_00), ("Тариф 1", 30, 2500_00)]
    assert acts()[0] is AuditAction.TARIFF_CHANGED


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": ""}, "Назовите тариф"),
        ({"days": "0"}, "от 1 до 365"),
        ({"days": "366"}, "от 1 до 365"),
        ({"days": "неделя"}, "от 1 до 365"),
        ({"price": "0"}, "Введите цену"),
        ({"price": "даром"}, "Введите цену"),
        ({"price": "1000001"}, "больше миллиона"),
    ],
)
@PUSH_AND_SMS
def test_wrong_tariff_is_refused_where_it_was_typed(
    as_doctor: Browser, doctor: Doctor, tariff: Tariff, wrong: dict[str, str], words: str, htmx: bool
) -> None:
    for url, prefix in (("", "new-"), (f"/{tariff.id}", f"tariff-{tariff.id}-")):
        typed = {"title": "Год", "days": "300", "price": "5000"} | wrong
        answer = as_doctor.post(
            f"/practice/tariffs{url}", {prefix + name: value for name, value in typed.items()}, htmx=htmx
        )
        assert answer.status_code == 422
        assert answer.text.count(words) == 1
        assert f'id="{prefix}{next(iter(wrong))}-error"' in answer.text
    assert on_sale(doctor) == [("Тариф 1", 30, 2500_00)]


def change(browser: Browser, tariff_id: int, price: str, *, htmx: bool = True) -> int:
    name = f"tariff-{tariff_id}-"
    data: dict[str, object] = {f"{name}title": "Тариф 1", f"{name}days": "30", f"{name}price": price}
    return browser.post(f"/practice/tariffs/{tariff_id}", data, htmx=htmx).status_code


@PUSH_AND_SMS
def test_another_price_is_asked_from_now_on(
    as_doctor: Browser, as_patient: Browser, chat: Chat, doctor: Doctor, tariff: Tariff, htmx: bool
) -> None:
    payment = begin(chat, tariff)
    for _ in range(2):
        assert change(as_doctor, tariff.id, "3000", htmx=htmx) == (200 if htmx else 303)
    assert on_sale(doctor) == [("Тариф 1", 30, 3000_00)]
    assert db.session.get_one(Payment, payment.id).amount == 2500_00
    answer = as_patient.post(f"/chats/{chat.id}/payments", {"tariff_id": tariff.id}, htmx=True)
    assert answer.status_code == 409
    assert "Этот тариф сейчас не продаётся" in answer.text
    assert "3\u00a0000\u00a0₽" in answer.text


def test_late_window_is_told(as_doctor: Browser, doctor: Doctor, tariff: Tariff) -> None:
    change(as_doctor, tariff.id, "3000")
    assert change(as_doctor, tariff.id, "4000") == 409
    for url in ("visibility", "mark", "place"):
        answer = as_doctor.post(f"/practice/tariffs/{tariff.id}/{url}", {"steps": "1"})
        assert answer.status_code == 409
        assert "уже изменён в другом окне" in answer.text
    assert on_sale(doctor) == [("Тариф 1", 30, 3000_00)]


@PUSH_AND_SMS
def test_tariff_is_hidden_marked_and_moved(as_doctor: Browser, doctor: Doctor, tariff: Tariff, htmx: bool) -> None:
    year = add_tariff(doctor, title="Год", days=365, price=9000_00)

    def press(url: str, **data: object) -> None:
        assert as_doctor.post(f"/practice/tariffs/{url}", data, htmx=htmx).status_code == (200 if htmx else 303)

    press(f"{year.id}/place", steps="-1")
    assert [title for title, *_ in on_sale(doctor)] == ["Год", "Тариф 1"]
    press(f"{year.id}/mark", usual="1")
    assert db.session.get_one(Tariff, year.id).is_recommended
    press(f"{year.id}/mark", usual="0")
    assert not db.session.get_one(Tariff, year.id).is_recommended
    press(f"{year.id}/visibility", shown="0")
    assert [title for title, *_ in on_sale(doctor)] == ["Тариф 1"]
    press(f"{year.id}/visibility", shown="1")
    assert [title for title, *_ in on_sale(doctor)] == ["Год", "Тариф 1"]
    assert as_doctor.post(f"/practice/tariffs/{year.id}/place", {"steps": "7"}, htmx=htmx).status_code == 422


def test_another_doctors_tariff_is_not_found(as_doctor: Browser, tariff: Tariff) -> None:
    other = make_doctor("Орлов Дмитрий")
    theirs = other.tariffs[0].id
    assert change(as_doctor, theirs, "1") == 404
    assert change(as_doctor, theirs, "") == 404
    for url in ("visibility", "mark", "place"):
        assert as_doctor.post(f"/practice/tariffs/{theirs}/{url}", {"steps": "1"}).status_code == 404
    assert on_sale(other) == [("Тариф 1", 30, 2500_00)]


def test_who_sells_nothing_is_told(as_doctor: Browser, tariff: Tariff) -> None:
    answer = as_doctor.post(f"/practice/tariffs/{tariff.id}/visibility", {"shown": "0"}, htmx=True)
    assert "На продаже ничего нет" in answer.text
    assert "новые пациенты пока не могут" in as_doctor.get("/practice/directory").text


# When a doctor answers, and what is promised

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
ANSWERS = {"promise": "4", "answer_from": "10:00", "answer_to": "19:30"} | dict.fromkeys(WEEK, "y")


@PUSH_AND_SMS
def test_answering_hours_and_promise_are_kept(as_doctor: Browser, doctor: Doctor, htmx: bool) -> None:
    assert me(doctor).answer_days == 0b11111
    answer = as_doctor.post("/practice/answers", ANSWERS | {"sunday": "y"}, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    kept = me(doctor)
    assert (kept.promise_hours, kept.answer_days) == (4, 0b1011111)
    assert (kept.answer_from, kept.answer_to) == (10 * 60, 19 * 60 + 30)
    assert acts() == [AuditAction.PROFILE_CHANGED]
    page = as_doctor.get("/practice").text.replace("\xa0", " ")
    assert "Обещаете за 4 часа, Пн, Вт, Ср, Чт, Пт, Вс 10:00–19:30" in " ".join(page.split())
    as_doctor.post("/practice/answers", ANSWERS | {"promise": "", "answer_to": "00:00"}, htmx=htmx)
    kept = me(doctor)
    assert (kept.promise_hours, kept.answer_to) == (None, 24 * 60)
    assert 'value="00:00"' in as_doctor.get("/practice/answers").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (dict.fromkeys(WEEK), "Отметьте хотя бы один день."),
        ({"answer_to": "10:00"}, "Конец раньше начала."),
        ({"answer_to": "9:00"}, "Конец раньше начала."),
        ({"answer_from": ""}, "Введите время, например 9:00."),
        ({"answer_to": "вечером"}, "Введите время так"),
        ({"promise": "3"}, "Выберите время из списка."),
    ],
)
def test_answering_hours_that_are_none_say_so(
    as_doctor: Browser, doctor: Doctor, wrong: dict[str, object], said: str
) -> None:
    typed = {name: value for name, value in (ANSWERS | wrong).items() if value is not None}
    refused = as_doctor.post("/practice/answers", typed, htmx=True)
    assert refused.status_code == 422
    assert said in refused.text
    assert me(doctor).promise_hours is None


def test_patients_see_what_is_usual_and_promised(
    as_patient: Browser, as_doctor: Browser, chat: Chat, doctor: Doctor
) -> None:
    """Nothing before anything was measured or promised."""
    urls = ("/doctors", f"/doctors/{doctor.id}", f"/chats/{chat.id}")
    for url in urls:
        page = as_patient.get(url).text
        assert "отвечает" not in page.lower()
        assert "Обещает" not in page
    kept = me(doctor)
    kept.usual_wait, kept.promise_hours = 100 * 60, 4
    db.session.commit()
    for url in urls:
        assert "Обычно отвечает за 2 часа" in as_patient.get(url).text.replace("\xa0", " ")
    for url in urls[1:]:
        page = " ".join(as_patient.get(url).text.replace("\xa0", " ").split())
        assert "Обещает ответить за 4 часа. Часы ответов: Пн–Пт, 9:00–18:00" in page
    assert "Пациенты видят: обычно отвечает за 2 часа" in as_doctor.get("/practice/answers").text.replace("\xa0", " ")
