"""A PDF's first page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from .errors import DecodeRefused
from .images import THUMBNAIL, save_thumbnail


def open_pdf(source: Path, folder: Path) -> dict[str, Any]:
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
