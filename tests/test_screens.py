"""The list of screens is whole: every page the clinic can show stands on it, or its absence has a reason."""

from __future__ import annotations

import re
from collections import Counter

from flask import Flask
from screens import SCREENS, door_of

NO_PAGES = {
    "assets.show": "styles and scripts",
    "static": "files",
    "auth.index": "leads on",
    "short_links.show": "leads on",
    "messages.today": "over the list of chats: on doctor-messages",
    "queue.next": "leads on",
    "chat.index": "what is new in a chat, for its page",
    "proposals.hint": "a line under a field",
    "patients.column": "stands beside a chat and in a call",
    "replies.choice": "the list over a doctor's composer: on doctor-chat-replies",
    "consultations.calendar": "a calendar file",
    "calendar_feeds.show": "for calendars",
    "consultations.conclusion_pdf": "a PDF",
    "invitations.report": "a table to download",
    "doctors.photo": "a picture",
    "files.show": "a file",
    "files.shown": "a file",
    "files.thumbnail": "a picture",
    "health.healthz": "for machines",
    "health.readyz": "for machines",
    "health.whence_asked": "for machines",
    "calls.signal": "a socket",
    "invitations.show": "a row of the list",
    "live.listen": "a socket",
    "my_data.download_copy": "a file",
    "pwa.favicon": "a picture",
    "pwa.manifest": "for browsers",
    "pwa.robots": "for search engines",
    "pwa.service_worker": "for browsers",
    "pwa.worker_pass": "for the worker",
    "pwa.worker_unread": "for the worker",
    "relatives.code": "a form for a code that an SMS brings: test_relatives.py",
    "relatives.child_code": "the same of a child's own yes",
    "relatives.ask_to_end": "a press away from the loss of a chat: test_relatives.py",
    "relatives.ask_of_death": "the same of a death",
    "relatives.ask_own_phone": "within a month of an 18th birthday: test_relatives.py",
    "relatives.ask_birth_date": "by an invitation of that month",
}


def doors_on_the_list(app: Flask) -> set[str]:
    doors = app.url_map.bind("127.0.0.1")
    addresses = [re.sub(r"{\w+}", "1", screen.path) for screen in SCREENS if screen.path]
    return {door_of(address, doors) for address in addresses} | {screen.lands for screen in SCREENS}


def test_every_page_is_on_the_list(app: Flask) -> None:
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    on_list = doors_on_the_list(app)
    assert pages - on_list == set(NO_PAGES)
    assert on_list - pages == {""}  # addresses of nothing, and pages that only a POST answers


def test_names_are_told_apart() -> None:
    assert [name for name, times in Counter(screen.name for screen in SCREENS).items() if times > 1] == []
