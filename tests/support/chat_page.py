"""What people do in an open chat, and what is done behind their backs."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import urlencode

from backstage import backstage as backstage
from playwright.sync_api import APIResponse, Locator, Page, Route, WebSocketRoute, expect

HURRY = """all => {
    var field = document.querySelector('.composer__text'), send = document.querySelector('.composer__send');
    function type(text) { field.value = text; field.dispatchEvent(new Event('input')); }
    all.texts.forEach(text => { type(text); send.click(); });
    type(all.draft);
}"""
TEXTS = "all => all.map(one => one.textContent)"


def open_chat(page: Page, address: str = "/chats/1") -> None:
    """Ready when its socket has said its first word: from there on nothing is missed."""
    with page.expect_response("**/messages?after=*"):
        page.goto(address)


def write(page: Page, text: str) -> None:
    page.fill(".composer__text", text)
    page.click(".composer__send")


def send(page: Page, files: dict[str, bytes], text: str = "", *, voice: bool = False) -> None:
    """Into chat 1 through the doors, as the page's own scripts do."""
    token = json.loads(page.get_attribute("body", "hx-headers") or "")
    keys = [("uploads", _upload(page, name, data, token, voice=voice)) for name, data in files.items()]
    form = urlencode([("text", text), ("client_id", f"files-{hash((text, *keys)) & 0xFFFFFFFF:08x}"), *keys])
    headers = token | {"HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
    answer = page.request.post("/chats/1/messages", headers=headers, data=form)
    assert answer.status == 200, answer.text()
    id = re.search(r'id="(message-\d+)"', answer.text())
    assert id is not None
    expect(page.locator(f"#{id.group(1)}")).to_have_count(1)  # over the socket


def _upload(page: Page, name: str, data: bytes, token: dict[str, str], *, voice: bool) -> str:
    metadata = f"name {base64.b64encode(name.encode()).decode()}" + (",voice MQ==" if voice else "")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
    headers |= {"Content-Type": "application/offset+octet-stream"} | token
    answer = page.request.post("/chats/1/uploads", headers=headers, data=data)
    assert answer.status == 201, answer.text()
    return answer.headers["location"].rpartition("/")[2]


def hurry(page: Page, *texts: str, draft: str = "") -> None:
    """Sends them, and begins the next, faster than any network answers."""
    page.evaluate(HURRY, {"texts": texts, "draft": draft})


def bubble(page: Page, text: str) -> Locator:
    return page.locator(".message", has_text=text)


def texts(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".message__text", TEXTS)
    return found


def by_form(page: Page) -> None:
    """Until it is loaded anew this page has no socket that it may send by."""
    page.evaluate("ibolit.say = () => false")


def sendings(page: Page) -> list[str]:
    """Grows with each message of chat 1 that leaves the page from now on, by the form or by its socket."""
    sent: list[str] = []

    def note(way: str, is_message: bool) -> None:
        if is_message:
            sent.append(way)

    page.on("request", lambda asked: note("form", asked.method == "POST" and asked.url.endswith("/chats/1/messages")))
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda words: note("socket", '"kind":"send"' in str(words))),
    )
    return sent


class Held:
    """Posts to an address that the network keeps to itself; the server has them only when told so."""

    def __init__(self, page: Page, address: str = "**/chats/*/messages") -> None:
        self.page, self.address = page, address
        by_form(page)
        self.waiting: list[Route] = []
        self.answers: list[tuple[Route, APIResponse]] = []
        page.route(address, self._keep)

    def _keep(self, route: Route) -> None:
        if route.request.method == "POST":
            self.waiting.append(route)
        else:
            route.fallback()

    def _next(self) -> Route:
        while not self.waiting:
            self.page.wait_for_timeout(10)
        return self.waiting.pop(0)

    def lose_the_answer(self) -> None:
        """The server gets it, the sender never learns."""
        route = self._next()
        route.fetch()
        route.abort()

    def delay_the_answer(self) -> None:
        """The server gets it, the sender learns later."""
        route = self._next()
        self.answers.append((route, route.fetch()))

    def let_go(self) -> None:
        for route in self.waiting:
            route.continue_()
        for route, answer in self.answers:
            route.fulfill(response=answer)
        self.page.unroute(self.address)


class Socket:
    """A page's socket through a network that may swallow what the page says, swallow or double what the server says, or
    let nobody through."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.times = 1
        self.is_heard = True
        self.said: list[str] = []  # by the page
        self.is_shut = False
        self.opened = 0
        self.here: WebSocketRoute | None = None
        page.route_web_socket("**/live", self._carry)

    def _carry(self, here: WebSocketRoute) -> None:
        self.here = here
        self.opened += 1
        if self.is_shut:
            here.close(code=1013)
            return
        there = here.connect_to_server()
        there.on_message(self._pass)
        here.on_message(lambda words: self._hear(there, str(words)))

    def wait_for_words(self, count: int) -> None:
        """Until the page has said so much in all its sockets."""
        for _ in range(1000):
            if len(self.said) >= count:
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(f"the page has said {len(self.said)} things, not {count}")

    def _hear(self, there: WebSocketRoute, words: str) -> None:
        self.said.append(words)
        if self.is_heard:
            there.send(words)

    def _pass(self, words: str | bytes) -> None:
        assert self.here is not None
        for _ in range(self.times):
            self.here.send(words)
