"""What is exact: bytes and requests over the wire, what blocks, how answers are packed, and how long files may be kept.

The service worker fetches, too: bytes are counted on the wire itself. A chat's photos are people's own, not counted.
What a next page brings once, to be kept for a year, is counted apart from the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import APIResponse, BrowserContext

from .budget import FIRST_VISIT, NEXT_PAGE, ONCE, REQUESTS, Figure
from .clinic import PAGES, PHONE, SIGN_IN, Clinic, browsing
from .network import QUICK

QUIET = 3_000  # milliseconds after a load, in which scripts and the service worker ask for more
SMALL = 1024  # bytes that need no packing
BLOCKING = """() => performance.getEntriesByType('resource')
    .filter((one) => one.renderBlockingStatus === 'blocking' && one.initiatorType === 'script').length"""
FILES = ("/assets/", "/static/")
TEXTS = ("text/html", "text/css", "text/javascript", "image/svg+xml", "application/manifest+json")
FOREVER = "public, max-age=31536000, immutable"
OLDER = "/chats/1/messages?before=40"  # a fragment
UNSEEN = ("/sw.js", "/manifest.webmanifest", "/offline")  # asked for where no page sees the answer


@dataclass(frozen=True)
class Cost:
    kilobytes: float
    once: float  # kilobytes of files that stay
    requests: int
    blocking: int


def measure(clinic: Clinic) -> list[Figure]:
    clinic.wire.become(QUICK)
    with browsing() as browser:
        context = browser.new_context(**PHONE)
        urls: set[str] = set()
        context.on("request", lambda request: urls.add(request.url) if request.method == "GET" else None)
        first = _cost(clinic, context, SIGN_IN)
        figures = [
            Figure("sign-in", "first visit, service worker too", first.kilobytes + first.once, FIRST_VISIT, "KB"),
            Figure("sign-in", "… in requests", first.requests, REQUESTS, digits=0),
            Figure("sign-in", "… scripts that block painting", first.blocking, 0, digits=0),
        ]
        inside = _cost(clinic, context, SIGN_IN, signs_in=True)
        figures += _next("inbox", "signing in leads there", inside)
        for often in ("the first time", "once more"):
            for name, path in PAGES.items():
                cost = _cost(clinic, context, path)
                figures += _next(name, often, cost)
        urls |= {clinic.url(path) for path in UNSEEN}
        answers = [context.request.get(url) for url in sorted(urls)]
        answers.append(context.request.get(clinic.url(OLDER), headers={"HX-Request": "true"}))
        return [*figures, _kept(answers), _packed(answers)]


def _next(name: str, often: str, cost: Cost) -> list[Figure]:
    return [
        Figure(name, often, cost.kilobytes, NEXT_PAGE, "KB"),
        Figure(name, "… and files that come once", cost.once, ONCE, "KB"),
        Figure(name, "… scripts that block painting", cost.blocking, 0, digits=0),
    ]


def _cost(clinic: Clinic, context: BrowserContext, path: str, *, signs_in: bool = False) -> Cost:
    """A chat as it is opened in life: with something unread."""
    clinic.leave_unread()
    bytes_before, lines_before = clinic.wire.bytes, len(_lines(clinic))
    page = context.new_page()
    page.goto(clinic.url(path))
    if signs_in:  # what is counted begins with the press
        page.wait_for_timeout(QUIET)
        bytes_before, lines_before = clinic.wire.bytes, len(_lines(clinic))
        clinic.fill_in(page)
    page.wait_for_timeout(QUIET)
    blocking = page.evaluate(BLOCKING)
    page.close()
    lines = _lines(clinic)[lines_before:]
    photos, once = _sent(lines, "/files/"), _sent(lines, "/assets/")
    return Cost((clinic.wire.bytes - bytes_before - photos - once) / 1024, once / 1024, len(lines), blocking)


def _sent(lines: Sequence[str], under: str) -> int:
    """Bytes of bodies."""
    return sum(int(line.split()[2]) for line in lines if line.startswith(under))


def _lines(clinic: Clinic) -> list[str]:
    """Sockets are logged when they end, so they are no requests here; their bytes count."""
    lines = clinic.log.read_text().splitlines()
    return [line for line in lines if not line.startswith(("/healthz", "/live"))]


def _kept(answers: Sequence[APIResponse]) -> Figure:
    files = [one for one in answers if _path(one).startswith(FILES)]
    fleeting = {_path(one) for one in files if one.headers.get("cache-control") != FOREVER}
    return _counted(f"files that may not be kept for a year, of {len(files)}", fleeting)


def _packed(answers: Sequence[APIResponse]) -> Figure:
    texts = [one for one in answers if one.headers["content-type"].startswith(TEXTS) and len(one.body()) >= SMALL]
    loose = {_path(one) for one in texts if one.headers.get("content-encoding") not in ("br", "gzip")}
    return _counted(f"texts of 1 KB and more that come unpacked, of {len(texts)}", loose)


def _path(answer: APIResponse) -> str:
    return urlsplit(answer.url).path


def _counted(what: str, guilty: set[str]) -> Figure:
    return Figure("all", what + (": " + ", ".join(sorted(guilty)) if guilty else ""), len(guilty), 0, digits=0)
