"""What people do in the stories of teller.py, through the doors, as the words of a story name it.

Each is given who does it and the rest of the line, and may answer what was read in doing so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from factories import open_hours
from reading import Page, plain

from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    BookingRules,
    ConsultationKind,
    Doctor,
    RulesTerms,
    TypeTerms,
)

if TYPE_CHECKING:
    from teller import Story


def _propose(story: Story, who: str, rest: str) -> str:
    """«05.03 15:00 for 1500», «05.03 15:00 free»."""
    price = re.search(r"for (\d+)", rest)
    page = story.page(who, f"/chats/{story.chat_id}/consultations/new")
    typed = _typed(story.moment_of(rest), story.zone_of(who))
    return story.send(who, page.form_to("/consultations"), price=price[1] if price else "0", **typed)


def _offer(story: Story, who: str, rest: str) -> str:
    """«05.03 15:00, 06.03 12:00 for 1500»: times to choose from."""
    price = re.search(r"for (\d+)", rest)
    page, zone = story.page(who, f"/chats/{story.chat_id}/consultations/new"), story.zone_of(who)
    first, *more = (_typed(story.moment_of(one), zone) for one in rest.split(","))
    others = {f"{name}_{number}": value for number, one in enumerate(more, 2) for name, value in one.items()}
    return story.send(who, page.form_to("/consultations"), price=price[1] if price else "0", **first, **others)


def _open_hours(story: Story, who: str, rest: str) -> str:
    """A paid and a free kind, each day from nine to six; «and confirms»: free ones at once."""
    doctor = db.session.scalars(db.select(Doctor).filter_by(user_id=story.people[who])).one()
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", confirms_free=bool(rest)))
    prices = (("Первичная консультация", 1500_00), ("Вопрос", 0))
    open_hours(doctor, *(TypeTerms(title, ConsultationKind.VIDEO, 30, price) for title, price in prices))
    return ""


def _hide(story: Story, who: str, _rest: str) -> str:
    db.session.scalars(db.select(Doctor).filter_by(user_id=story.people[who])).one().show_in_directory(False)
    db.session.commit()
    return ""


def _book(story: Story, who: str, rest: str) -> str:
    """«05.03 15:00 paid», «05.03 15:00 free»: what the doctor's hours offer."""
    doctor = db.session.scalars(db.select(Doctor).filter_by(user_id=story.people["doctor"])).one()
    type = AppointmentType.offered_by(doctor.id)["free" in rest]
    path = f"/doctors/{doctor.id}/booking/{type.id}/{int(story.moment_of(rest).timestamp())}"
    return story.send(who, story.page(who, path).form_to(path))


def _wish(story: Story, who: str, rest: str) -> str:
    """«06.03 12:00»; nothing: as the form stands."""
    typed = _typed(story.moment_of(rest), story.zone_of(who)) if rest else {}
    return story.send(who, _of_consultation(story, who, "time").form_to("/time"), **typed)


def _press(story: Story, who: str, rest: str) -> str:
    return story.send(who, story.card(who).form_of(rest))


def _cancel(story: Story, who: str, _rest: str) -> str:
    return story.send(who, _of_consultation(story, who, "cancellation").form_to("/cancellation"), reason="bad_time")


def _ask_to_cancel(story: Story, who: str, _rest: str) -> str:
    """What becomes of the money."""
    told = _of_consultation(story, who, "cancellation").said
    return " ".join(one.words for one in told if "notice" in one.classes) or "nothing of money"


def _ask(story: Story, who: str, rest: str) -> str:
    page = story.page(who, f"/chats/{story.chat_id}/consultations/new")
    return story.send(who, page.form_to("/consultation-requests"), wishes=rest or "Вечером")


def _see(story: Story, who: str, rest: str) -> str:
    """The payment, the access bar, their payments, the requests that wait for the operator; a part of the card."""
    if rest == "the payment":
        payment = story.newest_payment()
        if who == "operator":
            desk = story.page(who, f"/operator/payments/{payment.id}", part=f"payment-{payment.id}-desk").words()
            return desk.partition("Возвраты · ")[2].partition(" · Вернуть деньги")[0]
        return story.page(who, f"/payments/{payment.id}", part=f"payment-{payment.id}-way").words()
    if rest == "the strip":
        return story.page(who, f"/chats/{story.chat_id}", part=f"chat-{story.chat_id}-strip", reads=False).words()
    if rest == "their payments":
        return _of_class(story.page(who, "/profile/payments"), "paid")
    if rest == "decisions":
        return _of_class(story.page(who, "/operator"), "decision__until")
    return _of_class(story.card(who), OF_CARD[rest])


