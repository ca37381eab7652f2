"""Styles, scripts and pictures: at start each fixed list is joined into one file, and every name carries its hash."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from flask import Blueprint, Flask, Response, abort, current_app, request

from .script_modules import joined, without_comments
from .urgent_words import words_of_program

STATIC = Path(__file__).parent / "static"

CSS = (
    "tokens",
    "base",
    "layout",
    "tabs",
    "buttons",
    "forms",
    "avatar",
    "doctor",
    "inbox",
    "chat",
    "access-bar",
    "next-step",
    "patient-facts",
    "my-data",
    "patient-column",
    "message",
    "files",
    "viewer",
    "composer",
    "urgent",
    "attachment-tray",
    "panels",
    "bottom-sheet",
    "payments",
    "consultations",
    "conclusion",
    "week",
    "booking",
    "practice",
    "invitations",
    "steps",
    "notices",
    "utilities",
)

# Order matters: what may become a script, what old engines miss, then htmx, then the house's own, then its behaviours.
JS = (
    "js/trusted-types.js",
    "vendor/nodelist-foreach.js",
    "vendor/htmx-1.9.12.min.js",
    "js/behaviours.js",
    "js/responses.js",
    "js/backoff.js",
    "js/apply-fragment.js",
    "js/zone.js",
    "js/countdown.js",
    "js/busy-button.js",
    "js/progress.js",
    "js/notice.js",
    "js/prompt-bar.js",
    "js/home-screen.js",
    "js/reveal-password.js",
    "js/six-digits.js",
    "js/foreign-number.js",
    "js/offline.js",
    "js/navigation.js",
)

# The same for who is signed in: the socket, lists, chats, and forms that no page before it has.
INSIDE_JS = (
    "vendor/htmx-ext-ws-2.0.4.min.js",
    "js/load-more.js",
    "js/list-count.js",
    "js/inbox.js",
    "js/inbox-place.js",
    "js/next-waiting.js",
    "js/list-pane.js",
    "js/history.js",
    "js/revisions.js",
    "js/receipts.js",
    "js/typing.js",
    "js/player.js",
    "js/image-retry.js",
    "js/submissions.js",
    "js/leftovers.js",
    "js/drafts.js",
    "js/by-socket.js",
    "js/pending-messages.js",
    "js/unsent-notices.js",
    "js/quoting.js",
    "js/send-queue.js",
    "js/urgent-card.js",
    "js/draft.js",
    "js/writing-for.js",
    "js/composer.js",
    "js/sign-out.js",
    "js/card-refresh.js",
    "js/today.js",
    "js/bottom-sheet.js",
    "js/chosen-price.js",
    "js/offered-times.js",
    "js/free-times.js",
    "js/chosen-chip.js",
    "js/autosave.js",
    "js/patient-column.js",
    "js/replies.js",
    "js/connection.js",
)

# What follows are modules, which bring what they import: engines with modules only.
MODERN = ("service-worker", "offline-summary", "sms-code")

# The same for who is signed in: what waits on this device, and what is kept on it.
INSIDE = ("pending-on-disk", "submissions-loader", "page-cache", "push", "announcer", "socket-check")

CHAT = ("chat/attachment-tray", "chat/file-picker", "chat/recording", "chat/viewer-loader")  # an open chat

SUBMISSIONS = ("resume-submissions",)  # what goes on with unsent files from any other page; fetched when there are some

VIEWER = ("chat/viewer",)  # over files, and over a chat, where it is fetched with the first picture pressed

# The call and the check before it; nothing of it is on any other page.
CALL_CSS = ("call",)
CALL = ("call/call-session", "call/check")
SHARING = ("call/sharing",)  # what is shown in it in place of the camera; fetched when somebody is there to see it

URGENT = "js/urgent-words.js"  # with the list of words in it; fetched when a patient begins to write

TUS = ("vendor/tus-js-client-4.3.1.min.js",)  # fetched with the first file

WHOLE = ("icons/*", "portraits/*", "screenshots/*", "splash/*")  # served as they are, by such names
MIMETYPES = {".png": "image/png", ".svg": "image/svg+xml; charset=utf-8"}
PLAIN_NAME = re.compile(r"/static/([\w./-]+)")

INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)

FOREVER = "public, max-age=31536000, immutable"

bp = Blueprint("assets", __name__, url_prefix="/assets")


@dataclass(frozen=True)
class Asset:
    name: str
    mimetype: str
    body: bytes


class Assets:
    """The joined files by their public names."""

    def __init__(self) -> None:
        self.css = _style("app", CSS)
        self.call_css = _style("call", CALL_CSS)
        self.js = _script("app", JS)
        self.inside_js = _script("home", INSIDE_JS)
        self.modern = _modules("modern", MODERN)
        self.inside = _modules("inside", INSIDE)
        self.chat = _modules("chat", CHAT)
        self.submissions = _modules("submissions", SUBMISSIONS)
        self.viewer = _modules("viewer", VIEWER)
        self.call = _modules("call", CALL)
        self.sharing = _modules("sharing", SHARING)
        self.tus = _script("tus", TUS)
        self.urgent = _with_words("urgent", URGENT)
        self.shell = (self.css, self.js, self.modern)  # what every page has, and the offline page needs
        apart = (
            self.inside_js,
            self.inside,
            self.chat,
            self.submissions,
            self.viewer,
            self.call_css,
            self.call,
            self.sharing,
            self.tus,
            self.urgent,
        )
        self.whole = {path: _file(path) for path in _paths()}
        self.by_name = {asset.name: asset for asset in (*self.shell, *apart, *self.whole.values())}
        # Served at the top, to watch over all pages.
        self.worker = self.with_lasting_names(_joined_modules([STATIC / "sw.js"]))

    def with_lasting_names(self, text: str) -> str:
        """Files that are not made by templates name others, too."""
        return PLAIN_NAME.sub(lambda found: f"{bp.url_prefix}/{self.whole[found[1]].name}", text)


def _paths() -> list[str]:
    return sorted(str(path.relative_to(STATIC)) for pattern in WHOLE for path in STATIC.glob(pattern))


def _file(path: str) -> Asset:
    stem, dot, ending = path.rpartition(".")
    return _named(stem, ending, MIMETYPES[dot + ending], (STATIC / path).read_bytes())


def _join(paths: list[Path]) -> bytes:
    return ("\n".join(_slimmed(path) for path in paths) + "\n").encode()


def _slimmed(path: Path) -> str:
    """Without comments and indentation; vendored files stay as they are."""
    text = path.read_text(encoding="utf-8").strip()
    return text if "vendor" in path.parts else _slim(text)


def _slim(text: str) -> str:
    return INDENTATION.sub("", without_comments(text))


def _style(stem: str, parts: tuple[str, ...]) -> Asset:
    return _named(stem, "css", "text/css; charset=utf-8", _join([STATIC / "css" / f"{part}.css" for part in parts]))


def _script(stem: str, parts: tuple[str, ...]) -> Asset:
    return _named(stem, "js", "text/javascript; charset=utf-8", _join([STATIC / part for part in parts]))


def _with_words(stem: str, part: str) -> Asset:
    """The engine with the list of words in it: the same that the server reads."""
    body = f"(function (URGENT_WORDS) {{\n{_slimmed(STATIC / part)}\n}})({words_of_program().packed()});\n"
    return _named(stem, "js", "text/javascript; charset=utf-8", body.encode())


def _modules(stem: str, names: tuple[str, ...]) -> Asset:
    body = _joined_modules([STATIC / "js" / "modern" / f"{name}.js" for name in names])
    return _named(stem, "js", "text/javascript; charset=utf-8", body.encode())


def _joined_modules(paths: list[Path]) -> str:
    return INDENTATION.sub("", joined(paths)) + "\n"


def _named(stem: str, ending: str, mimetype: str, body: bytes) -> Asset:
    return Asset(f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}", mimetype, body)


def init_assets(app: Flask) -> Assets:
    assets = Assets()
    app.extensions["ibolit_assets"] = assets
    sprite = f"{bp.url_prefix}/{assets.whole['icons/sprite.svg'].name}"
    app.jinja_env.globals.update(assets=assets, lasting=lasting, sprite=sprite)
    app.register_blueprint(bp)
    return assets


def lasting(path: str) -> str:
    """The address of a file under static/, another one when the file is; no request is needed for it."""
    return f"{bp.url_prefix}/{current_app.extensions['ibolit_assets'].whole[path].name}"


@bp.get("/<path:name>")
def show(name: str) -> Response:
    asset = current_app.extensions["ibolit_assets"].by_name.get(name)
    if asset is None:
        abort(404)
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    answer = Response(asset.body, content_type=asset.mimetype, headers=headers)
    algorithm = request.accept_encodings.best_match(("br", "gzip"))
    if algorithm and asset.mimetype != "image/png":
        answer.set_data(_packed(asset.body, algorithm))
        answer.content_encoding = algorithm
    return answer


@cache
def _packed(body: bytes, algorithm: str) -> bytes:
    """As small as it gets, because it is done once."""
    return bytes(brotli.compress(body, quality=11)) if algorithm == "br" else gzip.compress(body, mtime=0)
