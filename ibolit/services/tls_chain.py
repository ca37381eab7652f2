"""The certificates a server sends, walked as a phone of 2015 walks them.

Android before 7.1.1 has only the roots it left the factory with and never fetches a missing link; desktop browsers do,
and hide both mistakes from whoever installs the clinic. cryptography is loaded only when somebody asks.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TIMEOUT = 10  # seconds
SOON = timedelta(days=10)  # Let's Encrypt's and others' renew with a month left
LONGEST = 10  # links

# Roots in Android 5 and before that public authorities still sign under, by common name and organisation. Not among
# them: ISRG Root X1 (Let's Encrypt), USERTrust RSA, DigiCert Global Root G2, GlobalSign R6, all of GTS.
OLD_ROOTS = frozenset(
    {
        "GlobalSign Root CA, GlobalSign nv-sa",
        "GlobalSign, GlobalSign Root CA - R3, GlobalSign",
        "DigiCert Global Root CA, DigiCert Inc",
        "DigiCert High Assurance EV Root CA, DigiCert Inc",
        "AAA Certificate Services, Comodo CA Limited",
        "Go Daddy Root Certificate Authority - G2, GoDaddy.com, Inc.",
        "Starfield Root Certificate Authority - G2, Starfield Technologies, Inc.",
        "Certum Trusted Network CA, Unizeto Technologies S.A.",
    }
)


class ChainFailed(Exception):
    """What is wrong and what to do."""


class UnknownToOldPhones(ChainFailed):
    """All others are content with it."""


@dataclass(frozen=True)
class Chain:
    root: str
    ends_at: datetime  # the first of its certificates to run out


def walk(
    host: str, port: int, now: datetime, *, roots: Collection[str] = OLD_ROOTS, trusted: str | None = None
) -> Chain:
    """Raises ChainFailed. `trusted` is a file of roots in place of the system's own."""
    served = _served(host, port)
    links = list(_links(served))
    leaf, last = links[0], links[-1]
    _check_name(leaf, host)
    for one in links:
        _check_dates(one, now)
    root = _name(last.subject if last.subject == last.issuer else last.issuer)
    _check_end(host, port, root, trusted)
    if root not in roots:
        raise UnknownToOldPhones(
            f"it ends at «{root}», which Android before 7.1.1 does not know: take a certificate of another authority "
            "(see «The certificate» in docs/running.md)"
        )
    return Chain(root, min(one.not_valid_after_utc for one in links))


def _served(host: str, port: int) -> list[Certificate]:
    """Whatever they are worth: nothing is sent over this line."""
    from cryptography.x509 import load_der_x509_certificate

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), TIMEOUT) as line,
            context.wrap_socket(line, server_hostname=host) as tls,
        ):
            return [load_der_x509_certificate(one) for one in _chain_of(tls)]
    except OSError as error:
        raise ChainFailed(
            f"{host}:{port} does not answer with TLS ({type(error).__name__}): is the proxy running?"
        ) from None
    except ValueError:
        raise ChainFailed("the server sends a certificate that cannot be read") from None


def _chain_of(tls: ssl.SSLSocket) -> list[bytes]:
    if hasattr(tls, "get_unverified_chain"):  # Python 3.13
        return list(tls.get_unverified_chain())
    return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in tls._sslobj.get_unverified_chain()]  # type: ignore[attr-defined]


def _links(served: list[Certificate]) -> Iterator[Certificate]:
    """From the server's own up, as long as the next one was sent."""
    one = served[0]
    for _ in range(LONGEST):
        yield one
        if one.subject == one.issuer:
            return
        above = next((other for other in served[1:] if _is_issued_by(one, other)), None)
        if above is None:
            return
        one = above


def _is_issued_by(one: Certificate, other: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        one.verify_directly_issued_by(other)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _check_name(leaf: Certificate, host: str) -> None:
    from cryptography.x509 import DNSName, ExtensionNotFound, IPAddress, SubjectAlternativeName

    try:
        names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        raise ChainFailed(f"the certificate names no host: phones refuse it for {host}") from None
    try:
        known = ip_address(host) in names.get_values_for_type(IPAddress)
    except ValueError:
        known = any(_covers(name.lower(), host.lower()) for name in names.get_values_for_type(DNSName))
    if not known:
        raise ChainFailed(f"the certificate is not for {host}: put the right one into the proxy")


def _covers(pattern: str, host: str) -> bool:
    """A star stands for one whole label."""
    return pattern == host or (pattern.startswith("*.") and host.partition(".")[2] == pattern[2:])


def _check_dates(one: Certificate, now: datetime) -> None:
    name = _name(one.subject)
    if one.not_valid_after_utc < now:
        raise ChainFailed(f"«{name}» ran out on {one.not_valid_after_utc:%Y-%m-%d}: renew the certificate")
    if one.not_valid_before_utc > now:
        raise ChainFailed(f"«{name}» is not valid before {one.not_valid_before_utc:%Y-%m-%d}: is this clock right?")
    if one.not_valid_after_utc - now < SOON:
        raise ChainFailed(f"«{name}» runs out on {one.not_valid_after_utc:%Y-%m-%d}: its renewal does not work")


def _check_end(host: str, port: int, root: str, trusted: str | None) -> None:
    """A phone of today must be content too; and it tells a missing link from a root that only old ones do not know."""
    context = ssl.create_default_context(cafile=trusted)
    try:
        with socket.create_connection((host, port), TIMEOUT) as line, context.wrap_socket(line, server_hostname=host):
            return
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in (18, 19, 20, 21):  # X509_V_ERR_…: self-signed, or nobody known above it
            raise ChainFailed(
                f"nothing leads from the served certificates to a known root: «{root}» is missing. Give the proxy the "
                "whole chain (fullchain.pem), and take no certificate made at home"
            ) from None
        raise ChainFailed(f"phones refuse it: {error.verify_message}") from None
    except OSError as error:
        raise ChainFailed(f"{host}:{port} broke off ({type(error).__name__})") from None


def _name(name: object) -> str:
    """«GlobalSign, GlobalSign Root CA - R3, GlobalSign»: GlobalSign's roots differ in their unit only."""
    from cryptography.x509 import Name
    from cryptography.x509.oid import NameOID

    assert isinstance(name, Name)
    common, unit, organisation = (
        next((str(one.value) for one in name.get_attributes_for_oid(oid)), "")
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME)
    )
    return ", ".join(part for part in (common, unit if common == "GlobalSign" else "", organisation) if part)
