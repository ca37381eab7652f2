"""iBolit: patients and doctors in one app. create_app() joins its parts."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from .config import BadSetting, Settings
from .extensions import compress, csrf, db, htmx, login_manager, migrate, sock


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Raises BadSetting when the environment cannot be used, WrongClinic when the database is not ours to open."""
    settings = Settings.from_env(os.environ if environ is None else environ)
    app = Flask(__name__, static_url_path="/static")
    _configure(app, settings)
    _join_extensions(app, settings)
    _open_doors(app, settings)
    _check_clinic(app, settings)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    from .cookies import Sessions, session_cookie
    from .database import engine_options
    from .services import clock
    from .sockets import SOCK_SERVER_OPTIONS
    from .template_engine import Environment

    app.jinja_environment = Environment  # before the first who asks for it
    app.jinja_options = {"cache_size": -1}  # all of them; to keep some Jinja moves the last to the end of a list
    app.session_interface = Sessions()
    _open_folder(settings)
    clock.shift(settings.clock_offset)
    app.extensions["ibolit_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SESSION_COOKIE_NAME=session_cookie(settings),
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,  # the cookie rolls when the device is seen, once a minute
        PERMANENT_SESSION_LIFETIME=timedelta(days=90),
        WTF_CSRF_SSL_STRICT=False,  # tokens.py asks for more than a Referer
        WTF_CSRF_TIME_LIMIT=None,  # a chat left open overnight must still send
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=7),
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_MIN_SIZE=1024,  # less fits into one packet anyway
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml", "application/manifest+json"],
        SOCK_SERVER_OPTIONS=SOCK_SERVER_OPTIONS,
        TRUSTED_HOSTS=_trusted_hosts(settings),
    )
    _log_without_words()
    logging.getLogger("ibolit").setLevel(logging.INFO)
    for words in settings.unheard:
        logging.getLogger("ibolit").warning(words)


def _log_without_words() -> None:
    from . import faults

    logging.basicConfig()
    for handler in logging.getLogger().handlers:
        handler.setFormatter(faults.WithoutWords(faults.FORMAT))
    if "FLASK_RUN_FROM_CLI" in os.environ:
        faults.hush()


def _open_folder(settings: Settings) -> None:
    """The data folder is closed to other accounts of this machine."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting("IBOLIT_DATA", f"{settings.data} cannot be made: {error.strerror}") from error
    if not os.access(settings.data, os.W_OK | os.X_OK):
        raise BadSetting("IBOLIT_DATA", f"this account may not write into {settings.data}")


def _trusted_hosts(settings: Settings) -> list[str] | None:
    if settings.is_demo:
        return ["127.0.0.1", "localhost"]
    return [settings.public_host] if settings.is_production else None


def _join_extensions(app: Flask, settings: Settings) -> None:
    from . import models  # noqa: F401  every table must be known
    from .assets import init_assets
    from .database import init_transactions
    from .proxies import AddressAlone
    from .rendering import init_rendering
    from .security import init_security
    from .services import services_from
    from .sockets import SafeSockets, check_handshake

    db.init_app(app)
    migrate.init_app(app, db, directory=os.path.join(os.path.dirname(app.root_path), "migrations"))
    app.before_request(check_handshake)
    with app.app_context():
        init_transactions(app, db.engine)
    csrf.init_app(app)
    login_manager.init_app(app)
    sock.init_app(app)
    htmx.init_app(app)
    compress.init_app(app)
    init_security(app, settings)
    init_assets(app)
    init_rendering(app)
    app.extensions["ibolit_services"] = services_from(app, settings)
    app.wsgi_app = SafeSockets(app.wsgi_app)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = AddressAlone(app.wsgi_app)  # type: ignore[method-assign]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _open_doors(app: Flask, settings: Settings) -> None:
    from .blueprints import register_blueprints
    from .ops.cli import register_commands
    from .subscribers import subscribe
    from .web import init_web
    from .web.subject_addresses import SubjectConverter

    subscribe(app)
    app.url_map.converters["subject"] = SubjectConverter
    register_blueprints(app, settings)
    init_web(app)
    register_commands(app)


def _check_clinic(app: Flask, settings: Settings) -> None:
    from sqlalchemy import inspect
    from sqlalchemy.exc import DatabaseError

    from .database import read_only
    from .models import DatabaseMark

    with app.app_context(), read_only():
        try:
            has_walls = inspect(db.engine).has_table(DatabaseMark.__tablename__)
        except DatabaseError as error:
            why = " ".join(str(error.orig).split())
            raise BadSetting("DATABASE_URL", f"the database does not open: {why}") from error
        if has_walls:
            DatabaseMark.check(settings)
            db.session.remove()