def _write(story: Story, who: str, rest: str) -> str:
    page = story.page(who, f"/chats/{story.chat_id}", reads=False)
    return story.send(who, page.form_to(f"/chats/{story.chat_id}/messages"), text=rest or "Здравствуйте!")


def _read(story: Story, who: str, _rest: str) -> str:
    story.page(who, f"/chats/{story.chat_id}")
    return ""


def _stay(story: Story, who: str, _rest: str) -> str:
    """A page without scripts loads itself anew."""
    story.card(who, whole=True)
    return ""


def _refuse(story: Story, who: str, rest: str) -> str:
    return story.send(who, story.page(who, "/operator").form_to("/refusal"), note=rest)


def _give_back(story: Story, who: str, rest: str) -> str:
    """«1000 за вычетом расходов»."""
    sum_, _, note = rest.partition(" ")
    return story.send(who, story.page(who, "/operator").form_to("/approval"), amount=sum_, note=note)


def _return_unasked(story: Story, who: str, rest: str) -> str:
    sum_, _, note = rest.partition(" ")
    page = story.page(who, f"/operator/payments/{story.newest_payment().id}")
    return story.send(who, page.form_to("/refunds"), amount=sum_, note=note)


def _repeat(story: Story, who: str, _rest: str) -> str:
    return story.send(who, story.page(who, "/operator").form_to("/repeat"))


def _give_otherwise(story: Story, who: str, rest: str) -> str:
    form = story.page(who, "/operator").form_to("/otherwise")
    return story.send(who, form, note=rest or "наличными", receipt="17")


def _close_alert(story: Story, who: str, _rest: str) -> str:
    return story.send(who, story.page(who, "/operator").form_to("/closing"))


def _conclude(story: Story, who: str, rest: str) -> str:
    return story.send(who, _of_consultation(story, who, "conclusion/new").form_to("/conclusion/new"), text=rest)


def _end(story: Story, who: str, _rest: str) -> str:
    """In the call's own page."""
    id = story.newest_consultation().id
    return story.send(who, story.page(who, f"/consultations/{id}/call").form_to("/end"))


def _give_days(story: Story, who: str, rest: str) -> str:
    page = story.page(who, f"/patients/{story.people['patient']}")
    return story.send(who, page.form_to("/days"), days=rest)


def _prolong(story: Story, who: str, _rest: str) -> str:
    return story.send(who, story.page(who, f"/chats/{story.chat_id}/tariffs").form_to("/payments"))


def _want_money_back(story: Story, who: str, rest: str) -> str:
    page = story.page(who, f"/profile/payments/{story.newest_payment().id}/refunds")
    return story.send(who, page.form_to("/refunds"), note=rest)


def _of_consultation(story: Story, who: str, page: str) -> Page:
    return story.page(who, f"/consultations/{story.newest_consultation().id}/{page}")


def _of_class(page: Page, name: str) -> str:
    return " · ".join(plain(one.words) for one in page.said if name in one.classes)


def _typed(moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    local = moment.astimezone(zone)
    return {"day": f"{local:%d.%m.%Y}", "time": f"{local:%H:%M}"}


OF_CARD = {
    "when": "consultation__when",
    "when it opens": "consultation__reason",
    "the wish": "consultation__reschedule",
    "Ещё": "consultation__more",
}
ACTIONS: dict[str, Callable[[Story, str, str], str]] = {
    "asks for one": _ask,
    "asks to cancel": _ask_to_cancel,
    "books": _book,
    "cancels": _cancel,
    "closes the alert": _close_alert,
    "concludes": _conclude,
    "ends it": _end,
    "gives back": _give_back,
    "gives days": _give_days,
    "gives otherwise": _give_otherwise,
    "hides": _hide,
    "offers": _offer,
    "opens hours": _open_hours,
    "presses": _press,
    "prolongs": _prolong,
    "proposes": _propose,
    "reads": _read,
    "refuses": _refuse,
    "repeats": _repeat,
    "returns": _return_unasked,
    "sees": _see,
    "stays": _stay,
    "wants money back": _want_money_back,
    "wishes": _wish,
    "writes": _write,
}
