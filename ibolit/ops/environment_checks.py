"""What `flask doctor` looks at outside the database: each returns a note or raises a CheckFailed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from .. import readiness
from ..config import DEVELOPMENT_KEY, DEVELOPMENT_SEAL_KEY, Settings, current_settings
from ..errors import CheckFailed, CheckHint
from ..services import current_services, proxy_check, tls_chain
from . import probes

APART = timedelta(minutes=1)  # a Date header is whole seconds, and was on its way


def settings() -> str:
    """Names that look like settings and are none."""
    if current_settings.unheard:
        raise CheckFailed("; ".join(current_settings.unheard))
    return "every name is known"


def secret_key() -> str:
    return _strength("SECRET_KEY", current_settings.secret_key)


def seal_key() -> str:
    return _strength("SEAL_KEY", current_settings.seal_key)


def erasure_log() -> str:
    """Nobody is erased while it cannot be written, and `restore` brings back who is not in it."""
    path = current_settings.erasure_log
    place = path if path.exists() else path.parent
    if place.exists() and not os.access(place, os.W_OK):
        raise CheckFailed(f"{place} cannot be written: see ERASURE_LOG")
    if path.parent == current_settings.data and current_settings.is_production:
        raise CheckHint(f"{path} lies with the clinic's own data: set ERASURE_LOG to where the backups are")
    return f"{path}"


def _strength(name: str, key: str) -> str:
    if key in (DEVELOPMENT_KEY, DEVELOPMENT_SEAL_KEY):
        return "the key of the demo and of the tests"
    if len(key) < 32 or len(set(key)) < 12:
        raise CheckFailed(f"{name} can be guessed: make one by `flask --app ibolit.ops.keys make-secret`")
    return f"{len(key)} characters"


def disk() -> str:
    """Free space, and access rights: the data are for this account only."""
    data = current_settings.data
    for folder in (data, data / "files", data / "uploads"):
        if folder.exists():
            _check_rights(folder)
    return readiness.room()


def _check_rights(folder: Path) -> None:
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise CheckFailed(f"{folder} belongs to another account: give it to the one that runs iBolit (chown)")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise CheckFailed(f"other accounts may look into {folder}: chmod 700 {folder}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise CheckFailed(f"this account may not write into {folder}: chmod 700 {folder}")


def antivirus() -> str:
    if not current_settings.clamav:
        return "CLAMAV is not set: files are looked at by no scanner"
    with _in_plain_words():
        return probes.antivirus(current_services.antivirus, current_settings.data)


def mail() -> str:
    if current_settings.mail_backend != "smtp":
        return "the demo's outbox"
    with _in_plain_words():
        return probes.mail(current_settings)


def sms() -> str:
    if current_settings.sms_backend != "smsaero":
        return "the demo's outbox"
    return _asked(probes.sms)


def payments() -> str:
    if current_settings.payments_backend != "yookassa":
        return "the demo's bank"
    return _asked(probes.shop)


def _asked(probe: Callable[[Settings], tuple[str, datetime | None]]) -> str:
    """Compares this machine's clock with the provider's Date header."""
    with _in_plain_words():
        words, theirs = probe(current_settings)
    if theirs is not None and abs(datetime.now(UTC) - theirs) > APART:
        seconds = int((datetime.now(UTC) - theirs).total_seconds())
        raise CheckFailed(f"{words}; but its clock and ours differ by {seconds} s. Set this machine's clock by NTP")
    return words


def certificate() -> str:
    """What PUBLIC_URL serves, for phones of 2015 too."""
    if not current_settings.is_https:
        return f"{current_settings.public_url} has none: the demo is for this machine"
    place = urlsplit(current_settings.public_url)
    try:
        found = tls_chain.walk(current_settings.public_host, place.port or 443, datetime.now(UTC))
    except tls_chain.UnknownToOldPhones as hint:
        raise CheckHint(f"{current_settings.public_url}: {hint}") from hint
    except tls_chain.ChainFailed as failure:
        raise CheckFailed(f"{current_settings.public_url}: {failure}") from failure
    return f"known to Android 5, until {found.ends_at:%Y-%m-%d} ({found.root})"


def proxy() -> str:
    """Asks PUBLIC_URL from here under which address the app sees the request."""
    if not current_settings.is_https:
        return f"{current_settings.public_url} is asked without one"
    try:
        return proxy_check.look(current_settings)
    except proxy_check.ProxyCheckFailed as failure:
        raise CheckFailed(str(failure)) from failure


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except probes.ProbeFailed as failure:
        raise CheckFailed(str(failure)) from failure


CHECKS = (
    ("settings", settings),
    ("secret key", secret_key),
    ("seal key", seal_key),
    ("erasure log", erasure_log),
    ("disk", disk),
    ("storage", readiness.storage),
    ("antivirus", antivirus),
    ("mail", mail),
    ("SMS", sms),
    ("payments", payments),
    ("certificate", certificate),
    ("proxy", proxy),
)
