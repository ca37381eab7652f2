"""How a door answers: a fragment to htmx, a redirect after success, or a page."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue


def wants_fragment() -> bool:
    """An htmx request that wants a piece; boosted visits and Back want the whole page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def respond(
    fragment: str, *, page: str | None = None, to: str | None = None, status: int = 200, **context: Any
) -> Response:
    """The same action answered three ways: a fragment to htmx, else a redirect after success, else a page."""
    if wants_fragment() or (page is None and to is None):
        answer = make_response(render_template(f"fragments/{fragment}", **context), status)
    elif to is not None and status < 400:
        answer = make_response(redirect(to, 303))
    else:
        answer = make_response(render_template(f"pages/{page}", **context), status)
    answer.vary.add("HX-Request")
    return answer


def retarget(answer: Response, place: str) -> Response:
    """For htmx: it goes into `place`, a selector, whatever the pressed element names."""
    answer.headers["HX-Retarget"] = place
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def go(to: str) -> ResponseReturnValue:
    """A move to another page that htmx follows as a whole page, not into a fragment."""
    if not wants_fragment():
        return redirect(to, 303)
    return Response(status=200, headers={"HX-Redirect": to, "Vary": "HX-Request"})
