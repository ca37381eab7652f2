"""What templates know everywhere: names of elements, attributes of fields, links, and how Russian is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask import Flask, current_app, g, has_request_context
from jinja2 import StrictUndefined
from markupsafe import Markup

from . import phones
from .config import current_settings
from .declension import about_whom, called, for_whom
from .formatting import (
    answering_days,
    awaited,
    clock_length,
    clocks_differ,
    date_in_full,
    day_and_time,
    day_of,
    day_title,
    decimal,
    earliest,
    epoch,
    file_size,
    in_full,
    length_of,
    listed,
    local_day,
    local_time,
    minute_of_day,
    month_title,
    near_time,
    plural,
    quoted,
    short_day,
    short_deadline,
    short_name,
    short_weekday,
    short_when,
    soon,
    soon_changes_at,
    surname_of,
    time_for,
    time_left,
    time_until,
    waited,
    week_title,
    weekday_and_day,
    weekday_of,
    when_for,
    with_initials,
    within,
    without_patronymic,
    zone_mark,
)
from .links import linked, may_link
from .services import clock
from .sums import rubles


def dom_id(thing: Any, part: str = "") -> str:
    """message-42, chat-7-strip: the element's id everywhere it is rendered."""
    name = type(thing).__name__.lower()
    return f"{name}-{thing.id}" + (f"-{part}" if part else "")


def field_attributes(field: Any, hint: str, **wanted: Any) -> dict[str, Any]:
    """An input's attributes; a screen reader is led to its error, else to its hint.

    No browser cuts in silence what is pasted and too long: the form says so, and keeps it.
    """
    attributes: dict[str, Any] = {"class": "field__input", "maxlength": False} | {
        name: value for name, value in wanted.items() if value
    }
    if field.errors:
        return attributes | errors_attributes(field)
    return attributes | ({"aria-describedby": f"{field.id}-hint"} if hint else {})


def errors_attributes(field: Any) -> dict[str, Any]:
    """Read out with the field, where one finds oneself at once: browsers and htmx take the page's first autofocus."""
    wrong = {"aria-invalid": "true", "aria-describedby": f"{field.id}-error", "autofocus": True}
    return wrong if field.errors else {}


def icons_of(sprite: str) -> Callable[..., Markup]:
    """What draws the icons of this sprite (static/icons/sprite.svg: Lucide 1.62.0, ISC, see
    static/vendor/lucide-LICENSE.txt). A page draws some hundred of a few kinds."""

    @lru_cache
    def drawn_icon(name: str, label: str | None = None) -> Markup:
        """Decoration beside a word, or with a label of its own when it stands alone."""
        told = Markup('role="img"\n    aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
        icon = Markup(
            '<svg class="icon" width="24" height="24" focusable="false" {}><use xlink:href="{}#i-{}"></use></svg>'
        )
        return icon.format(told, sprite, name)

    return drawn_icon


def drawn_message(chat: Any, message: Any, viewer: Any) -> Markup:
    """A message without a card, as this person sees it: drawn once for the answer and for the person's other screens.

    Its forms have no token, as htmx sends that of its page. A card is not drawn so: its forms have a token on a page
    and none in what goes to a socket.
    """
    drawn: dict[tuple[int, int, int], Markup] = g.setdefault("drawn_messages", {}) if has_request_context() else {}
    place = (message.id, message.revision, viewer.id)
    if place not in drawn:
        fragment = current_app.jinja_env.get_template("fragments/chat/message.html")
        html = fragment.render(chat=chat, message=message, viewer=viewer, is_live=True)
        drawn[place] = Markup(html)  # noqa: S704  ours, escaped
    return drawn[place]


def link_to(endpoint: str, **values: object) -> str:
    """The address of a page of ours in what leaves the house, wherever it is written: a worker has no request."""
    doors = current_app.url_map.bind(current_settings.public_host)
    return current_settings.public_url + doors.build(endpoint, values)


def paths_of(app: Flask) -> Callable[..., str]:
    """Templates' url_for(): Flask's own needs a request, and a worker draws fragments without one."""
    doors = app.url_map.bind("")

    def url_for(endpoint: str, _anchor: str | None = None, **values: object) -> str:
        return doors.build(endpoint, values) + (f"#{_anchor}" if _anchor else "")

    return url_for


def init_rendering(app: Flask) -> None:
    dates = (local_time, local_day, day_of, day_title, month_title, day_and_time, short_when, time_left)
    days = (date_in_full, epoch, short_day, short_weekday, weekday_and_day, week_title)
    lengths = (waited, within, answering_days, minute_of_day, length_of)
    consultations = (zone_mark, time_for, when_for, near_time, in_full, weekday_of, time_until, soon, soon_changes_at)
    comparisons = (clocks_differ, earliest)
    files = (file_size, clock_length, short_name, short_deadline)
    people = (with_initials, without_patronymic, surname_of, awaited, called, for_whom, about_whom)
    helpers = (
        dom_id,
        drawn_message,
        may_link,
        linked,
        plural,
        rubles,
        decimal,
        field_attributes,
        errors_attributes,
        *dates,
        *days,
        *consultations,
        *lengths,
        *comparisons,
        *files,
        *people,
    )
    app.jinja_env.globals.update({helper.__name__: helper for helper in helpers})
    app.jinja_env.globals["url_for"] = paths_of(app)
    app.jinja_env.globals["drawn_icon"] = icons_of(str(app.jinja_env.globals["sprite"]))
    app.jinja_env.globals["settings"] = current_settings  # also where no request lays out the frame
    app.jinja_env.globals["now"] = clock.now
    app.jinja_env.globals["last_day"] = timedelta(days=1)
    app.jinja_env.filters |= {"phone": phones.readable, "quoted": quoted, "listed": listed}
    app.jinja_env.undefined = StrictUndefined  # a misspelt name is an error, not an empty place on the page
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
