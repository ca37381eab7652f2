"""Addresses in what people write, as links."""

from __future__ import annotations

import html
import re

import pytest
from browser import Browser
from factories import say
from hypothesis import given
from hypothesis import strategies as st

from ibolit.links import linked, may_link
from ibolit.models import Chat, User

HOST = "xn--80apagcdp.xn--p1ai"


@pytest.mark.parametrize(
    ("text", "href", "shown"),
    [
        ("https://клиника.рф/", f"https://{HOST}/", "https://клиника.рф/"),
        ("Смотрите https://клиника.рф.", f"https://{HOST}", "https://клиника.рф"),
        ("(HTTP://Клиника.РФ:8080/запись?врач=1#Час)", f"http://{HOST}:8080/%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C"
         "?%D0%B2%D1%80%D0%B0%D1%87=1#%D0%A7%D0%B0%D1%81", "HTTP://Клиника.РФ:8080/запись?врач=1#Час"),
        ("www.клиника.рф, там", f"https://www.{HOST}", "www.клиника.рф"),
        ("https://клиника.example.org/a%20b", "https://xn--80apagcdp.example.org/a%20b",
         "https://клиника.example.org/a%20b"),
        ("https://example.org/анализы", "https://example.org/анализы", "https://example.org/анализы"),
    ],
)  # fmt: skip
def test_address_is_a_link(text: str, href: str, shown: str) -> None:
    page = linked(text)
    assert may_link(text)
    assert f'<a href="{href}" rel="nofollow noopener ugc" target="_blank">{shown}</a>' in page
    assert page.count("<a ") == 1


@pytest.mark.parametrize(
    "text",
    ["https://bank.ru@клиника.рф/", "https://клиника", "https://клиника..рф", "https://-клиника.рф", "https://клиника.рф:x/",
     "javascript://клиника.рф/%0aalert(1)", "https://[клиника].рф"],
)  # fmt: skip
def test_what_leads_nowhere_is_no_link(text: str) -> None:
    assert "<a " not in linked(text)


def test_markup_stays_text() -> None:
    page = linked('<b>https://клиника.рф/"><script>alert(1)</script> & https://example.org/?a=1&b=2')
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert page.count("<a ") == 2


@given(st.text(alphabet="htps:/w.клинарф?#@()<>&\"' []xn-1\u202e", max_size=60))
def test_any_text_stays_itself(text: str) -> None:
    shown = html.unescape(re.sub(r"<[^>]*>", "", linked(text)))
    assert shown == text


def test_message_of_a_chat_has_it(as_patient: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient, "Запись на https://клиника.рф/запись")
    assert f'href="https://{HOST}/' in as_patient.get(f"/chats/{chat.id}").text
