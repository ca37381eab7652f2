"""Headers every answer carries: nothing foreign is loaded, nothing inline is run, nobody frames us."""

from __future__ import annotations

from flask import Flask, Response, request

from .config import Settings
from .cookies import FILES

# Only our own answer is success: pages and their worker take nothing for the clinic's word that comes without it. A
# filter, a hotel's gate and a maintenance page answer 200 as well.
OURS = "X-iBolit"

CALLS = ("calls.show", "calls.check")
SPEAKS = (*CALLS, "chat.show", "chat.post")  # a voice message is recorded in a chat


def content_policy(settings: Settings) -> str:
    # Old WebKit does not count wss: as 'self'.
    socket = settings.public_url.replace("http", "ws", 1)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            f"connect-src 'self' {socket}",
            "media-src 'self' blob:",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",  # js/trusted-types.js
            "trusted-types default",
        )
    )


def senses_of(endpoint: str | None) -> str:
    """Camera, microphone and screen only where they are used: a script that got in elsewhere finds none of them."""
    camera, microphone = ("(self)" if endpoint in pages else "()" for pages in (CALLS, SPEAKS))
    screen = "(self)" if endpoint == "calls.show" else "()"
    return f"camera={camera}, microphone={microphone}, display-capture={screen}, geolocation=()"


def init_security(app: Flask, settings: Settings) -> None:
    policy = content_policy(settings)

    @app.after_request
    def guard(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        if settings.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=63072000")  # two years
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.endpoint in FILES and response.status_code < 400:
            return response  # the rest is for pages; with each file it would be half a kilobyte
        headers.setdefault(OURS, app.extensions["ibolit_service_worker"].version)
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Permissions-Policy", senses_of(request.endpoint))
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        headers.setdefault("Cache-Control", "private, no-store")
        return response
