"""Harmless questions to every provider, for `flask doctor`: does it answer, does it let us in, has it money left."""

from __future__ import annotations

import smtplib
import ssl
import tempfile
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from email_validator import EmailNotValidError, validate_email

from ..config import Settings
from ..services.antivirus import Antivirus, AntivirusFailed, Infected
from ..services.outgoing import BoundedSmtp, BoundedSmtpSsl, bounded, web_session
from ..services.push import KEY_FILE, kept_key, public_key_of, signed

TIMEOUT = (3, 10)  # seconds to connect, and from one byte of the answer to the next
IN_ALL = 30.0  # seconds for one question
LEAST_BALANCE = 100  # rubles: some twenty SMS
SMSAERO_BALANCE = "https://gate.smsaero.ru/v2/balance"
# A harmless text that every scanner calls a virus (eicar.org); in two parts, or it would be found in this very file.
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + r"-ANTIVIRUS-TEST-FILE!$H+H*"


class ProbeFailed(Exception):
    """What is wrong and what to do; holds no key and no address of a person."""


def mail(settings: Settings) -> str:
    """Greets, lets in and would take a letter of ours; none is sent."""
    try:
        with bounded(IN_ALL), _connected(settings) as server:
            if settings.smtp_tls and settings.smtp_port != 465:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            code, _ = server.mail(settings.mail_from)
            server.rset()
    except smtplib.SMTPAuthenticationError:
        raise ProbeFailed("it does not let us in: look at SMTP_USER and SMTP_PASSWORD") from None
    except smtplib.SMTPNotSupportedError as error:
        raise ProbeFailed(f"{error}: look at SMTP_TLS and SMTP_PORT") from None
    except ssl.SSLCertVerificationError as error:
        raise ProbeFailed(f"its certificate is refused ({error.verify_message}): look at SMTP_HOST") from None
    except (smtplib.SMTPException, OSError) as error:
        where = f"{settings.smtp_host}:{settings.smtp_port}"
        raise ProbeFailed(
            f"{where} does not answer ({type(error).__name__}): look at SMTP_HOST and SMTP_PORT"
        ) from None
    if code >= 400:
        raise ProbeFailed(f"it takes no letters from MAIL_FROM (answer {code})")
    return f"{settings.smtp_host} takes letters from {settings.mail_from}"


def _connected(settings: Settings) -> smtplib.SMTP:
    if settings.smtp_tls and settings.smtp_port == 465:
        context = ssl.create_default_context()
        return BoundedSmtpSsl(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT[1], context=context)
    return BoundedSmtp(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT[1])


def sms(settings: Settings, url: str = SMSAERO_BALANCE) -> tuple[str, datetime | None]:
    """What is left on the account, and the provider's clock."""
    status, said, date = _ask("POST", url, (settings.smsaero_email, settings.smsaero_key), "SMS Aero")
    if status in (401, 403):
        raise ProbeFailed("SMS Aero does not let us in: look at SMSAERO_EMAIL and SMSAERO_KEY")
    data = said.get("data") if said.get("success") is True else None
    balance = data.get("balance") if isinstance(data, dict) else None
    if not isinstance(balance, int | float):
        raise ProbeFailed(f"SMS Aero answers something else (status {status})")
    if balance < LEAST_BALANCE:
        raise ProbeFailed(f"{balance:.2f} ₽ are left at SMS Aero: top up the account, or codes will not go out")
    return f"SMS Aero, {balance:.2f} ₽ left", date


def shop(settings: Settings) -> tuple[str, datetime | None]:
    """Whether YooKassa knows this shop and its key, and its clock."""
    url = f"{settings.yookassa_api_url}/me"
    status, said, date = _ask("GET", url, (settings.yookassa_shop_id, settings.yookassa_secret_key), "YooKassa")
    if status in (401, 403):
        raise ProbeFailed("YooKassa does not let us in: look at YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY")
    if status != 200 or "account_id" not in said:
        raise ProbeFailed(f"YooKassa answers something else (status {status})")
    if said.get("status") not in (None, "enabled"):
        raise ProbeFailed("the shop is switched off at YooKassa")
    if said.get("test") is True and settings.is_production:
        raise ProbeFailed("this is a test shop: nobody's money arrives. Set the real shop's id and key")
    return f"YooKassa knows shop {settings.yookassa_shop_id}", date


def _ask(method: str, url: str, auth: tuple[str, str], who: str) -> tuple[int, dict[str, object], datetime | None]:
    import requests

    try:
        with web_session(IN_ALL) as session:
            answer = session.request(method, url, auth=auth, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise ProbeFailed(f"{who} does not answer ({type(error).__name__}): may this machine reach it?") from None
    try:
        said = answer.json()
    except ValueError:
        said = None
    return answer.status_code, said if isinstance(said, dict) else {}, _date_of(answer.headers.get("Date", ""))


def _date_of(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def push(settings: Settings) -> str:
    """Signs as a push is signed, by the key that browsers were given, and calls nobody."""
    where = "VAPID_PRIVATE_KEY" if settings.vapid_private_key else str(settings.data / KEY_FILE)
    _check_contact(settings.vapid_subject)
    try:
        key = settings.vapid_private_key or kept_key(settings.data)
        public, header = public_key_of(key), signed(key, settings.vapid_subject)
    except OSError as error:
        raise ProbeFailed(
            f"{where} cannot be read ({type(error).__name__}): give it to the account of iBolit"
        ) from None
    except ValueError:
        raise ProbeFailed(f"{where} holds no key: make one by `flask push-keys`") from None
    if not header.rstrip("=").endswith(f",k={public}"):
        raise ProbeFailed(
            f"{where}: what is signed is read by another key than browsers get. Make one by `flask push-keys`"
        )
    return f"by {where}, complaints to {settings.vapid_subject}"


def _check_contact(subject: str) -> None:
    """Push services take nothing from whom they could not write to; a site's name the settings have looked at."""
    if not subject.startswith("mailto:"):
        return
    try:
        validate_email(subject.removeprefix("mailto:"), check_deliverability=False)
    except EmailNotValidError:
        raise ProbeFailed(
            "VAPID_SUBJECT is nobody's address: push services will refuse. Set it, or SUPPORT_EMAIL"
        ) from None


def antivirus(antivirus: Antivirus, folder: Path) -> str:
    """It must find the text made for this, and let a harmless one pass."""
    with tempfile.TemporaryDirectory(prefix="check-", dir=folder) as scratch:
        harmless, marked = Path(scratch, "harmless"), Path(scratch, "marked")
        harmless.write_text("iBolit")
        marked.write_text(EICAR)
        try:
            antivirus.check(harmless)
            antivirus.check(marked)
        except Infected:
            return "it finds the test virus"
        except AntivirusFailed as failure:
            raise ProbeFailed(
                f"it does not answer ({failure}): no file is taken. Look at CLAMAV and at clamd"
            ) from None
    raise ProbeFailed("it lets the test virus pass: has clamd its databases (freshclam)?")
