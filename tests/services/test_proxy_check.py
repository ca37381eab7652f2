"""flask doctor comes in through real proxies, one or two, and tells a wrong TRUSTED_PROXIES by what is believed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from copies import another_clinic
from flask import Flask
from itsdangerous import TimestampSigner
from werkzeug.serving import make_server

from ibolit.config import Settings
from ibolit.errors import CheckFailed
from ibolit.ops import environment_checks
from ibolit.services import proxy_check

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
WAYS = ("ours", "adds", "twice", "mute", "plain")  # how the clinic stands behind its proxies
REPLACES = "proxy_set_header X-Forwarded-For $remote_addr;"
ADDS = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"


@contextmanager
def clinic_with(data: Path, trusted: int) -> Iterator[tuple[Settings, int]]:
    """A server with TRUSTED_PROXIES, and its port."""
    with another_clinic(data, TRUSTED_PROXIES=str(trusted)) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield app.extensions["ibolit_settings"], server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, tuple[Settings, int]]]:
    data = tmp_path_factory.mktemp("clinics")
    with clinic_with(data / "0", 0) as none, clinic_with(data / "1", 1) as one, clinic_with(data / "2", 2) as two:
        yield {0: none, 1: one, 2: two}


Ask = Callable[[str, int], str]


@pytest.fixture(scope="module")
def ask(clinics: dict[int, tuple[Settings, int]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """What doctor says of a clinic that trusts so many, by this way in."""
    if shutil.which("nginx") is None:
        pytest.skip("no nginx here")
    folder = tmp_path_factory.mktemp("nginx")
    ports = {(way, trusted): free_port() for way in WAYS for trusted in clinics}
    sites = [
        site(way, ports[way, trusted], ports["adds", trusted] if way == "twice" else upstream)
        for way in WAYS
        for trusted, (_, upstream) in clinics.items()
    ]
    start = folder / "nginx.conf"
    places = "".join(f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    switch = re.findall(r"^map .*?^}$", (DEPLOY / "nginx.conf").read_text(), re.MULTILINE | re.DOTALL)
    start.write_text(
        f"pid {folder}/pid;\nerror_log {folder}/log;\ndaemon off;\nevents {{}}\n"
        f"http {{ access_log off; {places} {' '.join(switch + sites)} }}\n"
    )
    nginx = subprocess.Popen(["nginx", "-e", f"{folder}/log", "-c", start])

    def look(way: str, trusted: int) -> str:
        settings = replace(clinics[trusted][0], public_url=f"http://127.0.0.1:{ports[way, trusted]}")
        return proxy_check.look(settings)

    try:
        wait_for(ports["plain", 2], nginx)
        yield look
    finally:
        nginx.terminate()
        nginx.wait(15)


def site(way: str, port: int, upstream: int) -> str:
    """Our own place of the guide's nginx.conf, or what others make of it."""
    (place,) = re.findall(
        r"^    location / \{.*?^    \}$", (DEPLOY / "nginx.conf").read_text(), re.MULTILINE | re.DOTALL
    )
    assert REPLACES in place
    changed = {
        "adds": place.replace(REPLACES, ADDS),
        "twice": place.replace(REPLACES, ADDS),
        "mute": place.replace(REPLACES, 'proxy_set_header X-Forwarded-For "";'),
        "plain": place.replace(
            "proxy_set_header X-Forwarded-Proto $scheme;", "proxy_set_header X-Forwarded-Proto ftp;"
        ),
    }.get(way, place)
    return f"server {{ listen 127.0.0.1:{port}; {changed.replace('127.0.0.1:8000', f'127.0.0.1:{upstream}')} }}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int, nginx: subprocess.Popen[bytes]) -> None:
    while nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 10).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError("nginx has ended")


@pytest.mark.parametrize(("way", "trusted"), [("ours", 1), ("adds", 1), ("twice", 2)])
def test_who_asks_is_believed(ask: Ask, way: str, trusted: int) -> None:
    assert ask(way, trusted) == "who asks from here is 127.0.0.1"


