"""The table of who reaches what, read by test_matrix.py. A new door needs a row here, or the test fails.

To add one, copy the row of a neighbour:
- first the method and the rule of the door;
- in «of» whose thing stands in the address, by the names of `Things` in matrix_world.py; "-" where nothing does;
  "=" before it where everybody may see everybody's (or whoever holds the link), "+" where an operator may, "~" where
  every patient may;
- then what becomes of each kind of person who asks for their own: `in` (the door answers, be it with a page, an action
  or a sentence about what was typed), `login` (is asked to sign in), `gate` (is asked for the consent), `card` (a guest
  device is led back to its consultation), or 401, 403, 404.
Foreign and missing things are compared by themselves: they must answer alike, word by word.
Values for new fields of forms go into BODY, those of one door alone into BODIES. What a GET may write stands in
MARKED_BY_READING.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

ACTORS = {
    "out": ("signed out",),
    "half": ("half-consented",),
    "patient": ("patient", "other patient"),
    "doctor": ("doctor", "other doctor", "hidden doctor"),
    "operator": ("operator",),
    "guest": ("guest device",),
}

# Who stands in for a doctor reaches what that doctor reaches of a chat that its patient has chosen, and its files, and
# whatever is their own; of anything else there is nothing for them, and here is what else is so.
STAND_IN = "stand-in"
OF_STAND_IN = ("", "chat", "file", "device")
SAID_TO_STAND_IN = {
    "POST /chats/<int:id>/consultations": "404",
    "GET /chats/<int:id>/consultations/hint": "404",
    "GET /chats/<int:id>/consultations/new": "404",
    "GET /chats/<int:id>/tariffs": "404",
    "POST /chats/<int:id>/closing": "404",
    # What nobody gets anything by: the socket says it in its own words, the others that there is nothing.
    **dict.fromkeys(("GET /consultations/<int:id>/signal", "GET /v/<int:id>", "PATCH /uploads/<key>"), "in"),
    **dict.fromkeys(("POST /replies/<int:id>", "POST /replies/<int:id>/removal"), "in"),
}

# What stands in forms, so that an action that is allowed is done, and another is not stopped by a typing error.
BODY: dict[str, Any] = {
    "client_id": "matrix-client-0001", "text": "Добрый день", "name": "Новое Имя", "note": "Так решено",
    "login": "+79160000000", "password": "a longer pass phrase", "current": "correct horse", "phone": "+79165550000",
    "email": "fresh@example.org", "zone": "Asia/Omsk", "offer": "y", "personal_data": "y", "stars": "5",
    "birth_date": "03.05.1957", "shown": "1957-05-03", "answer": "yes",
    "words": "Спасибо", "days": "3", "price": "1000", "title": "Неделя", "free_days": "2", "minutes": "30",
    "delivered_to": "1", "read_to": "1", "trouble": "Болит", "since": "вчера", "strength": "5", "wishes": "Вечером",
    "kind": "video", "reason": "busy", "contact": "+79166660000", "steps": "1", "amount": "1", "code": "000000",
    "specialty": "Терапевт", "practises_since": "2010", "cut": "middle", "decision": "pay", "q": "Анна",
    "sex": "female", "relation": "son", "sure": "y", "representation": "y",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "POST /stand-in-offers/<int:id>/choice": {"choice": "wait"},
    "POST /profile/family/child": {"birth_date": "12.04.2023", "relation": "mother"},
    "POST /profile/family/<int:id>": {"birth_date": "12.04.2023", "relation": "mother"},
}

# What a GET may write, by its rule: what was seen, and the audit log of it. Never by HEAD or OPTIONS, and nothing else.
MARKED_BY_READING: dict[str, set[str]] = {
    "/calendar/<token>.ics": {"rate_limit_hit"},
    "/chats/<int:id>": {"audit_event", "chat", "chat_member"},
    "/chats/<int:id>/files": {"audit_event"},
    "/chats/<int:id>/messages": {"audit_event"},
    "/consultations/<int:id>": {"audit_event", "consultation"},  # who looks at it is there
    "/consultations/<int:id>/call": {"consultation"},
    "/files/<int:id>": {"audit_event"},
    "/files/<int:id>/shown": {"audit_event"},
    "/i/<token>": {"invitation"},  # its sender sees that it was opened
    "/invitations": {"audit_event"},
    "/operator": {"audit_event"},
    "/profile/my-data/copy/<int:id>/download": {"audit_event"},
    "/operator/payments/<int:id>": {"audit_event"},
    "/patients/<subject:id>": {"audit_event"},
    "/patients/<subject:id>/column": {"audit_event"},
    "/patients/<subject:id>/facts": {"audit_event"},
}

ROWS = """
door                                          | of          | out   | half  | patient | doctor | operator | guest
--------------------------------------------- | ----------- | ----- | ----- | ------- | ------ | -------- | -----
GET /                                         | -           | in    | in    | in      | in     | in       | in
GET /assets/<path:name>                       | -           | 404   | 404   | 404     | 404    | 404      | 404
POST /chats                                   | -           | login | gate  | 404     | 403    | 403      | card
GET /chats/<int:id>                           | chat        | login | gate  | in      | in     | 404      | in
POST /chats/<int:id>/consultation-requests    | chat        | login | gate  | in      | 404    | 404      | card
POST /chats/<int:id>/consultations            | chat        | login | gate  | 404     | in     | 404      | card
GET /chats/<int:id>/actions                   | chat        | login | gate  | in      | in     | 404      | card
POST /chats/<int:id>/archiving                | chat        | login | gate  | in      | in     | 404      | card
POST /chats/<int:id>/closing                  | chat        | login | gate  | 404     | in     | 404      | card
GET /chats/<int:id>/consultations/hint        | chat        | login | gate  | in      | in     | 404      | card
GET /chats/<int:id>/consultations/new         | chat        | login | gate  | in      | in     | 404      | card
GET /chats/<int:id>/files                     | chat        | login | gate  | in      | in     | 404      | in
GET /chats/<int:id>/messages                  | chat        | login | gate  | in      | in     | 404      | in
POST /chats/<int:id>/messages                 | chat        | login | gate  | in      | in     | 404      | in
POST /chats/<int:id>/dismissal                | chat        | login | gate  | 404     | in     | 404      | card
POST /chats/<int:id>/payments                 | chat        | login | gate  | in      | 403    | 404      | card
POST /chats/<int:id>/receipts                 | chat        | login | gate  | in      | in     | 404      | in
GET /chats/<int:id>/search                    | chat        | login | gate  | in      | in     | 404      | card
POST /chats/<int:id>/search                   | chat        | login | gate  | in      | in     | 404      | card
GET /chats/<int:id>/tariffs                   | chat        | login | gate  | in      | in     | 404      | card
POST /chats/<int:id>/typing                   | chat        | login | gate  | in      | in     | 404      | in
OPTIONS /chats/<int:id>/uploads               | chat        | in    | gate  | in      | in     | in       | in
POST /chats/<int:id>/uploads                  | chat        | login | gate  | in      | in     | 404      | in
GET /consent                                  | -           | login | in    | in      | in     | in       | in
POST /consent                                 | -           | login | in    | in      | in     | in       | in
GET /calendar/<token>.ics                     | =feed       | in    | in    | in      | in     | in       | in
GET /consultations                            | -           | login | gate  | in      | in     | in       | card
GET /consultations/week                       | -           | login | gate  | 404     | in     | 404      | card
GET /consultations/<int:id>                   | consultation        | login | gate  | in      | in     | 404      | in
GET /consultations/<int:id>/calendar.ics      | ahead       | login | gate  | in      | in     | 404      | card
GET /consultations/<int:id>/call              | consultation        | login | gate  | in      | in     | 404      | in
POST /consultations/<int:id>/call/phone       | consultation        | login | gate  | in      | 404    | 404      | in
POST /consultations/<int:id>/call/report      | consultation        | login | gate  | in      | in     | 404      | in
GET /consultations/<int:id>/cancellation      | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/cancellation     | ahead       | login | gate  | in      | in     | 404      | card
GET /consultations/<int:id>/check             | consultation        | login | gate  | in      | in     | 404      | in
GET /consultations/<int:id>/complaint         | ahead       | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/complaint        | ahead       | login | gate  | in      | 404    | 404      | card
GET /consultations/<int:id>/conclusion        | done        | login | gate  | 404     | 404    | 404      | card
GET /consultations/<int:id>/conclusion.pdf    | done        | login | gate  | 404     | 404    | 404      | card
POST /consultations/<int:id>/conclusion/draft | done        | login | gate  | 404     | in     | 404      | card
GET /consultations/<int:id>/conclusion/new    | done        | login | gate  | 404     | in     | 404      | card
POST /consultations/<int:id>/conclusion/new   | done        | login | gate  | 404     | in     | 404      | card
POST /consultations/<int:id>/confirmation     | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/delay            | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/end              | consultation        | login | gate  | 404     | in     | 404      | 404
POST /consultations/<int:id>/handover         | consultation        | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/payments         | ahead       | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/readiness        | consultation        | login | gate  | in      | in     | 404      | in
GET /consultations/<int:id>/move              | ahead       | login | gate  | in      | 404    | 404      | card
GET /consultations/<int:id>/move/<int:start>  | ahead       | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/move/<int:start> | ahead       | login | gate  | in      | 404    | 404      | card
GET /consultations/<int:id>/review            | done        | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/review           | done        | login | gate  | in      | 404    | 404      | card
GET /consultations/<int:id>/signal            | consultation        | in    | gate  | in      | in     | in       | card
GET /consultations/<int:id>/time              | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/time             | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/choice           | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/time/acceptance  | ahead       | login | gate  | in      | in     | 404      | card
POST /consultations/<int:id>/time/refusal     | ahead       | login | gate  | in      | in     | 404      | card
GET /demo/bank/<payment_id>                   | -           | 404   | 404   | 404     | 404    | 404      | 404
POST /demo/bank/<payment_id>/decision         | -           | 404   | 404   | 404     | 404    | 404      | 404
GET /demo/outbox                              | -           | in    | in    | in      | in     | in       | in
GET /doctors                                  | -           | login | gate  | in      | in     | in       | card
GET /doctors/<int:id>                         | =doctor     | login | gate  | in      | in     | in       | card
GET /doctors/<int:id>/booking                 | ~doctor     | login | gate  | in      | 404    | 404      | card
GET /doctors/<int:id>/booking/<int:type_id>   | ~doctor     | login | gate  | in      | 404    | 404      | card
GET /doctors/<int:id>/booking/<int:type_id>/<int:start>  | ~doctor | login | gate | in    | 404    | 404      | card
POST /doctors/<int:id>/booking/<int:type_id>/<int:start> | ~doctor | login | gate | in    | 404    | 404      | card
GET /doctors/<int:id>/photo/<version>         | doctor      | login | gate  | 404     | 404    | 404      | card
GET /documents/<kind>                         | -           | in    | in    | in      | in     | in       | in
GET /facts/<int:id>/text                      | fact        | login | gate  | in      | 404    | 404      | card
POST /facts/<int:id>/text                     | fact        | login | gate  | in      | 404    | 404      | card
POST /facts/<int:id>/removal                  | fact        | login | gate  | in      | in     | 404      | card
POST /facts/<int:id>/restoration              | fact        | login | gate  | in      | in     | 404      | card
POST /facts/<int:id>/sharing                  | fact        | login | gate  | in      | 404    | 404      | card
GET /favicon.ico                              | -           | in    | in    | in      | in     | in       | in
GET /files/<int:id>                           | file        | login | gate  | in      | in     | 404      | in
GET /files/<int:id>/shown                     | file        | login | gate  | in      | in     | 404      | in
GET /files/<int:id>/thumbnail                 | file        | login | gate  | in      | in     | 404      | in
GET /files/<int:id>/view                      | file        | login | gate  | in      | in     | 404      | in
GET /h/<int:id>                               | =handover   | in    | gate  | in      | in     | in       | in
POST /h/<int:id>                              | =handover   | in    | gate  | in      | in     | in       | in
GET /healthz                                  | -           | in    | in    | in      | in     | in       | in
GET /healthz/whence                           | -           | 404   | 404   | 404     | 404    | 404      | 404
GET /home-screen                              | -           | in    | in    | in      | in     | in       | in
POST /home-screen                             | -           | in    | in    | in      | in     | in       | in
GET /i/<token>                                | =link       | in    | in    | in      | in     | in       | in
POST /i/<token>                               | =link       | in    | in    | in      | in     | in       | in
POST /i/<token>/chat                          | =link       | login | in    | in      | in     | in       | in
POST /i/<token>/exit                          | =link       | login | in    | in      | in     | in       | in
POST /i/<token>/password                      | =link       | login | login | login   | login  | login    | login
GET /invitations                              | -           | login | gate  | 404     | in     | in       | card
POST /invitations                             | -           | login | gate  | 404     | in     | in       | card
GET /invitations/<int:id>                     | +invitation | login | gate  | 404     | in     | in       | card
POST /invitations/<int:id>/sending            | +invitation | login | gate  | 404     | in     | in       | card
POST /invitations/<int:id>/withdrawal         | +invitation | login | gate  | 404     | in     | in       | card
POST /invitations/imports                     | -           | login | gate  | 404     | in     | in       | card
GET /invitations/imports/<int:id>             | list        | login | gate  | 404     | in     | 404      | card
GET /invitations/imports/<int:id>/report.csv  | list        | login | gate  | 404     | in     | 404      | card
POST /invitations/imports/<int:id>/columns    | list        | login | gate  | 404     | in     | 404      | card
POST /invitations/imports/<int:id>/sending    | list        | login | gate  | 404     | in     | 404      | card
GET /invitations/imports/new                  | -           | login | gate  | 404     | in     | in       | card
GET /invitations/new                          | -           | login | gate  | 404     | in     | in       | card
GET /live                                     | -           | in    | gate  | in      | in     | in       | card
GET /login                                    | -           | in    | in    | in      | in     | in       | in
POST /login                                   | -           | in    | in    | in      | in     | in       | in
GET /login/code                               | -           | in    | in    | in      | in     | in       | in
POST /login/code                              | -           | in    | in    | in      | in     | in       | in
POST /login/code/again                        | -           | in    | in    | in      | in     | in       | in
GET /login/password                           | -           | in    | in    | in      | in     | in       | in
POST /login/password                          | -           | in    | in    | in      | in     | in       | in
GET /login/phone                              | -           | in    | in    | in      | in     | in       | in
POST /login/phone                             | -           | in    | in    | in      | in     | in       | in
GET /login/whose                              | -           | in    | in    | in      | in     | in       | in
POST /login/whose                             | -           | in    | in    | in      | in     | in       | in
POST /login/whose/code                        | -           | in    | in    | in      | in     | in       | in
POST /login/whose/mail                        | -           | in    | in    | in      | in     | in       | in
POST /login/whose/new                         | -           | in    | in    | in      | in     | in       | in
POST /logout                                  | -           | login | login | login   | login  | login    | login
GET /manifest.webmanifest                     | -           | in    | in    | in      | in     | in       | in
GET /family/relatives                         | -           | login | gate  | in      | 404    | 404      | card
POST /family/relatives                        | -           | login | gate  | in      | 404    | 404      | card
GET /family/relatives/new                     | -           | login | gate  | in      | 404    | 404      | card
GET /family/relatives/<int:id>                | relative    | login | gate  | in      | 404    | 404      | card
POST /family/relatives/<int:id>/code          | relative    | login | gate  | in      | 404    | 404      | card
POST /family/relatives/<int:id>/removal       | relative    | login | gate  | in      | 404    | 404      | card
POST /family/relatives/<int:id>/sending       | relative    | login | gate  | in      | 404    | 404      | card
GET /family/permissions/<int:id>/ending       | permitted   | login | gate  | in      | 404    | 404      | card
POST /family/permissions/<int:id>/ending      | permitted   | login | gate  | in      | 404    | 404      | card
GET /family/<int:id>/death                    | child       | login | gate  | in      | 404    | 404      | card
POST /family/<int:id>/death                   | child       | login | gate  | in      | 404    | 404      | card
POST /family/<int:id>/death/undoing           | child       | login | gate  | in      | 404    | 404      | card
GET /chats/<int:id>/own-phone                 | teens-chat  | login | gate  | 404     | in     | 404      | card
POST /chats/<int:id>/own-phone                | teens-chat  | login | gate  | 404     | in     | 404      | card
GET /i/<token>/birth-date                     | taking-over | login | gate  | in      | 404    | 404      | card
POST /i/<token>/birth-date                    | taking-over | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/child-consent    | teens       | login | gate  | 404     | in     | 404      | card
GET /consultations/<int:id>/child-code        | teens       | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/child-code       | teens       | login | gate  | in      | 404    | 404      | card
POST /consultations/<int:id>/child-code/check | teens       | login | gate  | in      | 404    | 404      | card
GET /messages                                 | -           | login | gate  | in      | in     | in       | card
POST /messages/<int:id>/recall                 | message     | login | gate  | in      | 404    | 404      | card
GET /profile/family/suggestion                 | -           | login | gate  | in      | 404    | 404      | card
POST /profile/family/suggestion                | -           | login | gate  | in      | 404    | 404      | card
POST /profile/family/suggestion/refusal        | -           | login | gate  | in      | 404    | 404      | card
GET /messages/<int:id>/subject                 | message     | login | gate  | in      | 404    | 404      | card
POST /messages/<int:id>/subject                | message     | login | gate  | in      | 404    | 404      | card
POST /chats/<int:id>/subject                   | chat        | login | gate  | in      | 404    | 404      | card
POST /stand-in-offers/<int:id>/choice          | offer       | login | gate  | in      | 404    | 404      | card
POST /doctors/search                          | -           | login | gate  | in      | in     | in       | card
GET /messages/next                            | -           | login | gate  | 404     | in     | 404      | card
GET /messages/today                           | -           | login | gate  | 404     | in     | 404      | card
POST /messages/search                         | -           | login | gate  | in      | in     | in       | card
GET /n/<int:id>                               | =change     | in    | in    | in      | in     | in       | in
POST /n/<int:id>                              | =change     | in    | in    | in      | in     | in       | in
GET /offline                                  | -           | in    | in    | in      | in     | in       | in
GET /operator                                 | -           | login | gate  | 404     | 404    | in       | card
POST /operator/alerts/<int:id>/closing        | patient     | login | gate  | 404     | 404    | 404      | card
POST /operator/payments/search                | -           | login | gate  | 404     | 404    | in       | card
GET /operator/payments/<int:id>               | +paid       | login | gate  | 404     | 404    | in       | card
POST /operator/payments/<int:id>/refunds      | +paid       | login | gate  | 404     | 404    | in       | card
POST /operator/refunds/<int:id>/approval      | +refund     | login | gate  | 404     | 404    | in       | card
POST /operator/refunds/<int:id>/otherwise     | +refund     | login | gate  | 404     | 404    | in       | card
POST /operator/refunds/<int:id>/refusal       | +refund     | login | gate  | 404     | 404    | in       | card
POST /operator/refunds/<int:id>/repeat        | +refund     | login | gate  | 404     | 404    | in       | card
GET /patients                                 | -           | login | gate  | 404     | in     | 404      | card
GET /patients/<subject:id>                    | patient     | login | gate  | 404     | in     | 404      | card
GET /patients/<subject:id>/column             | patient     | login | gate  | 404     | in     | 404      | card
GET /patients/<subject:id>/facts              | patient     | login | gate  | in      | in     | 404      | card
POST /patients/<subject:id>/facts             | patient     | login | gate  | in      | in     | 404      | card
GET /patients/<subject:id>/consultations      | patient     | login | gate  | 404     | in     | 404      | card
POST /patients/<subject:id>/days              | patient     | login | gate  | 404     | in     | 404      | card
POST /patients/<subject:id>/note              | patient     | login | gate  | 404     | in     | 404      | card
POST /patients/search                         | -           | login | gate  | 404     | in     | 404      | card
GET /payments/<int:id>                        | payment     | login | 404   | in      | 404    | 404      | card
POST /payments/<int:id>/email                 | payment     | login | 404   | in      | 404    | 404      | card
GET /payments/return/<token>                  | =return     | in    | in    | in      | in     | in       | card
POST /payments/return/<token>/check           | =return     | in    | in    | in      | in     | in       | card
GET /practice                                 | -           | login | gate  | 404     | in     | 404      | card
GET /practice/directory                       | -           | login | gate  | 404     | in     | 404      | card
POST /practice/directory                      | -           | login | gate  | 404     | in     | 404      | card
GET /practice/introduction                    | -           | login | gate  | 404     | in     | 404      | card
POST /practice/introduction                   | -           | login | gate  | 404     | in     | 404      | card
GET /practice/photo                           | -           | login | gate  | 404     | in     | 404      | card
POST /practice/photo                          | -           | login | gate  | 404     | in     | 404      | card
POST /practice/photo/removal                  | -           | login | gate  | 404     | in     | 404      | card
GET /practice/preview                         | -           | login | gate  | 404     | in     | 404      | card
GET /practice/appointment-types               | -           | login | gate  | 404     | in     | 404      | card
POST /practice/appointment-types              | -           | login | gate  | 404     | in     | 404      | card
POST /practice/appointment-types/<int:id>     | type        | login | gate  | 404     | in     | 404      | card
POST /practice/appointment-types/<int:id>/offer | type      | login | gate  | 404     | in     | 404      | card
POST /practice/appointment-types/<int:id>/place | type      | login | gate  | 404     | in     | 404      | card
GET /practice/booking-rules                   | -           | login | gate  | 404     | in     | 404      | card
POST /practice/booking-rules                  | -           | login | gate  | 404     | in     | 404      | card
GET /practice/hours                           | -           | login | gate  | 404     | in     | 404      | card
POST /practice/hours/<int:weekday>            | -           | login | gate  | 404     | in     | 404      | card
GET /practice/calendar                        | -           | login | gate  | 404     | in     | 404      | card
POST /practice/calendar                       | -           | login | gate  | 404     | in     | 404      | card
POST /practice/calendar/removal               | -           | login | gate  | 404     | in     | 404      | card
GET /practice/answers                         | -           | login | gate  | 404     | in     | 404      | card
POST /practice/answers                        | -           | login | gate  | 404     | in     | 404      | card
GET /practice/reachability                    | -           | login | gate  | 404     | in     | 404      | card
POST /practice/reachability                   | -           | login | gate  | 404     | in     | 404      | card
GET /practice/tariffs                         | -           | login | gate  | 404     | in     | 404      | card
POST /practice/tariffs                        | -           | login | gate  | 404     | in     | 404      | card
POST /practice/tariffs/<int:id>               | tariff      | login | gate  | 404     | in     | 404      | card
POST /practice/tariffs/<int:id>/mark          | tariff      | login | gate  | 404     | in     | 404      | card
POST /practice/tariffs/<int:id>/place         | tariff      | login | gate  | 404     | in     | 404      | card
POST /practice/tariffs/<int:id>/visibility    | tariff      | login | gate  | 404     | in     | 404      | card
GET /practice/time-off                        | -           | login | gate  | 404     | in     | 404      | card
POST /practice/time-off                       | -           | login | gate  | 404     | in     | 404      | card
POST /practice/time-off/<int:id>              | absence     | login | gate  | 404     | in     | 404      | card
POST /practice/time-off/<int:id>/end          | absence     | login | gate  | 404     | in     | 404      | card
GET /practice/terms                           | -           | login | gate  | 404     | in     | 404      | card
POST /practice/terms                          | -           | login | gate  | 404     | in     | 404      | card
GET /profile                                  | -           | login | gate  | in      | in     | in       | card
GET /profile/birth-date                       | -           | login | gate  | in      | 404    | 404      | card
POST /profile/birth-date                      | -           | login | gate  | in      | 404    | 404      | card
GET /profile/family                           | -           | login | gate  | in      | 404    | 404      | card
GET /profile/family/<int:id>                  | dependant   | login | gate  | in      | 404    | 404      | card
POST /profile/family/<int:id>                 | dependant   | login | gate  | in      | 404    | 404      | card
POST /profile/family/<int:id>/removal         | dependant   | login | gate  | in      | 404    | 404      | card
GET /profile/family/child                     | -           | login | gate  | in      | 404    | 404      | card
POST /profile/family/child                    | -           | login | gate  | in      | 404    | 404      | card
GET /profile/birth-date/suggestion            | -           | login | gate  | in      | 404    | 404      | card
POST /profile/birth-date/suggestion           | -           | login | gate  | in      | 404    | 404      | card
GET /profile/confirmation/<panel>             | -           | login | in    | in      | in     | in       | card
POST /profile/confirmation/<panel>            | -           | login | in    | in      | in     | in       | card
POST /profile/confirmation/<panel>/check      | -           | login | in    | in      | in     | in       | card
POST /profile/confirmation/<panel>/code       | -           | login | in    | in      | in     | in       | card
GET /profile/devices                          | -           | login | gate  | in      | in     | in       | card
POST /profile/devices/<int:id>/end            | device      | login | gate  | in      | in     | in       | card
POST /profile/devices/others/end              | -           | login | gate  | in      | in     | in       | card
GET /profile/email                            | -           | login | gate  | in      | in     | in       | card
POST /profile/email                           | -           | login | gate  | in      | in     | in       | card
GET /profile/email/<int:id>                   | =proof      | in    | gate  | in      | in     | in       | card
POST /profile/email/<int:id>                  | =proof      | in    | gate  | in      | in     | in       | card
GET /profile/erasure                          | -           | login | in    | in      | 404    | 404      | card
POST /profile/erasure                         | -           | login | in    | in      | 404    | 404      | card
POST /profile/erasure/undo                    | -           | login | in    | in      | 404    | 404      | card
GET /profile/help                             | -           | login | gate  | in      | in     | in       | card
GET /profile/income                           | -           | login | gate  | 404     | in     | 404      | card
GET /profile/my-data                          | -           | login | in    | in      | 404    | 404      | card
GET /profile/my-data/consents                 | -           | login | in    | in      | 404    | 404      | card
GET /profile/my-data/consents/<kind>/withdrawal | -         | login | in    | in      | 404    | 404      | card
POST /profile/my-data/consents/<kind>/withdrawal | -        | login | in    | in      | 404    | 404      | card
GET /profile/my-data/copy                     | -           | login | in    | in      | 404    | 404      | card
POST /profile/my-data/copy                    | -           | login | in    | in      | 404    | 404      | card
GET /profile/my-data/copy/<int:id>/download   | copy        | login | 404   | in      | 404    | 404      | card
POST /profile/my-data/copy/removal            | -           | login | in    | in      | 404    | 404      | card
GET /profile/my-data/looks                    | -           | login | in    | in      | 404    | 404      | card
GET /profile/name                             | -           | login | gate  | in      | in     | in       | card
POST /profile/name                            | -           | login | gate  | in      | in     | in       | card
GET /profile/notifications                    | -           | login | gate  | in      | in     | in       | card
POST /profile/notifications                   | -           | login | gate  | in      | in     | in       | card
GET /profile/offline                          | -           | login | gate  | in      | in     | in       | card
GET /profile/password                         | -           | login | gate  | in      | in     | in       | card
POST /profile/password                        | -           | login | gate  | in      | in     | in       | card
GET /profile/payments                         | -           | login | gate  | in      | 404    | 404      | card
GET /profile/payments/<int:id>/refunds        | paid        | login | gate  | in      | 404    | 404      | card
POST /profile/payments/<int:id>/refunds       | paid        | login | gate  | in      | 404    | 404      | card
GET /profile/phone                            | -           | login | gate  | in      | 404    | 404      | card
POST /profile/phone                           | -           | login | gate  | in      | 404    | 404      | card
POST /profile/phone/again                     | -           | login | gate  | in      | 404    | 404      | card
POST /profile/phone/codes                     | -           | login | gate  | in      | 404    | 404      | card
POST /profile/push                            | -           | login | gate  | in      | in     | in       | card
POST /profile/push/check                      | -           | login | gate  | in      | in     | in       | card
POST /profile/push/end                        | -           | login | gate  | in      | in     | in       | card
POST /profile/push/offer                      | -           | login | gate  | in      | in     | in       | card
POST /profile/push/renewal                    | -           | login | gate  | 404     | 404    | 404      | card
GET /profile/sex                              | -           | login | gate  | in      | 404    | 404      | card
POST /profile/sex                             | -           | login | gate  | in      | 404    | 404      | card
GET /profile/zone                             | -           | login | gate  | in      | in     | in       | card
POST /profile/zone                            | -           | login | gate  | in      | in     | in       | card
GET /replies                                  | -           | login | gate  | 404     | in     | 404      | card
POST /replies                                 | -           | login | gate  | 404     | in     | 404      | card
POST /replies/<int:id>                        | template    | login | gate  | 404     | in     | 404      | card
POST /replies/<int:id>/place                  | template    | login | gate  | 404     | in     | 404      | card
POST /replies/<int:id>/removal                | template    | login | gate  | 404     | in     | 404      | card
POST /replies/uses                            | -           | login | gate  | 404     | in     | 404      | card
GET /replies/choice                           | -           | login | gate  | 404     | in     | 404      | card
GET /readyz                                   | -           | in    | in    | in      | in     | in       | in
GET /robots.txt                               | -           | in    | in    | in      | in     | in       | in
GET /static/<path:filename>                   | -           | in    | in    | in      | in     | in       | in
GET /sw.js                                    | -           | in    | in    | in      | in     | in       | in
OPTIONS /uploads/<key>                        | upload      | in    | gate  | in      | in     | in       | card
HEAD /uploads/<key>                           | upload      | login | gate  | in      | 404    | 404      | in
PATCH /uploads/<key>                          | upload      | login | gate  | in      | in     | in       | in
DELETE /uploads/<key>                         | upload      | login | gate  | in      | 404    | 404      | in
GET /v/<int:id>                               | consultation        | login | gate  | in      | in     | in       | card
POST /webhooks/yookassa                       | -           | 403   | gate  | 403     | 403    | 403      | card
GET /worker/pass                              | -           | 401   | in    | in      | in     | in       | in
GET /worker/unread                            | -           | 401   | in    | in      | in     | in       | in
"""


# What is said in the sockets. On opening one: the first word, or the code (of the handshake or of the closing).
# Then, message by message in one's own call: who hears it. A foreign and a missing call end alike, unheard. What is
# sent into a chat both of it hear, or its answer is the status that a form would have got.
SOCKET_ROWS = """
socket and message   | of   | out  | half | patient   | doctor    | operator  | guest
-------------------- | ---- | ---- | ---- | --------- | --------- | --------- | ---------
live: opened         | -    | 4401 | 4401 | ready     | ready     | ready     | ready
live: news           | -    | -    | -    | oneself   | oneself   | oneself   | -
live: anything said  | -    | -    | -    | nobody    | nobody    | nobody    | nobody
live: send           | chat | -    | -    | both      | both      | 404       | both
live: send foreign   | chat | -    | -    | 404       | 404       | 404       | 404
live: send missing   | chat | -    | -    | 404       | 404       | 404       | 404
signal: opened       | consultation | 4401 | 303  | welcome   | welcome   | 4404      | welcome
signal: foreign      | consultation | 4401 | 303  | 4404      | 4404      | 4404      | 303
signal: missing      | consultation | 4401 | 303  | 4404      | 4404      | 4404      | 303
signal: offer        | consultation | -    | -    | the other | the other | -         | the other
signal: answer       | consultation | -    | -    | the other | the other | -         | the other
signal: candidate    | consultation | -    | -    | the other | the other | -         | the other
signal: want-offer   | consultation | -    | -    | the other | the other | -         | the other
signal: media        | consultation | -    | -    | the other | the other | -         | the other
signal: here         | consultation | -    | -    | oneself   | oneself   | -         | oneself
signal: unheard-of   | consultation | -    | -    | 1008      | 1008      | -         | 1008
signal: bye          | consultation | -    | -    | the other | the other | -         | the other
"""


@dataclass(frozen=True)
class Row:
    door: str
    of: str
    open_to: tuple[str, ...]
    answers: dict[str, str]

    @property
    def method(self) -> str:
        return self.door.partition(" ")[0]

    @property
    def rule(self) -> str:
        return self.door.partition(" ")[2]

    def is_open_to(self, name: str) -> bool:
        return name in self.open_to or "everybody" in self.open_to

    def path(self, target: str) -> str:
        """Its address with the thing in it; every other place of a rule has one fixed word."""
        number, mark, query = target.partition("?")
        filled = re.sub(r"<(?:\w+:)?(?:id|token|key)>", number, self.rule, count=1)
        fixed = {
            "<kind>": "offer",
            "<payment_id>": "no-such-bill",
            "<panel>": "email",
            "<version>": "1",
            "<int:weekday>": "0",
            "<int:type_id>": "1",
            "<int:start>": "2000000000",
            "<path:filename>": "icons/icon-192.png",
            "<path:name>": "css/none.css",
        }
        for place, word in fixed.items():
            filled = filled.replace(place, word)
        return filled + mark + query


OPEN_TO = {"=": ("everybody",), "+": ("operator",), "~": ACTORS["patient"]}


def read(rows: str) -> dict[str, Row]:
    table = {}
    for line in rows.strip().splitlines():
        door, of, *cells = (cell.strip() for cell in line.split("|"))
        if door in ("door", "socket and message") or set(door) == {"-"}:
            continue
        answers = {actor: cell for actors, cell in zip(ACTORS.values(), cells, strict=True) for actor in actors}
        thing = of.lstrip("=+-~")
        answers[STAND_IN] = answer_to_stand_in(door, thing, answers, is_open=of.startswith("="))
        table[door] = Row(door, thing, OPEN_TO.get(of[0], ()), answers)
    return table


def answer_to_stand_in(door: str, thing: str, answers: dict[str, str], *, is_open: bool) -> str:
    """In a call and its sockets they are nobody, as the operator is."""
    if door in SAID_TO_STAND_IN or door.startswith("signal: "):
        return SAID_TO_STAND_IN.get(door, answers["operator"])
    is_theirs = is_open or thing in OF_STAND_IN or door.startswith("OPTIONS ")
    return "404" if answers["doctor"] == "in" and not is_theirs else answers["doctor"]


TABLE = read(ROWS)
SOCKETS = read(SOCKET_ROWS)
