"""Every setting is read once, and a bad one stops the start with its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import make_user
from flask import Flask, request

from ibolit import create_app
from ibolit.config import DEVELOPMENT_KEY, BadSetting, Settings
from ibolit.errors import WrongClinic
from ibolit.extensions import db
from ibolit.models import Mark

PRODUCTION = {
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "PUBLIC_URL": "https://ibolit.example/",
    "CLINIC_NAME": "Клиника",
    "SMS_BACKEND": "smsaero",
    "SMSAERO_EMAIL": "clinic@example.org",
    "SMSAERO_KEY": "key",
    "SMSAERO_SIGN": "iBolit",
    "MAIL_BACKEND": "smtp",
    "SMTP_HOST": "smtp.example.org",
    "IBOLIT_DATA": "/srv/ibolit",
}
DEMO = {"IBOLIT_ENV": "demo"}
S3 = {
    "STORAGE_BACKEND": "s3",
    "S3_ENDPOINT": "https://storage.example",
    "S3_BUCKET": "clinic",
    "S3_KEY": "id",
    "S3_SECRET": "secret",
}


def test_demo_needs_nothing() -> None:
    settings = Settings.from_env(DEMO)
    assert settings.is_demo
    assert not settings.is_production
    assert settings.database_url == f"sqlite:///{Path('var').absolute()}/ibolit.db"
    assert (settings.port, settings.public_url, settings.public_host) == (8000, "http://127.0.0.1:8000", "127.0.0.1")
    assert (settings.sms_backend, settings.mail_backend, settings.registration_is_open) == ("demo", "demo", True)


def test_two_may_run_side_by_side(tmp_path: Path) -> None:
    settings = Settings.from_env(DEMO | {"PORT": "8001", "IBOLIT_DATA": str(tmp_path)})
    assert settings.public_url == "http://127.0.0.1:8001"
    assert settings.database_url == f"sqlite:///{tmp_path}/ibolit.db"


def test_production_with_everything_set() -> None:
    settings = Settings.from_env(PRODUCTION)
    assert settings.is_production
    assert settings.is_https
    assert (settings.public_url, settings.public_host) == ("https://ibolit.example", "ibolit.example")
    assert settings.support_email == "support@ibolit.pro"


def test_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n")
    without = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    assert Settings.from_env(without | {"SECRET_KEY_FILE": str(file)}).secret_key == "f" * 40
    assert Settings.from_env(DEMO | S3 | {"S3_SECRET": "", "S3_SECRET_FILE": str(file)}).s3_secret == "f" * 40


def refused(environ: dict[str, str]) -> str:
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(environ)
    assert str(refusal.value).startswith(f"{refusal.value.name}: ")
    return refusal.value.name


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "PUBLIC_URL", "CLINIC_NAME", "SMS_BACKEND", "MAIL_BACKEND",
             "SMSAERO_EMAIL", "SMSAERO_KEY", "SMSAERO_SIGN", "SMTP_HOST"],
)  # fmt: skip
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_production_names_what_is_missing(name: str, empty: str | None) -> None:
    environ = {key: value for key, value in PRODUCTION.items() if key != name}
    assert refused(environ | ({} if empty is None else {name: empty})) == name


@pytest.mark.parametrize("name", ["S3_ENDPOINT", "S3_BUCKET", "S3_KEY", "S3_SECRET"])
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_storage_is_whole_or_a_folder(name: str, empty: str | None) -> None:
    environ = {key: value for key, value in (PRODUCTION | S3).items() if key != name}
    environ |= {} if empty is None else {name: empty}
    assert refused(environ) == name
    assert Settings.from_env(environ | {"STORAGE_BACKEND": "folder"}).storage_backend == "folder"


def test_files_have_room_by_default() -> None:
    settings = Settings.from_env(PRODUCTION)
    assert (settings.file_max, settings.files_max) == (25 * 1024 * 1024, 10)
    assert (settings.storage_backend, settings.clamav) == ("folder", "")


@pytest.mark.parametrize("url", ["https://storage.example", "http://10.0.0.5:9000", "http://minio:9000/"])
def test_storage_may_be_anybodys(url: str) -> None:
    assert Settings.from_env(PRODUCTION | S3 | {"S3_ENDPOINT": url}).s3_endpoint == url.rstrip("/")


@pytest.mark.parametrize("address", ["127.0.0.1:3310", "clamd.clinic.example:3310", "/run/clamav/clamd.ctl"])
def test_scanner_is_found_by_port_or_socket(address: str) -> None:
    assert Settings.from_env(PRODUCTION | {"CLAMAV": address}).clamav == address


def test_unset_environment_is_production() -> None:
    assert refused({}) == "SECRET_KEY"
    assert refused({"IBOLIT_ENV": ""}) == "SECRET_KEY"
    assert refused({"IBOLIT_ENV": "production"}) == "SECRET_KEY"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", DEVELOPMENT_KEY),
        ("SECRET_KEY", "short"),
        ("SMS_BACKEND", "demo"),
        ("MAIL_BACKEND", "demo"),
        ("FLASK_DEBUG", "1"),
        ("FLASK_DEBUG", "true"),
        ("CLOCK_OFFSET", "60"),
        ("PUBLIC_URL", "http://ibolit.example"),
    ],
)
def test_production_refuses_what_is_only_for_demo(name: str, value: str) -> None:
    assert refused(PRODUCTION | {name: value}) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IBOLIT_ENV", "Production"),
        ("IBOLIT_ENV", "staging"),
        ("IBOLIT_DATA", "/srv/who?"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
        ("DATABASE_URL", "ibolit.db"),
        ("DATABASE_URL", "mysql://localhost/ibolit"),
        ("DATABASE_URL", "postgres://localhost/ibolit"),
        ("DATABASE_URL", "postgresql://localhost/ibolit"),
        ("DATABASE_URL", "postgresql+psycopg://localhost:port/ibolit"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eight"),
        ("PORT", "8000.5"),
        ("PUBLIC_URL", "ibolit.example"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "/"),
        ("PUBLIC_URL", "ftp://ibolit.example"),
        ("PUBLIC_URL", "http://ibolit.example/app"),
        ("CLINIC_TIMEZONE", "Moscow"),
        ("CLINIC_TIMEZONE", "../../etc/passwd"),
        ("SUPPORT_EMAIL", "support"),
        ("REGISTRATION", "closed"),
        ("SMS_BACKEND", "pigeon"),
        ("MAIL_BACKEND", "pigeon"),
        ("SMTP_PORT", "-1"),
        ("SMTP_TLS", "maybe"),
        ("FILE_MAX_MB", "0"),
        ("FILE_MAX_MB", "25 MB"),
        ("FILES_MAX", "0"),
        ("STORAGE_BACKEND", "bucket"),
        ("S3_ENDPOINT", "storage.example"),
        ("S3_ENDPOINT", "s3://storage.example"),
        ("S3_ENDPOINT", "https://storage.example/bucket"),
        ("S3_SECRET_FILE", "/nowhere/key"),
        ("CLAMAV", "clamd"),
        ("CLAMAV", "127.0.0.1:"),
        ("CLAMAV", "127.0.0.1:0"),
        ("CLAMAV", "127.0.0.1:65536"),
        ("CLAMAV", ":3310"),
        ("CLAMAV", "a..b:3310"),
        ("CLAMAV", "run/clamd.ctl"),
        ("CLAMAV", "tcp://127.0.0.1:3310"),
        ("TRUSTED_PROXIES", "6"),
        ("TRUSTED_PROXIES", "-1"),
        ("SOCKETS_MAX", "0"),
        ("WEB_PROCESSES", "2"),
        ("WEB_PROCESSES", "0"),
        ("WORKER_THREADS", "-1"),
        ("CLOCK_OFFSET", "tomorrow"),
    ],
)
def test_bad_value_is_named(name: str, value: str) -> None:
    assert refused(DEMO | {name: value}) == name


@pytest.mark.parametrize(("name", "value"), [("SMS_BACKEND", "smsaero"), ("MAIL_BACKEND", "smtp")])
def test_demo_may_try_a_real_provider_but_a_whole_one(name: str, value: str) -> None:
    assert refused(DEMO | {name: value}).startswith("SM")


@pytest.mark.parametrize("url", ["sqlite:////srv/ibolit.db", "postgresql+psycopg://ibolit:word@db.example:5432/ibolit"])
def test_both_databases_are_known(url: str) -> None:
    assert Settings.from_env(DEMO | {"DATABASE_URL": url}).database_url == url


def test_refusal_tells_no_secret() -> None:
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(PRODUCTION | {"SECRET_KEY": "short-but-secret"})
    assert "short-but-secret" not in str(refusal.value)
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(PRODUCTION | S3 | {"S3_ENDPOINT": "https://id:short-but-secret@storage.example"})
    assert "short-but-secret" not in str(refusal.value)


# The app those settings make


def make(tmp_path: Path, environ: dict[str, str]) -> Flask:
    return create_app(environ | {"IBOLIT_DATA": str(tmp_path)})


def test_production_has_no_demo_outbox_and_answers_to_its_own_name_only(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    client = app.test_client()
    assert client.get("/login", base_url="https://ibolit.example").status_code == 200
    assert client.get("/demo/outbox", base_url="https://ibolit.example").status_code == 404
    foreign = client.get("/login", base_url="https://evil.example")
    assert foreign.status_code == 400
    assert "iBolit" not in foreign.text
    assert "demo" not in client.get("/login", base_url="https://ibolit.example").text
    dispose(app)


def test_https_makes_cookies_secure_and_stays_https(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    answer = app.test_client().get("/login", base_url="https://ibolit.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("ibolit=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax"):
        assert part in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "connect-src 'self' wss://ibolit.example" in answer.headers["Content-Security-Policy"]
    dispose(app)


def test_addresses_are_believed_only_behind_a_proxy(tmp_path: Path) -> None:
    headers = {"X-Forwarded-For": "198.51.100.7"}
    seen = []
    for number, proxies in enumerate(("0", "1")):
        app = make(tmp_path / str(number), DEMO | {"TRUSTED_PROXIES": proxies})
        app.add_url_rule("/healthz/address", view_func=lambda: str(request.remote_addr))
        seen.append(app.test_client().get("/healthz/address", base_url="http://127.0.0.1", headers=headers).text)
        dispose(app)
    assert seen == ["127.0.0.1", "198.51.100.7"]


def test_demo_answers_to_this_machine_only(tmp_path: Path) -> None:
    app = make(tmp_path, DEMO)
    client = app.test_client()
    assert client.get("/login", base_url="http://localhost:8000").status_code == 200
    assert client.get("/login", base_url="http://192.168.1.5:8000").status_code == 400
    assert "/demo/outbox" in client.get("/login", base_url="http://127.0.0.1:8000").text
    dispose(app)


def test_production_does_not_open_a_demo_database(tmp_path: Path) -> None:
    app = make(tmp_path, DEMO)
    with app.app_context():
        db.create_all()
        Mark.make_demo()
        db.session.commit()
        db.session.remove()
    dispose(app)
    with pytest.raises(WrongClinic, match="DATABASE_URL"):
        make(tmp_path, PRODUCTION)


def test_demo_does_not_open_a_real_database(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    with app.app_context():
        db.create_all()
        make_user("Настоящая Анна")
        db.session.remove()
    dispose(app)
    with pytest.raises(WrongClinic, match="DATABASE_URL"):
        make(tmp_path, DEMO)


def test_database_that_does_not_open_is_named(tmp_path: Path) -> None:
    (tmp_path / "ibolit.db").write_text("Истории болезней лежат в шкафу." * 100)
    with pytest.raises(BadSetting, match="DATABASE_URL"):
        make(tmp_path, PRODUCTION)


def test_data_are_their_owners_alone(tmp_path: Path) -> None:
    dispose(make(tmp_path / "clinic", DEMO))
    assert (tmp_path / "clinic").stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match="IBOLIT_DATA"):
        make(tmp_path / "file" / "clinic", DEMO)


def test_demo_data_are_never_written_in_production(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    with app.app_context():
        answer = app.test_cli_runner().invoke(args=["seed"])
    assert answer.exit_code == 1
    assert "IBOLIT_ENV" in answer.output
    dispose(app)


def dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