@pytest.mark.parametrize(
    ("way", "trusted", "words"),
    [
        ("ours", 0, r"TRUSTED_PROXIES=0, and all people are 127.0.0.1: set TRUSTED_PROXIES=1"),
        ("ours", 2, r"TRUSTED_PROXIES=2, and all people are 127.0.0.1: set TRUSTED_PROXIES=1"),
        ("adds", 0, r"all people are 127.0.0.1: set TRUSTED_PROXIES=1"),
        ("adds", 2, r"TRUSTED_PROXIES=2, and anybody is whoever he says: set TRUSTED_PROXIES=1"),
        ("twice", 1, r"all people are 127.0.0.1: set TRUSTED_PROXIES=2"),
        ("mute", 1, r"no proxy in front tells X-Forwarded-For: all people share one address"),
        ("plain", 1, r"does not tell X-Forwarded-Proto"),
    ],
)
def test_wrong_number_is_told_with_the_right_one(ask: Ask, way: str, trusted: int, words: str) -> None:
    with pytest.raises(proxy_check.ProxyCheckFailed, match=words):
        ask(way, trusted)


def heard(own: str, **more: object) -> tuple[proxy_check.Heard, str]:
    told = {"believed": "203.0.113.9", "told": "203.0.113.9", "scheme": "https", "trusted": 1}
    return proxy_check.Heard(**(told | more)), own  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "more", "words"),
    [
        ("8.8.8.8", {}, "it takes 8.8.8.8 for 203.0.113.9: of several proxies in a row each must add"),
        ("10.0.0.5", {}, ""),  # a router translates
        ("10.0.0.5", {"trusted": 2}, "the server was started with TRUSTED_PROXIES=2, now it is 1: restart it"),
    ],
)
def test_server_that_was_not_restarted_and_a_proxy_nobody_counts(
    monkeypatch: pytest.MonkeyPatch,
    clinics: dict[int, tuple[Settings, int]],
    own: str,
    more: dict[str, int],
    words: str,
) -> None:
    settings = replace(clinics[1][0], public_url="https://chat.clinic.example")
    monkeypatch.setattr(proxy_check, "_ask", lambda _settings: heard(own, **more))
    if not words:
        assert proxy_check.look(settings) == "who asks from here is 203.0.113.9"
        return
    with pytest.raises(proxy_check.ProxyCheckFailed, match=words):
        proxy_check.look(settings)


def test_only_doctor_is_answered(clinics: dict[int, tuple[Settings, int]], app: Flask) -> None:
    settings = app.extensions["ibolit_settings"]
    visitor = app.test_client()
    good = TimestampSigner(settings.secret_key, salt="whence").sign(b"").decode()
    other = TimestampSigner("another key", salt="whence").sign(b"").decode()
    assert visitor.get(proxy_check.PATH, headers={proxy_check.PASS: good}).json["believed"] == "127.0.0.1"
    for told in ({}, {proxy_check.PASS: other}, {proxy_check.PASS: "ы"}):
        assert visitor.get(proxy_check.PATH, headers=told).status_code == 404


def test_nobody_there_and_somebody_else(clinics: dict[int, tuple[Settings, int]]) -> None:
    settings = replace(clinics[1][0], secret_key="another key than the server's")
    for port, words in ((free_port(), "does not answer from here"), (clinics[1][1], "answers 404: is it this clinic")):
        with pytest.raises(proxy_check.ProxyCheckFailed, match=words):
            proxy_check.look(replace(settings, public_url=f"http://127.0.0.1:{port}"))


def test_doctor_asks_where_people_come(change_settings: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_checks.proxy().endswith("is asked without one")
    change_settings(public_url="https://chat.clinic.example")

    def fail(_settings: Settings) -> str:
        raise proxy_check.ProxyCheckFailed("set TRUSTED_PROXIES=1")

    monkeypatch.setattr(proxy_check, "look", fail)
    with pytest.raises(CheckFailed, match="set TRUSTED_PROXIES=1"):
        environment_checks.proxy()
