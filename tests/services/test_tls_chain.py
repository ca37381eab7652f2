"""The served chain, walked over a real line: whole, expired, without its middle, for another host."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ibolit.services.tls_chain import OLD_ROOTS, ChainFailed, walk

NOW = datetime.now(UTC).replace(microsecond=0)
ROOT = "Old Root, Authority"
DAY = timedelta(days=1)


def name(common: str, organisation: str = "Authority") -> x509.Name:
    parts = [(NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, organisation)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


@dataclass
class Made:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def make(
    common: str, above: Made | None = None, *, names: list[x509.GeneralName] | None = None,
    begins: datetime = NOW - DAY, ends: datetime = NOW + 90 * DAY, is_authority: bool = True,
) -> Made:  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1())
    signer = above or Made(None, key)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(above.certificate.subject if above else name(common))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Made(builder.sign(signer.key, hashes.SHA256()), key)


@pytest.fixture(scope="module")
def root() -> Made:
    return make("Old Root")


@pytest.fixture(scope="module")
def middle(root: Made) -> Made:
    return make("Middle", root)


def leaf_of(middle: Made, *hosts: str, **more: datetime) -> Made:
    names = [x509.DNSName(host) for host in hosts or ("localhost",)]
    return make("leaf", middle, names=list(names), is_authority=False, **more)


class Server:
    """Sends what it is given to whoever shakes hands."""

    def __init__(self, folder: Path, leaf: Made, *more: Made) -> None:
        chain = folder / "chain.pem"
        chain.write_bytes(b"".join(one.pem for one in (leaf, *more)) + leaf.key_pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            with line, suppress(OSError), self.context.wrap_socket(line, server_side=True) as tls:
                tls.recv(1)

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


Serve = Callable[..., int]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    servers = []

    def start(leaf: Made, *more: Made) -> int:
        servers.append(Server(tmp_path, leaf, *more))
        return servers[-1].port

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def trusted(tmp_path: Path, root: Made) -> str:
    path = tmp_path / "roots.pem"
    path.write_bytes(root.pem)
    return str(path)


def failure(port: int, trusted: str, host: str = "localhost", **more: object) -> str:
    with pytest.raises(ChainFailed) as caught:
        walk(host, port, NOW, **{"roots": {ROOT}, "trusted": trusted} | more)
    return str(caught.value)


def test_whole_chain_is_well(serve: Serve, middle: Made, trusted: str) -> None:
    found = walk("localhost", serve(leaf_of(middle, ends=NOW + 30 * DAY), middle), NOW, roots={ROOT}, trusted=trusted)
    assert (found.root, found.ends_at) == (ROOT, NOW + 30 * DAY)


def test_chain_with_its_root_is_well(serve: Serve, middle: Made, root: Made, trusted: str) -> None:
    assert walk("localhost", serve(leaf_of(middle), middle, root), NOW, roots={ROOT}, trusted=trusted).root == ROOT


def test_two_in_the_middle_in_any_order(serve: Serve, middle: Made, trusted: str) -> None:
    lower = make("Lower", middle)
    assert walk("localhost", serve(leaf_of(lower), middle, lower), NOW, roots={ROOT}, trusted=trusted).root == ROOT


@pytest.mark.parametrize("names", [["*.localhost"], ["localhost.example"], ["ocalhost", "*"]])
def test_wrong_host(serve: Serve, middle: Made, trusted: str, names: list[str]) -> None:
    told = failure(serve(leaf_of(middle, *names), middle), trusted)
    assert told == "the certificate is not for localhost: put the right one into the proxy"


def test_star_stands_for_one_label(serve: Serve, middle: Made, trusted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find_by_order = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: find_by_order("127.0.0.1", *more, **named))
    port = serve(leaf_of(middle, "*.clinic.example"), middle)
    assert walk("chat.clinic.example", port, NOW, roots={ROOT}, trusted=trusted).root == ROOT
    assert "is not for a.chat.clinic.example" in failure(port, trusted, "a.chat.clinic.example")
    assert "is not for clinic.example" in failure(port, trusted, "clinic.example")


def test_certificate_without_names(serve: Serve, middle: Made, trusted: str) -> None:
    assert "names no host" in failure(serve(make("localhost", middle, is_authority=False), middle), trusted)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"begins": NOW - 90 * DAY, "ends": NOW - DAY}, f"«leaf, Authority» ran out on {NOW - DAY:%Y-%m-%d}"),
        ({"begins": NOW + DAY}, "is this clock right?"),
        ({"ends": NOW + 9 * DAY}, "its renewal does not work"),
    ],
)
def test_dates(serve: Serve, middle: Made, trusted: str, dates: dict[str, datetime], words: str) -> None:
    assert words in failure(serve(leaf_of(middle, **dates), middle), trusted)


def test_middle_that_ran_out(serve: Serve, root: Made, trusted: str) -> None:
    middle = make("Middle", root, begins=NOW - 90 * DAY, ends=NOW - DAY)
    assert "«Middle, Authority» ran out" in failure(serve(leaf_of(middle), middle), trusted)


def test_missing_middle(serve: Serve, middle: Made, trusted: str) -> None:
    told = failure(serve(leaf_of(middle)), trusted)
    assert "«Middle, Authority» is missing. Give the proxy the whole chain" in told


def test_middle_of_another(serve: Serve, middle: Made, trusted: str) -> None:
    """The same name, and not the key that signed."""
    assert "is missing" in failure(serve(leaf_of(middle), make("Middle")), trusted)


def test_made_at_home(serve: Serve, trusted: str) -> None:
    own = make("leaf", names=[x509.DNSName("localhost")])
    assert "take no certificate made at home" in failure(serve(own), trusted)


def test_root_that_old_phones_do_not_know(serve: Serve, middle: Made, trusted: str) -> None:
    told = failure(serve(leaf_of(middle), middle), trusted, roots=OLD_ROOTS)
    assert told.startswith(f"it ends at «{ROOT}», which Android before 7.1.1 does not know")


def test_young_roots_are_not_on_the_list() -> None:
    assert not [one for one in OLD_ROOTS if any(word in one for word in ("ISRG", "USERTrust", "G2, DigiCert", "R6"))]
    assert len(OLD_ROOTS) == 8


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of a root as old as they are
def test_old_roots_are_spelled_as_this_system_spells_them() -> None:
    """Those of them that it still has."""
    from ibolit.services.tls_chain import _name

    store = [x509.load_der_x509_certificate(one) for one in ssl.create_default_context().get_ca_certs(binary_form=True)]
    if len(store) < 50:
        pytest.skip("this system has no roots")
    assert len(OLD_ROOTS & {_name(one.subject) for one in store}) >= 4


def test_nobody_there(trusted: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert "does not answer with TLS (ConnectionRefusedError): is the proxy running?" in failure(port, trusted)


def test_no_tls_there(trusted: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            line, _ = plain.accept()
            with line:
                line.recv(1000)
                line.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert "does not answer with TLS" in failure(plain.getsockname()[1], trusted)
        thread.join()
