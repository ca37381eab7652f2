"""«Мои данные»: what there is, and «Кто смотрел мои данные»."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import DataCopy, Look, Looks
from ...models.my_data import contents
from ...responses import respond
from ...web.authentication import only_patients
from ...web.pagination import decode_cursor, encode_cursor, split_page

bp = Blueprint("my_data", __name__, url_prefix="/profile/my-data")

PAGE = 50


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    only_patients()
    kept = contents.whole_of(contents.sizes_of(current_user))
    return render_template("pages/my_data/index.html", kept=kept, copy=DataCopy.newest_of(current_user))


@bp.get("/looks")
@login_required
def looks() -> ResponseReturnValue:
    """«Кто смотрел мои данные»: one's own look at it is no line of it."""
    only_patients()
    before = decode_cursor(request.args.get("before", ""))
    shown, last = split_page(Looks.page_of(current_user, before, PAGE + 1), PAGE)
    next_page = url_for(".looks", before=encode_cursor(last.at, last.event.id)) if last else None
    fragment = "my_data/looks_rows.html" if before else "my_data/looks.html"
    return respond(
        fragment, page="my_data/looks.html", groups=together(shown), next_page=next_page, viewer=current_user
    )


def together(looks: Sequence[Look]) -> list[list[Look]]:
    """What somebody did again and again on one day, one thing after the other, is one line with its times."""

    def same(look: Look) -> tuple[object, ...]:
        event = look.event
        return look.at.astimezone(current_user.zone).date(), event.actor_id, event.action, event.subject_id

    return [list(group) for _, group in groupby(looks, same)]
