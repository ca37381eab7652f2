"""A PDF read back: its words, its pages, what it looks like."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pypdfium2
import pytest

from ibolit.services.pdf import Paragraph, PdfDocument, render

NOTICE = "Онлайн врач не ставит первичный диагноз. Если срочно плохо, звоните 103 или 112."
DOCUMENT = PdfDocument(
    title="Заключение",
    clinic="Клиника «Айболит»",
    legal_name="ООО «Айболит»",
    licence="ЛО-77-01-012345",
    doctor="Иванова Елена Сергеевна",
    specialty="Терапевт",
    documents="Диплом 107718 0001234",
    patient="Анна Соколова",
    age_and_sex="43 года, женский пол",
    writer="мама, Ольга Соколова",
    identity="подтверждена по телефону",
    when="25 ноября 2026, 14:00 (МСК)",
    version="Версия 1 от 25 ноября 2026, 14:40 (МСК)",
    text=[Paragraph("Жалобы:", is_heading=True), Paragraph("Головная боль по вечерам.")],
    files=["Анализ крови.pdf", "Снимок.jpg"],
    notice=NOTICE,
    signature="",
    made_at=datetime(2026, 11, 25, 11, 40, tzinfo=UTC),
)


def pages_of(document: PdfDocument) -> list[str]:
    """The text of each page, its lines joined."""
    pdf = pypdfium2.PdfDocument(render(document))
    try:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf]
    finally:
        pdf.close()


def told_in(*words: str) -> PdfDocument:
    return replace(DOCUMENT, text=[Paragraph(one) for one in words])


def test_everything_stands_on_it() -> None:
    (page,) = pages_of(DOCUMENT)
    single = [
        DOCUMENT.clinic,
        DOCUMENT.legal_name,
        DOCUMENT.licence,
        DOCUMENT.title,
        DOCUMENT.doctor,
        DOCUMENT.specialty,
    ]
    single += [
        DOCUMENT.documents,
        DOCUMENT.patient,
        f"За пациента пишет {DOCUMENT.writer}",
        f"Личность того, кто пишет {DOCUMENT.identity}",
        DOCUMENT.when,
        DOCUMENT.version,
        *DOCUMENT.files,
        NOTICE,
    ]
    for words in [*single, *(one.text for one in DOCUMENT.text), "Подпись врача ____", "Страница 1 из 1"]:
        assert words in page


def test_what_is_not_known_leaves_no_empty_name() -> None:
    (page,) = pages_of(replace(DOCUMENT, legal_name="", licence="", documents="", files=[]))
    assert "Лицензия" not in page
    assert "Документы" not in page
    assert "файлы" not in page


def test_signature_takes_the_place_of_the_line() -> None:
    (page,) = pages_of(replace(DOCUMENT, signature="усиленная квалифицированная"))
    assert "Подпись врача: усиленная квалифицированная" in page
    assert "____" not in page


def test_language_title_and_author() -> None:
    body = render(DOCUMENT)
    told = pypdfium2.PdfDocument(body).get_metadata_dict()
    assert (told["Title"], told["Author"]) == (DOCUMENT.title, DOCUMENT.clinic)
    assert b"/Lang (ru)" in body


def test_same_paper_is_the_same_bytes() -> None:
    assert render(DOCUMENT) == render(DOCUMENT)


def test_long_text_goes_on_and_pages_are_numbered() -> None:
    pages = pages_of(told_in(*(f"Строка {number}. " + "слово " * 30 for number in range(200))))
    assert len(pages) > 5
    for number, page in enumerate(pages, 1):
        assert page.endswith(f"Страница {number} из {len(pages)}")
    whole = " ".join(pages)
    assert all(f"Строка {number}." in whole for number in range(200))
    assert "Подпись врача" in pages[-1]


@pytest.mark.parametrize("lines", range(28, 44))
def test_heading_never_stays_behind_and_signature_never_goes_alone(lines: int) -> None:
    document = replace(DOCUMENT, text=[*(Paragraph(f"Строка {n}") for n in range(lines)), Paragraph("Итог:", True)])
    document = replace(document, text=[*document.text, Paragraph("Всё хорошо.")])
    pages = pages_of(document)
    assert sum("Итог: Всё хорошо." in page for page in pages) == 1
    assert sum("Подпись врача" in page and "Иванова" in page.split("Подпись врача")[1] for page in pages) == 1


def test_long_word_is_broken_and_nothing_leaves_the_page() -> None:
    document = pypdfium2.PdfDocument(render(told_in("ф" * 3000)))
    text = "".join("".join(page.get_textpage().get_text_bounded().split()) for page in document)
    assert text.count("ф") >= 3000
    assert ink_beside_the_text(document) == 0


def ink_beside_the_text(document: pypdfium2.PdfDocument) -> int:
    """Dark points in the outer half of the margins, on all pages."""
    found = 0
    for page in document:
        picture = page.render(scale=1).to_pil().convert("L")
        width, height = picture.size
        for strip in ((0, 0, 28, height), (width - 28, 0, width, height)):
            found += sum(picture.crop(strip).histogram()[:200])
    return found


@pytest.mark.parametrize(
    "words",
    [
        "Боль 👩‍⚕️ 🙂 и 漢字",
        "שלום, مرحبا",
        "e\u0301 и\u0306 – и\u0306од",
        "до\x00 \x07\u200b\u202e после\ufeff",
        "\ud800",
        "строка\r\nвторая\u2028третья\tчетвёртая",
        "**не жирно** __не линия__ {nb} \\n",
        "",
        " \n \n",
        "\U0010ffff\ue000",
    ],
)
def test_no_text_stops_it(words: str) -> None:
    names = dict.fromkeys(("title", "clinic", "legal_name", "doctor", "patient", "version", "when", "notice"), words)
    odd = replace(told_in(words), **names, files=[words], signature=words)
    pypdfium2.PdfDocument(render(odd)).close()


def test_unknown_letter_is_a_square_and_its_neighbours_stay() -> None:
    (page,) = pages_of(told_in("Боль 🙂 прошла, и\u0306од не нужен"))
    assert "Боль □ прошла, йод не нужен" in page


def test_signs_of_markup_are_letters() -> None:
    (page,) = pages_of(told_in("**2 раза** {nb} __в день__"))
    assert "**2 раза** {nb} __в день__" in page


def test_nothing_heavy_is_loaded_before_the_first_pdf() -> None:
    source = "import sys, ibolit.services.pdf, ibolit.services.calendar; print({'fpdf', 'icalendar'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True).stdout == "set()\n"
