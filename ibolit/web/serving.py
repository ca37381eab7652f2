"""Stored files as answers: whole, or the part that is asked for, piece by piece."""

from __future__ import annotations

import os
import re
import unicodedata
from urllib.parse import quote

from flask import Response, request
from werkzeug.datastructures import Range

from ..services import current_services


def fill(answer: Response, file: str, size: int) -> Response:
    """All of it or, to whoever seeks in a film, a part (RFC 9110, 14.2); several parts at once are nobody's wish."""
    span = request.range if not request.if_range.etag or request.if_range.etag == file else None
    start, stop = 0, size
    if span is not None and span.units == "bytes" and len(span.ranges) == 1:
        asked = _asked(span, size)
        if asked is None:
            answer.status_code = 416
            answer.headers["Content-Range"] = f"bytes */{size}"
            return answer
        start, stop = asked
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    answer.content_length = stop - start
    if request.method != "HEAD":
        answer.response = current_services.storage.read(file, start, stop)
    return answer


def _asked(span: Range, size: int) -> tuple[int, int] | None:
    """Start and stop; None for what lies beyond the end. «The last N bytes» of a shorter file are all of it."""
    start, _ = span.ranges[0]
    if start is not None and start < 0 < size:
        return max(0, size + start), size
    return span.range_for_length(size)


def disposition(name: str, kind: str) -> str:
    """RFC 6266: the name in UTF-8, and for who cannot read that, what ASCII leaves of it: at least «file.pdf»."""
    stem, ending = (_ascii(part) for part in os.path.splitext(name))
    plain = (stem if re.search("[A-Za-z0-9]", stem) else "file") + ending
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.replace("\\", "").replace('"', "").strip()
