"""Every setting is read once, and a bad one stops the start with its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import make_user
from flask import Flask, Response, request, session

from ibolit import create_app
from ibolit.config import DEVELOPMENT_KEY, DEVELOPMENT_SEAL_KEY, BadSetting, Settings
from ibolit.errors import WrongClinic
from ibolit.extensions import db
from ibolit.models import DatabaseMark
from ibolit.services.payments.webhooks import is_from_networks
from ibolit.web.client import browser_token, known_browser_token

PRODUCTION = {
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "SEAL_KEY": "fedcba9876543210fedcba9876543210",
    "PUBLIC_URL": "https://ibolit.example/",
    "CLINIC_NAME": "Клиника",
    "SMS_BACKEND": "smsaero",
    "SMSAERO_EMAIL": "clinic@example.org",
    "SMSAERO_KEY": "key",
    "SMSAERO_SIGN": "iBolit",
    "MAIL_BACKEND": "smtp",
    "SMTP_HOST": "smtp.example.org",
    "MAIL_FROM": "clinic@example.org",
    "SUPPORT_EMAIL": "help@example.org",
    "PAYMENTS_BACKEND": "yookassa",
    "YOOKASSA_SHOP_ID": "100500",
    "YOOKASSA_SECRET_KEY": "live_key",
    "CLINIC_LEGAL_NAME": "ООО «Клиника»",
    "CLINIC_INN": "7707083893",
    "CLINIC_LICENCE": "Л041-01137-77/00000001",
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


def test_test_shop_takes_no_money_unless_it_is_allowed_by_name() -> None:
    shop = PRODUCTION | {"YOOKASSA_SECRET_KEY": "test_secret"}
    with pytest.raises(BadSetting, match="YOOKASSA_SECRET_KEY"):
        Settings.from_env(shop)
    assert Settings.from_env(shop | {"YOOKASSA_TEST_SHOP": "1"}).yookassa_secret_key == "test_secret"


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
    assert settings.support_email == "help@example.org"


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
    "name", ["SECRET_KEY", "SEAL_KEY", "PUBLIC_URL", "CLINIC_NAME", "SMS_BACKEND", "MAIL_BACKEND",
             "SMSAERO_EMAIL", "SMSAERO_KEY", "SMSAERO_SIGN", "SMTP_HOST", "PAYMENTS_BACKEND", "YOOKASSA_SHOP_ID",
             "YOOKASSA_SECRET_KEY", "CLINIC_LEGAL_NAME", "CLINIC_INN", "CLINIC_LICENCE"],
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
        ("SEAL_KEY", "short"),
        ("SEAL_KEY", DEVELOPMENT_SEAL_KEY),
        ("SEAL_KEY", PRODUCTION["SECRET_KEY"]),
        ("SMS_BACKEND", "demo"),
        ("MAIL_BACKEND", "demo"),
        ("PAYMENTS_BACKEND", "demo"),
        ("YOOKASSA_API_URL", "http://127.0.0.1:9000/v3"),
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
        ("SMS_COUNTRIES", "RU"),
        ("SMS_COUNTRIES", "7, "),
        ("SMS_COUNTRIES", "7 999"),
        ("SMS_COUNTRIES", "0"),
        ("SMS_COUNTRIES", "٧"),
        ("SMS_COUNTRY_DAILY_MAX", "0"),
        ("SMS_NETWORK_DAILY_MAX", "many"),
        ("MAIL_BACKEND", "pigeon"),
        ("PAYMENTS_BACKEND", "cash"),
        ("YOOKASSA_SECRET_KEY_FILE", "/nowhere/key"),
        ("YOOKASSA_API_URL", "api.yookassa.ru/v3"),
        ("YOOKASSA_API_URL", "https://api.yookassa.ru/v3?shop=1"),
        ("YOOKASSA_NETWORKS", "77.75.153.0/25 everybody"),
        ("YOOKASSA_NETWORKS", "77.75.153.1/25"),
        ("YOOKASSA_NETWORKS", "77.75.153.0/25,"),
        ("RECEIPT_MODE", "advance"),
        ("TAX_SYSTEM_CODE", "7"),
        ("VAT_CODE", "0"),
        ("VAT_CODE", "13"),
        ("RECEIPT_URL", "http://ofd.example/{fn}"),
        ("RECEIPT_URL", "https://ofd.example/{kkt}"),
        ("RECEIPT_URL", "https://ofd.example/{}"),
        ("RECEIPT_URL", "https://ofd.example/{fn"),
        ("RECEIPT_URL", "https://ofd.example/{fn.real}"),
        ("CLINIC_INN", "770708389"),
        ("CLINIC_INN", "7707083894"),
        ("CLINIC_INN", "500100732258"),
        ("CLINIC_INN", "77070838٩3"),
        ("CLINIC_OGRN", "102770013219"),
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


def test_demo_may_try_yookassa_but_whole() -> None:
    tried = DEMO | {"PAYMENTS_BACKEND": "yookassa"}
    assert refused(tried) == "YOOKASSA_SHOP_ID"
    assert refused(tried | {"YOOKASSA_SHOP_ID": "100500"}) == "YOOKASSA_SECRET_KEY"
    whole = tried | {"YOOKASSA_SHOP_ID": "100500", "YOOKASSA_SECRET_KEY": "test_key"}
    assert Settings.from_env(whole | {"YOOKASSA_API_URL": "http://127.0.0.1:9000/v3/"}).yookassa_api_url.endswith("/v3")


def test_demo_clinic_says_that_it_is_none() -> None:
    settings = Settings.from_env(DEMO)
    assert settings.payments_backend == "demo"
    assert "вымышлен" in settings.clinic_legal_name
    assert "демонстрация" in settings.clinic_licence
    assert set(settings.clinic_inn) == set(settings.clinic_ogrn) == {"0"}


def test_payments_have_documented_defaults() -> None:
    settings = Settings.from_env(PRODUCTION)
    assert settings.yookassa_api_url == "https://api.yookassa.ru/v3"
    assert (settings.receipt_mode, settings.vat_code, settings.tax_system_code) == ("full_prepayment", 1, 0)
    assert settings.clinic_ogrn == ""
    for address in ("185.71.76.31", "185.71.77.1", "77.75.153.5", "77.75.154.200", "77.75.156.11", "77.75.156.35",
                    "2a02:5180:0:1509::1", "::ffff:77.75.153.5"):  # fmt: skip
        assert is_from_networks(address, settings.yookassa_networks)
    for address in ("185.71.76.32", "77.75.153.128", "127.0.0.1", "2a02:5180:0:1510::1", "::ffff:8.8.8.8",
                    "", "unknown", "77.75.153.5, 8.8.8.8"):  # fmt: skip
        assert not is_from_networks(address, settings.yookassa_networks)


def test_networks_may_be_listed_with_commas() -> None:
    settings = Settings.from_env(DEMO | {"YOOKASSA_NETWORKS": "10.0.0.0/8, 192.0.2.1"})
    assert is_from_networks("192.0.2.1", settings.yookassa_networks)
    assert not is_from_networks("77.75.153.5", settings.yookassa_networks)


def test_key_of_yookassa_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("live_from_file\n")
    without = {name: value for name, value in PRODUCTION.items() if name != "YOOKASSA_SECRET_KEY"}
    settings = Settings.from_env(without | {"YOOKASSA_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.yookassa_secret_key == "live_from_file"


def test_receipt_has_a_place_to_be_seen_if_the_clinic_names_one() -> None:
    settings = Settings.from_env(DEMO | {"RECEIPT_URL": "https://ofd.example/?fn={fn}&i={fd}&fp={fp}"})
    assert settings.receipt_link("9288", "42", "777") == "https://ofd.example/?fn=9288&i=42&fp=777"
    assert Settings.from_env(DEMO).receipt_link("9288", "42", "777") == ""


@pytest.mark.parametrize("inn", ["7707083893", "500100732259"])
def test_both_kinds_of_inn_are_known(inn: str) -> None:
    assert Settings.from_env(PRODUCTION | {"CLINIC_INN": inn}).clinic_inn == inn


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
    assert client.get("/demo/bank/1", base_url="https://ibolit.example").status_code == 404
    foreign = client.get("/login", base_url="https://evil.example")
    assert foreign.status_code == 400
    assert "iBolit" not in foreign.text
    assert "demo" not in client.get("/login", base_url="https://ibolit.example").text
    dispose(app)


def test_https_makes_cookies_secure_and_stays_https(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    answer = app.test_client().get("/login", base_url="https://ibolit.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ibolit=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "connect-src 'self' wss://ibolit.example" in answer.headers["Content-Security-Policy"]
    dispose(app)


def test_sessions_from_before_the_safe_name_go_on_under_it(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    place = {"base_url": "https://ibolit.example"}
    client = app.test_client()
    client.get("/login", **place)
    given = client.get_cookie("__Host-ibolit", "ibolit.example")
    assert given is not None
    older = app.test_client()
    older.set_cookie("ibolit", given.value, domain="ibolit.example", secure=True)
    answer = older.get("/login", **place)
    carried = older.get_cookie("__Host-ibolit", "ibolit.example")
    assert carried is not None
    with app.test_request_context("/login", **place, headers={"Cookie": f"__Host-ibolit={carried.value}"}):
        after = dict(session)
    with app.test_request_context("/login", **place, headers={"Cookie": f"ibolit={given.value}"}):
        assert after == dict(session) != {}
    assert older.get_cookie("ibolit", "ibolit.example") is None, answer.headers.getlist("Set-Cookie")
    # The safe one counts where both are brought: nobody puts a session under the former name beside it.
    with app.test_request_context(
        "/login", **place, headers={"Cookie": f"ibolit=foreign; __Host-ibolit={given.value}"}
    ):
        assert dict(session) == after
    dispose(app)


def test_browser_known_from_before_the_safe_name_stays_known(tmp_path: Path) -> None:
    app = make(tmp_path, PRODUCTION)
    token = "b" * 43
    place = {"base_url": "https://ibolit.example", "headers": {"Cookie": f"ibolit_browser={token}"}}
    with app.test_request_context("/login", method="POST", **place):
        assert browser_token() == known_browser_token() == token
        answer = app.process_response(Response())
    given = answer.headers.getlist("Set-Cookie")
    assert any(one.startswith(f"__Host-ibolit_browser={token};") and "Secure" in one for one in given)
    assert any(one.startswith("ibolit_browser=;") for one in given)
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


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("198.51.100.7:5123", "198.51.100.7"),
        ("[2001:db8::7]:5123", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("198.51.100.7", "198.51.100.7"),
        ("unknown", "unknown"),
    ],
)
def test_port_behind_an_address_is_dropped(tmp_path: Path, told: str, address: str) -> None:
    app = make(tmp_path, DEMO | {"TRUSTED_PROXIES": "1"})
    app.add_url_rule("/healthz/address", view_func=lambda: str(request.remote_addr))
    client, headers = app.test_client(), {"X-Forwarded-For": told}
    assert client.get("/healthz/address", base_url="http://127.0.0.1", headers=headers).text == address
    dispose(app)


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
        DatabaseMark.make_demo()
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


def test_pushes_need_no_setting() -> None:
    settings = Settings.from_env({"IBOLIT_ENV": "demo", "SUPPORT_EMAIL": "help@clinic.example"})
    assert (settings.vapid_private_key, settings.vapid_subject) == ("", "mailto:help@clinic.example")
    assert "fcm.googleapis.com" in settings.push_hosts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VAPID_PRIVATE_KEY", "short"),
        ("VAPID_SUBJECT", "help@clinic.example"),
        ("VAPID_SUBJECT", "https://clinic.example/help"),  # the library that signs takes no path
        ("PUSH_HOSTS", "com"),
        ("PUSH_HOSTS", "*"),
        ("PUSH_HOSTS", "fcm.googleapis.com, *.*"),
        ("PUSH_HOSTS", "https://fcm.googleapis.com"),
    ],
)
def test_push_setting_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.from_env({"IBOLIT_ENV": "demo", name: value})


def test_hosts_of_tests_are_none_in_production() -> None:
    plain = "http://127.0.0.1:8123"
    assert Settings.from_env({"IBOLIT_ENV": "test", "PUSH_HOSTS": plain}).push_hosts == (plain,)
    with pytest.raises(BadSetting, match="PUSH_HOSTS"):
        Settings.from_env(PRODUCTION | {"PUSH_HOSTS": plain})


@pytest.mark.parametrize("value", ['"Клиника «Пример»"', "'Клиника «Пример»'", " 'Клиника «Пример»' "])
def test_quotes_that_a_container_was_handed_are_no_part_of_the_value(value: str) -> None:
    assert Settings.from_env(PRODUCTION | {"CLINIC_NAME": value}).clinic_name == "Клиника «Пример»"
    assert Settings.from_env(PRODUCTION | {"CLINIC_NAME": "'Пример"}).clinic_name == "'Пример"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SMSAERO_SIGHN", "SMSAERO_SIGHN is no setting: is SMSAERO_SIGN meant?"),
        ("CLINIC_NAM", "CLINIC_NAM is no setting: is CLINIC_NAME meant?"),
        ("TRUSTED_PROXY", "TRUSTED_PROXY is no setting: is TRUSTED_PROXIES meant?"),
        ("REDIS_URL", "REDIS_URL is no setting of this version"),
        ("SMTP_TIMEOUT", "SMTP_TIMEOUT is no setting of this version"),
    ],
)
def test_name_that_nobody_reads_is_told_without_its_value(name: str, words: str) -> None:
    assert Settings.from_env(PRODUCTION | {name: "a secret"}).unheard == (words,)


@pytest.mark.parametrize("name", ["SMS_NAME", "SMSAERO_SIGN"])
@pytest.mark.parametrize(("value", "told"), [("Клиника", "Клини"), ("ДокторПлюс", "Доктор"), ("DentArt", "Dent")])
def test_sender_that_tells_of_a_clinic_is_warned_of(name: str, value: str, told: str) -> None:
    (words,) = Settings.from_env(PRODUCTION | {name: value}).unheard
    assert words.startswith(f"{name}: «{told}» tells who sees the phone")


@pytest.mark.parametrize("value", ["iBolit", "Аврора", "Три сестры", "A-1"])
def test_neutral_sender_is_taken_as_it_is(value: str) -> None:
    settings = Settings.from_env(PRODUCTION | {"SMS_NAME": value})
    assert (settings.sms_name, settings.unheard) == (value, ())


@pytest.mark.parametrize("value", ["Двенадцатьбу", "Я", "123456", "Дом 1234", "Дом\nдва", "Дом:"])
def test_sender_is_a_short_word(value: str) -> None:
    with pytest.raises(BadSetting, match="SMS_NAME: must be a word of 2 to 11 letters"):
        Settings.from_env(PRODUCTION | {"SMS_NAME": value})


def test_what_others_read_is_not_told_of() -> None:
    around = {"PATH": "/bin", "HOME": "/root", "MAIL": "/var/mail/root", "SHELL": "/bin/sh", "LANG": "C.UTF-8"}
    ours = {"FLASK_APP": "ibolit:create_app", "BIND": "0.0.0.0:8000", "IBOLIT_HOME": "/srv/ibolit"}
    assert Settings.from_env(PRODUCTION | around | ours).unheard == ()


@pytest.mark.parametrize("name", ["SUPPORT_EMAIL", "MAIL_FROM"])
def test_production_names_its_own_addresses(name: str) -> None:
    assert refused({key: value for key, value in PRODUCTION.items() if key != name}) == name


def test_start_tells_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(tmp_path), "SMSAERO_SIGHN": "iBolit"})
    with app.app_context():
        db.engine.dispose()
    assert "SMSAERO_SIGHN is no setting: is SMSAERO_SIGN meant?" in caplog.messages
