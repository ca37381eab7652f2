"""What a patient prints or takes to another doctor, as a PDF.

The maker of PDFs takes some 50 MB, so it is loaded with the first document. It fetches nothing. A letter that its fonts
do not know becomes an empty square.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
MARGIN, LINE = 20, 6  # mm
SMALL, USUAL, LARGE = 9, 11, 16  # points
SOFT = 90  # a grey that a copier keeps
UNKNOWN_LETTER = "□"
COUNT = "\x02\x02"  # stands for the number of pages; nobody can type it
INVISIBLE = {"Cc", "Cf", "Cs"}  # kinds of letters that only say how those beside them look


@dataclass(frozen=True)
class Paragraph:
    text: str
    is_heading: bool = False


@dataclass(frozen=True)
class PdfDocument:
    """Everything that stands on it, in words already."""

    title: str
    clinic: str
    legal_name: str
    licence: str
    doctor: str
    specialty: str
    documents: str  # the doctor's
    patient: str
    age_and_sex: str  # the patient's on that day; empty: not known
    writer: str  # who writes for the patient, «мама, Анна Соколова»; empty: nobody does
    identity: str  # how it was proved, of the patient or of who writes for them
    when: str  # it took place
    version: str  # and when it was sent
    text: Sequence[Paragraph]
    files: Sequence[str]
    notice: str
    signature: str  # by what it is signed; empty: a line to sign on
    made_at: datetime


def render(document: PdfDocument) -> bytes:
    """The same document is the same bytes."""
    pdf = _blank(document)
    _head(pdf, document)
    for paragraph in document.text:
        if paragraph.is_heading:
            pdf.ln(LINE / 2)
        _write(pdf, paragraph.text, bold=paragraph.is_heading, keeps=paragraph.is_heading)
    _foot(pdf, document)
    return bytes(pdf.output())


def _blank(document: PdfDocument) -> FPDF:
    from fpdf import FPDF

    class Sheet(FPDF):
        def footer(self) -> None:
            self.set_y(-MARGIN + 5)
            self.set_font(FONT, size=SMALL)
            self.set_text_color(SOFT)
            self.cell(0, LINE, f"Страница {self.page_no()} из {COUNT}", align="R")

    pdf = Sheet(format="A4")
    pdf.alias_nb_pages(COUNT)
    pdf.set_margin(MARGIN)
    pdf.c_margin = 0
    pdf.set_auto_page_break(True, MARGIN)
    for style, file in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
        pdf.add_font(FONT, style, FONTS / f"{file}.ttf")
    pdf.set_lang("ru")
    pdf.set_title(_visible(document.title))
    pdf.set_author(_visible(document.clinic))
    pdf.set_creation_date(document.made_at)
    pdf.add_page()
    return pdf


def _head(pdf: FPDF, document: PdfDocument) -> None:
    _write(pdf, document.clinic, bold=True)
    if document.legal_name:
        _write(pdf, document.legal_name, size=SMALL, soft=True)
    if document.licence:
        _write(pdf, f"Лицензия на медицинскую деятельность: {document.licence}", size=SMALL, soft=True)
    _rule(pdf)
    _write(pdf, document.title, size=LARGE, bold=True)
    _write(pdf, document.version, size=SMALL, soft=True)
    pdf.ln(LINE / 2)
    facts = [("Консультация", document.when), ("Пациент", document.patient), ("Возраст и пол", document.age_and_sex)]
    facts += [("За пациента пишет", document.writer)]
    facts += [("Личность того, кто пишет" if document.writer else "Личность пациента", document.identity)]
    facts += [("Врач", document.doctor), ("Специальность", document.specialty), ("Документы врача", document.documents)]
    for name, value in facts:
        if value:
            _fact(pdf, name, value)
    _rule(pdf)


def _foot(pdf: FPDF, document: PdfDocument) -> None:
    if document.files:
        pdf.ln(LINE / 2)
        _write(pdf, "Приложены файлы", bold=True, keeps=True)
        for name in document.files:
            _write(pdf, f"– {name}")
    _rule(pdf)
    _write(pdf, document.notice, size=SMALL, soft=True)
    pdf.ln(LINE)
    if pdf.will_page_break(4 * LINE):  # never a signature alone on a page it does not belong to
        pdf.add_page()
    if document.signature:
        _write(pdf, f"Подпись врача: {document.signature}")
    else:
        _write(pdf, f"Подпись врача {'_' * 28}")
    _write(pdf, document.doctor, size=SMALL, soft=True)


def _fact(pdf: FPDF, name: str, value: str) -> None:
    """The name stands beside the value's first line."""
    beside = MARGIN + 48
    if pdf.will_page_break(2 * LINE):
        pdf.add_page()
    pdf.set_font(FONT, size=SMALL)
    pdf.set_text_color(SOFT)
    pdf.cell(48, LINE, name)
    pdf.set_left_margin(beside)
    pdf.set_x(beside)
    _write(pdf, value)
    pdf.set_left_margin(MARGIN)
    pdf.set_x(MARGIN)


def _write(
    pdf: FPDF, text: str, *, size: int = USUAL, bold: bool = False, soft: bool = False, keeps: bool = False
) -> None:
    """A paragraph; one that `keeps` does not stay behind when the next goes to another page."""
    if not text.strip():
        pdf.ln(LINE / 2)
        return
    if keeps and pdf.will_page_break(3 * LINE):
        pdf.add_page()
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_text_color(SOFT if soft else 0)
    line = LINE * size / USUAL
    pdf.multi_cell(0, line, _known(pdf, text), align="L", new_x="LMARGIN", new_y="NEXT")


def _rule(pdf: FPDF) -> None:
    pdf.ln(LINE / 2)
    pdf.set_draw_color(SOFT)
    pdf.line(MARGIN, pdf.get_y(), pdf.w - MARGIN, pdf.get_y())
    pdf.ln(LINE / 2)


def _known(pdf: FPDF, text: str) -> str:
    """Only letters the font has, a square for each of the others."""
    letters = {chr(code) for code in getattr(pdf.current_font, "cmap", ())} | {"\n"}
    return "".join(one if one in letters else UNKNOWN_LETTER for one in _visible(text))


def _visible(text: str) -> str:
    """Letters composed where they came in parts, and nothing that only tells how to show them."""
    lines = unicodedata.normalize("NFC", text).expandtabs(4).splitlines()
    return "".join(one for one in "\n".join(lines) if one == "\n" or not _is_invisible(one))


def _is_invisible(letter: str) -> bool:
    is_variation = "\ufe00" <= letter <= "\ufe0f"
    return is_variation or unicodedata.category(letter) in INVISIBLE
