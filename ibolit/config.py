"""Every setting, read once from the environment and checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from werkzeug.local import LocalProxy

from . import phones, server_settings
from .errors import CannotStart

# The push services of Chrome, Firefox, Safari and Edge. A browser names its own; we call no other host.
# jmt17 is where a Chromium built without Google's keys listens.
PUSH_HOSTS = "fcm.googleapis.com jmt17.google.com *.push.services.mozilla.com web.push.apple.com *.notify.windows.com"

VERSION = "0.1.0"  # as in pyproject.toml
DEVELOPMENT_KEY = "ibolit-development-key"
DEVELOPMENT_SEAL_KEY = "ibolit-development-seal-key"

# Where YooKassa's notifications come from, as its documentation lists them.
YOOKASSA_NETWORKS = (
    "185.71.76.0/27 185.71.77.0/27 77.75.153.0/25 77.75.154.128/25 77.75.156.11 77.75.156.35 "
    "2a02:5180:0:1509::/64 2a02:5180:0:1533::/64 2a02:5180:0:2655::/64 2a02:5180:0:2669::/64"
)


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class BadSetting(CannotStart):
    """The message names the variable."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


@dataclass(frozen=True)
class Settings:
    """What the clinic's IT decides. Times in seconds, money in kopecks, sizes in bytes, zones by their IANA names."""

    environment: Environment
    secret_key: str
    seal_key: str  # shuts away who an erased person was
    database_url: str
    data: Path
    erasure_log: Path
    port: int
    public_url: str
    clinic_name: str
    clinic_phone: str
    clinic_legal_name: str
    clinic_inn: str
    clinic_ogrn: str
    clinic_licence: str
    clinic_timezone: ZoneInfo
    support_email: str
    alert_email: str  # who is told when the clinic is not well; nobody when empty
    backup_within: timedelta  # so old the last backup may be; none is asked for when zero
    registration_is_open: bool
    sms_backend: str
    sms_name: str  # from whom SMS and letters say they are
    smsaero_email: str
    smsaero_key: str
    smsaero_sign: str
    sms_countries: tuple[str, ...]  # calling codes; the first is the clinic's own
    sms_daily_max: int
    sms_country_max: int  # a day, for each country but the clinic's own
    sms_network_max: int  # codes a day that one range of addresses may ask for
    mail_backend: str
    mail_from: str
    smtp_host: str
    smtp_port: int
    smtp_user: str
    smtp_password: str
    smtp_tls: bool
    vapid_private_key: str  # empty: made and kept in `data`
    vapid_subject: str
    push_hosts: tuple[str, ...]
    payments_backend: str
    yookassa_shop_id: str
    yookassa_secret_key: str
    yookassa_api_url: str
    yookassa_networks: tuple[IPv4Network | IPv6Network, ...]
    receipt_mode: str
    receipt_needs_email: bool  # «Чеки от ЮKassa» are delivered by e-mail only: it is asked before paying
    tax_system_code: int  # 0: not sent
    vat_code: int
    receipt_url: str
    refund_hours: int
    reminders: tuple[int, ...]  # minutes before a consultation
    file_max: int
    files_max: int
    storage_backend: str
    s3_endpoint: str
    s3_region: str
    s3_bucket: str
    s3_key: str
    s3_secret: str
    clamav: str
    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    turn_secret: str
    turn_ttl: int
    trusted_proxies: int
    sockets_max: int
    web_processes: int
    worker_threads: int
    clock_offset: int
    retention: int  # years that the law wants medical records kept, and after them no seal
    keep_audit: int  # days, as those below
    keep_notifications: int
    keep_jobs: int
    keep_devices: int
    keep_attempts: int
    unheard: tuple[str, ...]  # sentences about variables that look like settings, and about values that say too much

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION

    @property
    def is_demo(self) -> bool:
        return self.environment is Environment.DEMO

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    def sends_sms_to(self, phone: str) -> bool:
        """Whether an SMS may reach this number (E.164): of a country the clinic pays for, and no landline."""
        return phone.removeprefix("+").startswith(self.sms_countries) and not phones.is_landline(phone)

    @property
    def home_country(self) -> str:
        return phones.main_country_of(self.sms_countries[0])

    def receipt_link(self, fn: str, fd: str, fp: str) -> str:
        """Where a registered receipt can be seen; empty when the clinic has named no such place."""
        return self.receipt_url.format(fn=fn, fd=fd, fp=fp)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Raises BadSetting for the first value that cannot be used."""
        env = _Reader(environ)
        environment = Environment(env.choice("IBOLIT_ENV", [*Environment], default=Environment.PRODUCTION))
        production = environment is Environment.PRODUCTION
        fallback = None if production else "demo"
        data = env.folder("IBOLIT_DATA", "var")
        port = env.number(*server_settings.PORT)
        settings = cls(
            environment=environment,
            secret_key=env.secret("SECRET_KEY", None if production else DEVELOPMENT_KEY),
            seal_key=env.secret("SEAL_KEY", None if production else DEVELOPMENT_SEAL_KEY),
            database_url=env.database("DATABASE_URL", f"sqlite:///{data}/ibolit.db"),
            data=data,
            erasure_log=Path(env.text("ERASURE_LOG", f"{data}/erasures.log")).absolute(),
            port=port,
            public_url=env.site("PUBLIC_URL", None if production else f"http://127.0.0.1:{port}"),
            clinic_name=env.text("CLINIC_NAME", None if production else "Клиника «Айболит»"),
            clinic_phone=env.text("CLINIC_PHONE", "" if production else "+7 495 000-00-00"),
            clinic_legal_name=env.text("CLINIC_LEGAL_NAME", None if production else "ООО «Айболит» (вымышленное)"),
            clinic_inn=env.inn("CLINIC_INN", None if production else "0000000000"),
            clinic_ogrn=env.digits("CLINIC_OGRN", "" if production else "0000000000000", lengths=(13, 15)),
            clinic_licence=env.text("CLINIC_LICENCE", None if production else "нет, это демонстрация"),
            clinic_timezone=env.zone("CLINIC_TIMEZONE", "Europe/Moscow"),
            support_email=(support := env.email("SUPPORT_EMAIL", None if production else "support@ibolit.pro")),
            alert_email=env.email("ALERT_EMAIL", ""),
            backup_within=timedelta(hours=env.number("BACKUP_HOURS", 36 if production else 0, least=0, most=24 * 366)),
            registration_is_open=env.choice("REGISTRATION", ["open", "invite"], default="open") == "open",
            sms_backend=env.choice("SMS_BACKEND", ["demo", "smsaero"], default=fallback),
            sms_name=env.sms_name("SMS_NAME", "iBolit"),
            smsaero_email=env.text("SMSAERO_EMAIL", ""),
            smsaero_key=env.text("SMSAERO_KEY", ""),
            smsaero_sign=env.text("SMSAERO_SIGN", ""),
            sms_countries=env.calling_codes("SMS_COUNTRIES", "7"),
            sms_daily_max=(daily := env.number("SMS_DAILY_MAX", 1000, least=1, most=1_000_000)),
            sms_country_max=env.number("SMS_COUNTRY_DAILY_MAX", max(1, daily // 5), least=1, most=1_000_000),
            sms_network_max=env.number("SMS_NETWORK_DAILY_MAX", max(1, daily // 5), least=1, most=1_000_000),
            mail_backend=env.choice("MAIL_BACKEND", ["demo", "smtp"], default=fallback),
            mail_from=env.email("MAIL_FROM", None if production else "ibolit@localhost"),
            smtp_host=env.text("SMTP_HOST", ""),
            smtp_port=env.number("SMTP_PORT", 587, least=1, most=65535),
            smtp_user=env.text("SMTP_USER", ""),
            smtp_password=env.text("SMTP_PASSWORD", ""),
            smtp_tls=env.flag("SMTP_TLS", default=True),
            vapid_private_key=env.push_key("VAPID_PRIVATE_KEY"),
            vapid_subject=env.contact("VAPID_SUBJECT", f"mailto:{support}"),
            push_hosts=env.hosts("PUSH_HOSTS", PUSH_HOSTS),
            payments_backend=env.choice("PAYMENTS_BACKEND", ["demo", "yookassa"], default=fallback),
            yookassa_shop_id=env.text("YOOKASSA_SHOP_ID", ""),
            yookassa_secret_key=env.secret("YOOKASSA_SECRET_KEY", ""),
            yookassa_api_url=env.site("YOOKASSA_API_URL", "https://api.yookassa.ru/v3", path=r"(/[\w.-]+)*"),
            yookassa_networks=env.networks("YOOKASSA_NETWORKS", YOOKASSA_NETWORKS),
            receipt_mode=env.choice("RECEIPT_MODE", ["full_prepayment", "full_payment"], default="full_prepayment"),
            receipt_needs_email=env.choice("RECEIPT_EMAIL", ["optional", "required"], default="optional") == "required",
            tax_system_code=env.number("TAX_SYSTEM_CODE", 0, least=0, most=6),
            vat_code=env.number("VAT_CODE", 1, least=1, most=12),
            receipt_url=env.template("RECEIPT_URL", ("fn", "fd", "fp")),
            refund_hours=env.number("REFUND_HOURS", 24, least=0, most=240),
            reminders=env.minutes("REMINDERS", "1440 15"),
            file_max=env.number("FILE_MAX_MB", 25, least=1, most=1000) * 1024 * 1024,
            files_max=env.number("FILES_MAX", 10, least=1, most=30),
            storage_backend=env.choice("STORAGE_BACKEND", ["folder", "s3"], default="folder"),
            s3_endpoint=env.site("S3_ENDPOINT", ""),
            s3_region=env.text("S3_REGION", "ru-central1"),
            s3_bucket=env.text("S3_BUCKET", ""),
            s3_key=env.text("S3_KEY", ""),
            s3_secret=env.secret("S3_SECRET", ""),
            clamav=env.listener("CLAMAV", ""),
            stun_urls=env.ice_servers("STUN_URLS", r"stuns?:{host}(:\d{{1,5}})?", "stun:relay.ibolit.example:3478"),
            turn_urls=env.ice_servers(
                "TURN_URLS",
                r"turns?:{host}(:\d{{1,5}})?(\?transport=(udp|tcp))?",
                "turns:relay.ibolit.example:443?transport=tcp",
            ),
            turn_secret=env.secret("TURN_SECRET", ""),
            turn_ttl=env.number("TURN_TTL", 4 * 3600, least=600, most=24 * 3600),
            trusted_proxies=env.number("TRUSTED_PROXIES", 0, least=0, most=5),
            sockets_max=env.number(*server_settings.SOCKETS_MAX),
            web_processes=env.number(*server_settings.WEB_PROCESSES),
            worker_threads=env.number("WORKER_THREADS", 1, least=0, most=8),
            clock_offset=env.number("CLOCK_OFFSET", 0, least=-(10**9), most=10**9),
            retention=env.number("RETENTION_YEARS", 25, least=1, most=100),
            keep_audit=env.number("KEEP_AUDIT_DAYS", 9_131, least=365, most=36_525),
            keep_notifications=env.number("KEEP_NOTIFICATION_DAYS", 90, least=7, most=3_650),
            keep_jobs=env.number("KEEP_JOB_DAYS", 30, least=7, most=3_650),
            keep_devices=env.number("KEEP_DEVICE_DAYS", 90, least=1, most=90),
            keep_attempts=env.number("KEEP_ATTEMPT_DAYS", 0, least=0, most=365),
            unheard=(),
        )
        settings._refuse_half_a_provider()
        if production:
            settings._refuse_what_is_only_for_demo(env)
        return replace(settings, unheard=tuple(env.unheard()))

    def _refuse_half_a_provider(self) -> None:
        needed = []
        if self.sms_backend == "smsaero":
            needed += [("SMSAERO_EMAIL", self.smsaero_email), ("SMSAERO_KEY", self.smsaero_key)]
            needed += [("SMSAERO_SIGN", self.smsaero_sign)]
        if self.mail_backend == "smtp":
            needed += [("SMTP_HOST", self.smtp_host)]
        if self.storage_backend == "s3":
            needed += [("S3_ENDPOINT", self.s3_endpoint), ("S3_BUCKET", self.s3_bucket)]
            needed += [("S3_KEY", self.s3_key), ("S3_SECRET", self.s3_secret)]
        if self.payments_backend == "yookassa":
            needed += [("YOOKASSA_SHOP_ID", self.yookassa_shop_id), ("YOOKASSA_SECRET_KEY", self.yookassa_secret_key)]
        if self.turn_urls:
            needed += [("TURN_SECRET", self.turn_secret)]
        for name, value in needed:
            if not value:
                raise BadSetting(name, "is needed by the chosen provider")
        if self.web_processes > 1:
            raise BadSetting("WEB_PROCESSES", "several processes need a shared realtime hub, which is not there yet")

    def _refuse_what_is_only_for_demo(self, env: _Reader) -> None:
        if env.flag("FLASK_DEBUG", default=False):
            raise BadSetting("FLASK_DEBUG", "must be off in production")
        if self.secret_key == DEVELOPMENT_KEY or len(self.secret_key) < 32:
            raise BadSetting("SECRET_KEY", "must be a secret of at least 32 characters")
        if self.seal_key in (DEVELOPMENT_SEAL_KEY, self.secret_key) or len(self.seal_key) < 32:
            raise BadSetting("SEAL_KEY", "must be a secret of at least 32 characters, and another one than SECRET_KEY")
        if self.sms_backend == "demo":
            raise BadSetting("SMS_BACKEND", "the demo sender cannot be used in production")
        if self.mail_backend == "demo":
            raise BadSetting("MAIL_BACKEND", "the demo sender cannot be used in production")
        if self.payments_backend == "demo":
            raise BadSetting("PAYMENTS_BACKEND", "the demo bank takes no money and cannot be used in production")
        if self.yookassa_secret_key.startswith("test_") and not env.flag("YOOKASSA_TEST_SHOP", default=False):
            raise BadSetting(
                "YOOKASSA_SECRET_KEY", "is of a test shop, which takes no money; YOOKASSA_TEST_SHOP=1 allows it"
            )
        if not self.yookassa_api_url.startswith("https://"):
            raise BadSetting("YOOKASSA_API_URL", "must begin with https:// in production")
        if any("://" in host for host in self.push_hosts):
            raise BadSetting("PUSH_HOSTS", "must be names of hosts in production")
        if self.clock_offset:
            raise BadSetting("CLOCK_OFFSET", "time cannot be moved in production")
        if not self.is_https:
            raise BadSetting("PUBLIC_URL", "must begin with https:// in production")


# What others of this house read: the server, the wrapper, the proxies, the chores.
READ_ELSEWHERE = {"BIND", "ACCESS_LOG", "FLASK_APP", "FLASK_DEBUG", "LONG_TESTS"}
READ_ELSEWHERE |= {f"IBOLIT_{name}" for name in ("HOME", "SETTINGS", "ACCOUNT", "BACKUPS", "HOST", "UPSTREAM")}
FAMILIES = ("IBOLIT_", "CLINIC_", "SMSAERO_", "SMTP_", "YOOKASSA_", "TURN_", "S3_", "VAPID_", "KEEP_", "RECEIPT_")
OF_OTHERS = {"REDIS_URL"}  # of what people expect here
NEAR = 0.85  # one letter wrong of seven
# Even turning to a doctor is secret (323-ФЗ, article 13).
MEDICAL = re.compile(
    r"клини|врач|доктор|мед|болезн|больн|здоров|лечи|лечеб|стомат|дент|зуб|гинек|псих|онко|дерм|терап|хирург|диагн"
    r"|анализ|аптек|clini|klini|doctor|doktor|vrach|med|dent|health|hosp|zdor|lech|stom|psy|onko|diag",
    re.IGNORECASE,
)


def _unquoted(value: str) -> str:
    """A shell and systemd take the quotes off a file of settings; docker-compose 1 and `docker run` hand them on."""
    quoted = re.fullmatch(r"""\s*(["'])(.*)\1\s*""", value, re.DOTALL)
    return quoted[2] if quoted else value


class _Reader:
    """Typed look-ups; a default of None means the variable must be set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = {name: _unquoted(value) for name, value in environ.items()}
        self.asked = set(READ_ELSEWHERE)

    def unheard(self) -> Iterator[str]:
        """Names, never values, of what looks like a setting of ours and is none; with the one that may be meant."""
        for name in sorted(self.environ.keys() - self.asked):
            meant = get_close_matches(name, self.asked, 1, NEAR)
            if meant:
                yield f"{name} is no setting: is {meant[0]} meant?"
            elif name.startswith(FAMILIES) or name in OF_OTHERS:
                yield f"{name} is no setting of this version"
        for name in ("SMS_NAME", "SMSAERO_SIGN"):
            if told := MEDICAL.search(self.environ.get(name, "")):
                yield f"{name}: «{told[0]}» tells who sees the phone that a clinic writes to it: take a neutral word"

    def text(self, name: str, default: str | None) -> str:
        self.asked.add(name)
        value = self.environ.get(name, "").strip() or default
        if value is None:
            raise BadSetting(name, "must be set")
        return value

    def sms_name(self, name: str, default: str) -> str:
        """A short word in every SMS: few letters, as they cost; no long number, which a phone could take for a code."""
        value = self.text(name, default)
        if not re.fullmatch(r"[^\W\d_](?:[^\W_]|[ .-]){1,10}", value) or re.search(r"\d{4}", value):
            raise BadSetting(name, "must be a word of 2 to 11 letters")
        return value

    def secret(self, name: str, default: str | None) -> str:
        """The value itself or, by NAME_FILE, the first line of a file."""
        self.asked |= {name, f"{name}_FILE"}
        path = self.environ.get(f"{name}_FILE", "")
        if not path:
            return self.text(name, default)
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE", "cannot be read") from error

    def folder(self, name: str, default: str) -> Path:
        path = Path(self.text(name, default)).absolute()
        if "?" in str(path):
            raise BadSetting(name, "must be a folder without a question mark, at which the address of SQLite ends")
        return path

    def database(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            kind = make_url(value).drivername
        except (ArgumentError, ValueError) as error:
            raise BadSetting(name, "cannot be read") from error
        if kind not in ("sqlite", "postgresql+psycopg"):
            raise BadSetting(name, "must begin with sqlite:// or postgresql+psycopg://")
        return value

    def site(self, name: str, default: str | None, path: str = "") -> str:
        value = self.text(name, default).rstrip("/")
        if value != default and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?" + path, value):
            shape = "without a path" if not path else "with or without a path"
            raise BadSetting(name, f"must be an address such as https://ibolit.example, {shape}")
        return value

    def template(self, name: str, places: tuple[str, ...]) -> str:
        """An address with {places} in it, or nothing."""
        value = self.text(name, "")
        try:
            filled = value.format(**dict.fromkeys(places, "0"))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            known = ", ".join(f"{{{place}}}" for place in places)
            raise BadSetting(name, f"may have only {known} in braces") from error
        if value and not re.fullmatch(r"https://[^\s<>\"]+", filled):
            raise BadSetting(name, "must be an address beginning with https://")
        return value

    def networks(self, name: str, default: str) -> tuple[IPv4Network | IPv6Network, ...]:
        """Addresses and networks with spaces or commas between them."""
        try:
            return tuple(ip_network(word) for word in re.split(r"[\s,]+", self.text(name, default)))
        except ValueError as error:
            raise BadSetting(name, f"has something that is no network: {error}") from error

    def minutes(self, name: str, default: str) -> tuple[int, ...]:
        """Whole numbers with spaces or commas between them, the largest first."""
        words = re.split(r"[\s,]+", self.text(name, default))
        if not all(word.isdecimal() and 5 <= int(word) <= 10_080 for word in words):
            raise BadSetting(name, "must be minutes between 5 and 10080, such as 1440 15")
        return tuple(sorted({int(word) for word in words}, reverse=True))

    def calling_codes(self, name: str, default: str) -> tuple[str, ...]:
        """Of countries, with spaces or commas between them, with or without a plus."""
        codes = tuple(word.removeprefix("+") for word in re.split(r"[\s,]+", self.text(name, default)))
        if not all(phones.is_calling_code(code) for code in codes):
            raise BadSetting(name, "must be calling codes of countries, such as 7 375")
        return codes

    def digits(self, name: str, default: str | None, *, lengths: tuple[int, ...]) -> str:
        value = self.text(name, default)
        if value and (not re.fullmatch(r"[0-9]+", value) or len(value) not in lengths):
            raise BadSetting(name, f"must be {' or '.join(map(str, lengths))} digits")
        return value

    def inn(self, name: str, default: str | None) -> str:
        """With its check digits: it stands in every contract, and nobody sees a slip of the finger there."""
        value = self.digits(name, default, lengths=(10, 12))
        weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
        for place in (9,) if len(value) == 10 else (10, 11):
            total = sum(int(digit) * weight for digit, weight in zip(value, weights[-place:], strict=False))
            if total % 11 % 10 != int(value[place]):
                raise BadSetting(name, "has a wrong digit")
        return value

    def email(self, name: str, default: str | None) -> str:
        value = self.text(name, default)
        if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise BadSetting(name, "must be an e-mail address")
        return value

    def push_key(self, name: str) -> str:
        value = self.secret(name, "")
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{43}", value):
            raise BadSetting(name, "must be a key as `flask push-keys` makes it")
        return value

    def contact(self, name: str, default: str) -> str:
        """Where a push service complains, as the library that signs takes it."""
        value = self.text(name, default)
        if not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://[\w-]+(\.[\w-]+)+", value):
            raise BadSetting(name, "must be mailto: with an address, or https:// with the name of a site and no path")
        return value

    def hosts(self, name: str, default: str) -> tuple[str, ...]:
        """Names with spaces or commas between them; *.name is all below it, and http://host:port is for tests."""
        words = re.split(r"[\s,]+", self.text(name, default))
        label = r"[A-Za-z0-9-]+"
        if not all(
            re.fullmatch(rf"(\*\.)?{label}(\.{label})+|https?://{label}(\.{label})*:\d+", word) for word in words
        ):
            raise BadSetting(name, "must be names of hosts such as push.example.com or *.push.example.com")
        return tuple(words)

    def listener(self, name: str, default: str) -> str:
        """A program of the clinic's that waits to be spoken to."""
        value = self.text(name, default)
        port = re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*:(\d{1,5})", value)
        if value and not value.startswith("/") and not (port and 1 <= int(port[1]) <= 65535):
            raise BadSetting(name, "must be host:port or the whole path of a socket")
        return value

    def ice_servers(self, name: str, shape: str, example: str) -> tuple[str, ...]:
        """Addresses of STUN or TURN servers (RFC 7064, 7065) with spaces or commas between them, or nothing."""
        host = r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])"
        urls = tuple(word for word in re.split(r"[\s,]+", self.text(name, "")) if word)
        for url in urls:
            port = re.search(r":(\d+)(\?|$)", url)
            if not re.fullmatch(shape.format(host=host), url) or (port and not 1 <= int(port[1]) <= 65535):
                raise BadSetting(name, f"must be addresses such as {example}")
        return urls

    def choice(self, name: str, allowed: list[str], default: str | None) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise BadSetting(name, f"must be one of {', '.join(allowed)}")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        try:
            number = int(value)
        except ValueError as error:
            raise BadSetting(name, "must be a whole number") from error
        if not least <= number <= most:
            raise BadSetting(name, f"must lie between {least} and {most}")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
            raise BadSetting(name, "must be 1 or 0")
        return value in ("1", "true", "yes", "on")

    def zone(self, name: str, default: str) -> ZoneInfo:
        value = self.text(name, default)
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise BadSetting(name, "must be a time zone such as Europe/Moscow") from error


current_settings = cast(Settings, LocalProxy(lambda: current_app.extensions["ibolit_settings"]))
