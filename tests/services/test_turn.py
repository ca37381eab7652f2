"""Credentials of the relay, and its self-check against a real coturn."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aioice import stun
from flask import Flask
from sockets.live import eventually

from ibolit.config import BadSetting, Environment, Settings
from ibolit.services import turn, turn_check

SECRET = "a-secret-of-the-relay"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEMO = {"IBOLIT_ENV": "demo"}
RELAYED = DEMO | {"TURN_URLS": "turn:relay.example:3478", "TURN_SECRET": SECRET}

CONFIGURATION = """
listening-ip=127.0.0.1
relay-ip=127.0.0.1
listening-port={port}
min-port={first}
max-port={last}
use-auth-secret
static-auth-secret={secret}
realm=ibolit.example
cert={folder}/cert.pem
pkey={folder}/key.pem
tls-listening-port={tls_port}
no-dtls
no-cli
no-multicast-peers
pidfile={folder}/pid
userdb={folder}/users
log-file=stdout
simple-log
{more}
"""


class Coturn:
    """The system's own, on free ports of this machine."""

    def __init__(self, folder: Path, more: str = "allow-loopback-peers") -> None:
        self.folder, self.port, self.tls_port = folder, free_port(), free_port()
        first = free_port(socket.SOCK_DGRAM)
        _make_certificate(folder)
        ports = {"port": self.port, "tls_port": self.tls_port, "first": first, "last": min(first + 50, 65535)}
        words = CONFIGURATION.format(secret=SECRET, folder=folder, more=more, **ports)
        (folder / "turn.conf").write_text(words)
        with (folder / "log").open("wb") as log:
            command = [_program(), "-c", str(folder / "turn.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        eventually(self.answers)

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}"

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return is_open(self.port)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def is_open(port: int) -> bool:
    """It opens its datagram and its stream doors one after the other."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0 and _answers_datagrams(port)


def _answers_datagrams(port: int) -> bool:
    binding = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", port))
        try:
            client.send(bytes(binding))
            return bool(client.recv(1500))
        except OSError:
            return False


def _program() -> str:
    return shutil.which("turnserver") or "/usr/bin/turnserver"


def _make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    coturn = Coturn(tmp_path_factory.mktemp("coturn"))
    yield coturn
    coturn.stop()


def good_for(seconds: int, secret: str = SECRET) -> turn.Credentials:
    return turn.sign(secret, f"{int(datetime.now(UTC).timestamp()) + seconds}:somebody")


# Credentials


def test_credentials_say_until_when_and_name_nobody() -> None:
    settings = Settings.from_env(RELAYED)
    made = turn.credentials_for(settings, 12345, NOW)
    expiry, _, who = made.username.partition(":")
    assert int(expiry) == NOW.timestamp() + 4 * 3600
    assert "12345" not in who
    assert who == turn.credentials_for(settings, 12345, NOW).username.partition(":")[2]
    assert who != turn.credentials_for(settings, 12346, NOW).username.partition(":")[2]
    mac = hmac.new(SECRET.encode(), made.username.encode(), hashlib.sha1).digest()
    assert made.password == base64.b64encode(mac).decode()


def test_with_a_relay_nothing_goes_directly() -> None:
    ice = turn.ice_configuration(Settings.from_env(RELAYED | {"STUN_URLS": "stun:relay.example"}), 1, NOW)
    stun, relay = ice["iceServers"]
    assert ice["iceTransportPolicy"] == "relay"
    assert stun == {"urls": ["stun:relay.example"]}
    assert relay["urls"] == ["turn:relay.example:3478"]
    assert set(relay) == {"urls", "username", "credential"}


def test_without_one_no_foreign_server_is_asked() -> None:
    assert turn.ice_configuration(Settings.from_env(DEMO), 1, NOW) == {"iceServers": [], "iceTransportPolicy": "all"}


# Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TURN_URLS", "relay.example:3478"),
        ("TURN_URLS", "https://relay.example"),
        ("TURN_URLS", "turn://relay.example"),
        ("TURN_URLS", "turn:relay.example:99999"),
        ("TURN_URLS", "turn:relay.example:0?transport=udp"),
        ("TURN_URLS", "turn:relay.example?transport=sctp"),
        ("TURN_URLS", "turn:user@relay.example"),
        ("STUN_URLS", "stun:relay.example?transport=udp"),
        ("STUN_URLS", "turn:relay.example"),
        ("TURN_TTL", "10"),
    ],
)
def test_bad_address_is_named_at_start(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(RELAYED | {name: value})
    assert refusal.value.name == name


def test_relay_needs_its_secret() -> None:
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(DEMO | {"TURN_URLS": "turn:relay.example"})
    assert refusal.value.name == "TURN_SECRET"


def test_several_addresses_are_read() -> None:
    urls = "turn:relay.example:3478?transport=udp, turns:relay.example:443?transport=tcp\nturn:[2001:db8::1]:3478"
    assert Settings.from_env(RELAYED | {"TURN_URLS": urls}).turn_urls == (
        "turn:relay.example:3478?transport=udp",
        "turns:relay.example:443?transport=tcp",
        "turn:[2001:db8::1]:3478",
    )


# The self-check


@pytest.mark.parametrize("transport", ["", "?transport=udp", "?transport=tcp"])
def test_datagram_passes_through_a_real_relay(coturn: Coturn, transport: str) -> None:
    host, port = turn_check.check(coturn.url + transport, good_for(60))
    assert host == "127.0.0.1"
    assert port != coturn.port


def test_asked_where_a_loop_runs_already(coturn: Coturn) -> None:
    async def ask() -> None:
        turn_check.check(coturn.url, good_for(60))

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: asyncio.run(ask())).result()


def test_over_tls(coturn: Coturn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(coturn.folder / "cert.pem"))
    assert turn_check.check(f"turns:localhost:{coturn.tls_port}?transport=tcp", good_for(60))[0] == "127.0.0.1"


def test_certificate_nobody_vouches_for(coturn: Coturn) -> None:
    with pytest.raises(turn_check.RelayFailed, match="TLS failed"):
        turn_check.check(f"turns:localhost:{coturn.tls_port}?transport=tcp", good_for(60))


def test_wrong_secret(coturn: Coturn) -> None:
    with pytest.raises(turn_check.RelayFailed, match=r"401.*TURN_SECRET"):
        turn_check.check(coturn.url, good_for(60, secret="another"))


def test_expired_credentials(coturn: Coturn) -> None:
    with pytest.raises(turn_check.RelayFailed, match="401"):
        turn_check.check(coturn.url, good_for(-5))


@pytest.mark.parametrize(
    ("transport", "words"), [("udp", "no answer comes: look at the firewall"), ("tcp", "nothing answers")]
)
def test_nobody_answers(transport: str, words: str) -> None:
    with pytest.raises(turn_check.RelayFailed, match=words):
        turn_check.check(f"turn:127.0.0.1:{free_port()}?transport={transport}", good_for(60), patience=1)


def test_somebody_else_answers_nothing() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(turn_check.RelayFailed, match="no answer comes"):
            turn_check.check(f"turn:127.0.0.1:{deaf.getsockname()[1]}", good_for(60), patience=1)


def test_unknown_name() -> None:
    with pytest.raises(turn_check.RelayFailed, match="not known"):
        turn_check.check("turn:relay.invalid", good_for(60))


def test_relays_that_may_not_reach_each_other(tmp_path: Path) -> None:
    """Allocations are given, and every call through them would stay black."""
    coturn = Coturn(tmp_path, more="allow-loopback-peers\ndenied-peer-ip=127.0.0.0-127.255.255.255")
    try:
        with pytest.raises(turn_check.RelayFailed, match=r"403.*denied-peer-ip"):
            turn_check.check(coturn.url, good_for(60))
    finally:
        coturn.stop()


def test_quota_that_is_used_up(tmp_path: Path) -> None:
    coturn = Coturn(tmp_path, more="allow-loopback-peers\nuser-quota=1")
    try:
        with pytest.raises(turn_check.RelayFailed, match=r"486.*quota"):
            turn_check.check(coturn.url, good_for(60))
    finally:
        coturn.stop()


def test_configuration_of_the_project_is_read_by_coturn(tmp_path: Path) -> None:
    """All of deploy/coturn.conf, with this machine's addresses in place of the example's."""
    shipped = (Path(__file__).parents[2] / "deploy" / "coturn.conf").read_text()
    _make_certificate(tmp_path)
    port, tls_port = free_port(), free_port()
    for what, value in (
        ("listening-port=3478", f"listening-port={port}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1"),
        ("tls-listening-port=443", f"tls-listening-port={tls_port}"),
        ("/etc/coturn/fullchain.pem", str(tmp_path / "cert.pem")),
        ("/etc/coturn/privkey.pem", str(tmp_path / "key.pem")),
        ("static-auth-secret=CHANGE-ME", f"static-auth-secret={SECRET}"),
        ("pidfile=/run/turnserver/turnserver.pid", f"pidfile={tmp_path}/pid"),
        ("log-file=syslog", "log-file=stdout"),
    ):
        assert what in shipped, what
        shipped = shipped.replace(what, value)
    (tmp_path / "turn.conf").write_text(shipped + f"\nuserdb={tmp_path}/users\n")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [_program(), "-c", str(tmp_path / "turn.conf")], stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        eventually(lambda: is_open(port))
        with pytest.raises(turn_check.RelayFailed, match="403"):  # loopback is denied, as every private range
            turn_check.check(f"turn:127.0.0.1:{port}", good_for(60))
    finally:
        process.terminate()
        process.wait(10)
    said = (tmp_path / "log").read_text()
    assert "Bad configuration" not in said
    assert "ERROR" not in said.replace("ERROR: check_stun_auth", "")


# flask doctor


@pytest.fixture
def ask_doctor(clinic: Flask, change_settings: Callable[..., None]) -> Callable[..., tuple[int, str]]:
    def ask(*urls: str, secret: str = SECRET) -> tuple[int, str]:
        change_settings(turn_urls=urls, turn_secret=secret)
        answered = clinic.test_cli_runner().invoke(args=["doctor"])
        return answered.exit_code, answered.output

    return ask


def test_all_is_well(ask_doctor: Callable[..., tuple[int, str]], coturn: Coturn) -> None:
    code, said = ask_doctor(coturn.url, coturn.url + "?transport=tcp")
    assert (code, "WRONG" in said) == (0, False), said
    for name in ("database", "migrations", "clock", "relay (TURN)"):
        assert f"ok     {name}" in said
    assert SECRET not in said


def test_wrong_secret_is_said(ask_doctor: Callable[..., tuple[int, str]], coturn: Coturn) -> None:
    code, said = ask_doctor(coturn.url, secret="another")
    assert code == 1
    assert "WRONG  relay (TURN)" in said
    assert "TURN_SECRET is not the server's static-auth-secret" in said


def test_relay_that_does_not_run_is_said(ask_doctor: Callable[..., tuple[int, str]], coturn: Coturn) -> None:
    silent = f"turn:127.0.0.1:{free_port()}?transport=tcp"
    code, said = ask_doctor(coturn.url, silent)
    assert code == 1
    assert f"{silent}: nothing answers" in said
    assert f"{coturn.url}: " not in said


def test_production_without_a_relay_is_told(clinic: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(environment=Environment.PRODUCTION)
    answered = clinic.test_cli_runner().invoke(args=["doctor"])
    assert "hint   relay (TURN)   TURN_URLS is empty" in answered.output
