"""Addresses in what people write, as links."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from jinja2.utils import urlize
from markupsafe import Markup

MARK_OF_LINK = re.compile(r"[.:@]\S")
# A host with letters that are not Latin: «https://клиника.рф/запись», «www.клиника.рф».
OTHER_LETTERS = re.compile(r"\b(?:https?://|www\.)(?=[^\s/?#]*[^\x00-\x7f\s/?#])[^\s<>\"«»]+", re.IGNORECASE)
BEHIND = ".,:;!?…'”"
SAFE = "/%:!$&'()*+,;=@~-._"


def may_link(text: str) -> bool:
    """Looking for addresses is the dearest line of a message, and most messages have not even the mark of one."""
    return MARK_OF_LINK.search(text) is not None


def linked(text: str) -> Markup:
    """A host of other letters leads to its punycode: old engines and proxies know no other way to write it."""
    parts, at = [], 0
    for found in OTHER_LETTERS.finditer(text):
        address = _without_what_follows(found[0])
        href = _in_ascii(address)
        if href is not None:
            link = Markup('<a href="{}" rel="nofollow noopener ugc" target="_blank">{}</a>').format(href, address)
            parts += [_urlized(text[at : found.start()]), link]
            at = found.start() + len(address)
    return Markup("").join([*parts, _urlized(text[at:])])


def _urlized(text: str) -> Markup:
    """`urlize` escapes what is no link."""
    return Markup(urlize(text, rel="nofollow noopener ugc", target="_blank"))  # noqa: S704


def _without_what_follows(address: str) -> str:
    """The full stop of the sentence, and the bracket it stands in."""
    address = address.rstrip(BEHIND)
    return address[:-1].rstrip(BEHIND) if address.endswith((")", "]")) and "(" not in address else address


def _in_ascii(address: str) -> str | None:
    """None for what no browser would open, or what hides where it leads («https://bank.ru@клиника.рф»)."""
    import idna  # its tables are large, and few messages need them

    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host, port = parts.hostname or "", parts.port
        if "@" in parts.netloc or "." not in host:
            return None
        name = idna.encode(host, uts46=True).decode()
    except (ValueError, UnicodeError):  # idna's own errors are of the latter
        return None
    netloc = f"{name}:{port}" if port else name
    path, query, fragment = (quote(part, safe=SAFE + "?") for part in parts[2:])
    return urlunsplit((parts.scheme.lower(), netloc, path, query, fragment))
