"""What a patient may print or take to another doctor, as a PDF of a few plain pages.

The maker of PDFs weighs some 50 MB, so it is loaded with the first paper. It fetches nothing, and a letter its fonts do
not know becomes an empty square: no text may stop a paper.
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
class Paper:
    """Everything that stands on it, in words already."""

    title: str
    clinic: str
    legal_name: str
    licence: str
    doctor: str
    specialty: str
    documents: str  # the doctor's
    patient: str
    identity: str  # how the patient's was proved
    when: str
    version: str
    text: Sequence[Paragraph]
    files: Sequence[str]
    notice: str
    signature: str  # by what it is signed; empty: a line to sign on
    made_at: datetime


def pdf_of(paper: Paper) -> bytes:
    """The same paper is the same bytes."""
    pdf = _blank(paper)
    _head(pdf, paper)
    for paragraph in paper.text:
        if paragraph.is_heading:
            pdf.ln(LINE / 2)
        _write(pdf, paragraph.text, bold=paragraph.is_heading, keeps=paragraph.is_heading)
    _foot(pdf, paper)
    return bytes(pdf.output())


def _blank(paper: Paper) -> FPDF:
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
    pdf.set_title(_visible(paper.title))
    pdf.set_author(_visible(paper.clinic))
    pdf.set_creation_date(paper.made_at)
    pdf.add_page()
    return pdf


def _head(pdf: FPDF, paper: Paper) -> None:
    _write(pdf, paper.clinic, bold=True)
    if paper.legal_name:
        _write(pdf, paper.legal_name, size=SMALL, soft=True)
    if paper.licence:
        _write(pdf, f"Лицензия на медицинскую деятельность: {paper.licence}", size=SMALL, soft=True)
    _rule(pdf)
    _write(pdf, paper.title, size=LARGE, bold=True)
    _write(pdf, paper.version, size=SMALL, soft=True)
    pdf.ln(LINE / 2)
    facts = [("Дата и время", paper.when), ("Пациент", paper.patient), ("Личность пациента", paper.identity)]
    facts += [("Врач", paper.doctor), ("Специальность", paper.specialty), ("Документы врача", paper.documents)]
    for name, value in facts:
        if value:
            _fact(pdf, name, value)
    _rule(pdf)


def _foot(pdf: FPDF, paper: Paper) -> None:
    if paper.files:
        pdf.ln(LINE / 2)
        _write(pdf, "Приложены файлы", bold=True, keeps=True)
        for name in paper.files:
            _write(pdf, f"– {name}")
    _rule(pdf)
    _write(pdf, paper.notice, size=SMALL, soft=True)
    pdf.ln(LINE)
    if pdf.will_page_break(4 * LINE):  # never a signature alone on a page it does not belong to
        pdf.add_page()
    if paper.signature:
        _write(pdf, f"Подпись врача: {paper.signature}")
    else:
        _write(pdf, f"Подпись врача {'_' * 28}")
    _write(pdf, paper.doctor, size=SMALL, soft=True)


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
