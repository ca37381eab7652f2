"""A PDF's first page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from .errors import DecodeRefused
from .images import THUMBNAIL, save_thumbnail

STARTXREF = re.compile(rb"startxref\s+(\d{1,10})")
TABLE = re.compile(rb"xref|\d+\s+\d+\s+obj")


def open_pdf(source: Path, folder: Path) -> dict[str, Any]:
    bare = _without_junk(source, folder)
    return _looked_at(folder / bare if bare else source, folder) | ({"original": bare} if bare else {})


def _without_junk(source: Path, folder: Path) -> str | None:
    """Old readers want the file to begin as a PDF. Its table of places says whether it is counted from there."""
    file = source.read_bytes()
    start = file.find(b"%PDF-")
    said = STARTXREF.findall(file)
    if start <= 0 or not said:
        return None
    bare = file[start:]
    if not TABLE.match(bare, int(said[-1])):
        return None
    (folder / "cleaned").write_bytes(bare)
    return "cleaned"


def _looked_at(source: Path, folder: Path) -> dict[str, Any]:
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            return {}  # only who knows the password can look
        raise DecodeRefused(DecodeRefused.BROKEN) from error
    if not len(document):
        raise DecodeRefused(DecodeRefused.BROKEN)
    page = document[0]
    width, height = page.get_size()
    scale = THUMBNAIL / max(width, height, 1)
    image = page.render(scale=scale).to_pil().convert("RGB")
    return {
        "thumbnail": save_thumbnail(image, folder),
        "width": max(1, round(width)),
        "height": max(1, round(height)),
    }
