"""Short pages that one list leads to, each a panel: answered alone to htmx, with its page around it otherwise.

The panel `name` of `account` is `fragments/account/name.html` in `pages/account/panel.html`, at `account.name`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..responses import respond, wants_fragment


class Panels:
    """`context`: all that the page of a panel shows, by the panel's name."""

    def __init__(self, place: str, context: Callable[[str], dict[str, Any]]) -> None:
        self.place, self.context = place, context

    def show(self, panel: str) -> ResponseReturnValue:
        return render_template(f"pages/{self.place}/panel.html", **self.context(panel))

    def done(self, panel: str, sentence: str) -> ResponseReturnValue:
        if not wants_fragment():
            flash(sentence)
        shown = self.context(panel) | {"saved": sentence}
        return respond(self._fragment(panel), to=url_for(f"{self.place}.{panel}"), viewer=current_user, **shown)

    def refuse(self, panel: str, status: int = 422, **told: Any) -> ResponseReturnValue:
        """`told` takes the place of what the context has: a form with errors that of its fresh one."""
        page, shown = f"{self.place}/panel.html", self.context(panel) | told
        return respond(self._fragment(panel), page=page, status=status, viewer=current_user, **shown)

    def _fragment(self, panel: str) -> str:
        return f"{self.place}/{panel}.html"
