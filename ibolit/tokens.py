"""Whose form was sent: the page's token, and what the browser itself says of where the form stood.

Flask-WTF asks https visitors for a Referer, which privacy tools and antivirus programs take away. Origin or
Sec-Fetch-Site say the same and are left; where all three are missing the token and the SameSite cookie decide.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g, request
from flask_wtf import CSRFProtect

FOREIGN = "The form stood on another site."


class OwnForms(CSRFProtect):
    def protect(self, apply_exemptions: bool = False) -> None:
        """Raises CSRFError."""
        super().protect(apply_exemptions)
        if g.get("csrf_valid") and _is_foreign():
            g.csrf_valid = False
            self._error_response(FOREIGN)


def _is_foreign() -> bool:
    """Origin is «null» where a tool forbids to say where one comes from."""
    origin, site = request.headers.get("Origin", ""), request.headers.get("Sec-Fetch-Site", "")
    if origin and origin != "null":
        return not _is_here(origin)
    if site:
        return site not in ("same-origin", "none")
    return not _is_here(request.referrer) if request.referrer else origin == "null"


def _is_here(address: str) -> bool:
    """By either scheme: a proxy in front may not tell which."""
    try:
        place = urlsplit(address)
    except ValueError:
        return False
    return place.scheme in ("http", "https") and place.netloc == request.host
