"""Shows what went wrong as a page or a fragment, in Russian, with what to do next."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from flask import Flask, current_app, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, SecurityError

from ..errors import RuleViolation
from ..extensions import db
from ..faults import cause_of, told
from ..responses import go, retarget, wants_fragment
from ..services.storage import StorageFailed
from ..tokens import FOREIGN
from .authentication import home_of

log = logging.getLogger(__name__)

NO_COOKIES = (
    "Браузер не запоминает вход",
    "Откройте ссылку в браузере: в меню «⋮» или «…» выберите «Открыть в браузере». Если это и есть браузер, "
    "разрешите в его настройках файлы cookie.",
)
WORDS = {
    400: ("Запрос не понят", "Обновите страницу и попробуйте ещё раз."),
    403: ("Сюда нельзя", "Эта страница открыта не вам. Вернитесь к своим сообщениям."),
    404: ("Здесь ничего нет", "Возможно, ссылка устарела или страница не ваша. Начните с раздела «Сообщения»."),
    405: ("Так эта страница не открывается", "Вернитесь назад и нажмите кнопку ещё раз."),
    413: ("Слишком много данных", "Сократите текст и отправьте ещё раз."),
    429: ("Слишком много попыток", "Подождите немного и попробуйте ещё раз."),
    500: ("У нас ошибка", "Мы уже знаем о ней. Подождите минуту и обновите страницу: ничего не потеряно."),
    503: ("Сервер занят", "Подождите минуту и обновите страницу: ничего не потеряно."),
}
RETRY_AFTER = 30  # seconds: told with everything that waiting may cure


def init_error_pages(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RuleViolation, _refused)
    app.register_error_handler(CSRFError, _form_refused)
    app.register_error_handler(StorageFailed, _storage_is_away)
    for away in (OperationalError, InterfaceError, PoolIsEmpty):
        app.register_error_handler(away, _database_is_away)
    app.register_error_handler(OverflowError, _beyond_any_row)
    app.register_error_handler(DataError, _beyond_any_row)
    app.register_error_handler(Exception, _unexpected)
    app.log_exception = _log_exception  # type: ignore[method-assign]


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400 or isinstance(error, SecurityError):
        return error  # SecurityError: whoever calls us by a foreign name is shown no page of ours
    if isinstance(error, InternalServerError) and cause_of(error.original_exception):
        return _show(503, *WORDS[503])
    title, advice = WORDS.get(error.code, WORDS[400])
    return _show(error.code, title, advice)


def _refused(error: RuleViolation) -> ResponseReturnValue:
    return _show(error.status, "Не получилось", error.sentence)


def _storage_is_away(_error: StorageFailed) -> ResponseReturnValue:
    return _show(503, "Файл сейчас не открыть", "Хранилище файлов не отвечает. Повторите через несколько минут.")


def _database_is_away(error: Exception) -> ResponseReturnValue:
    """It restarts, its disk is full, another program holds it: over in a moment, or the operator's to see."""
    _note(error)
    return _show(503, *WORDS[503])


def _form_refused(error: CSRFError) -> ResponseReturnValue:
    """Each cause has its own way on."""
    if error.description == FOREIGN:
        return _show(400, "Форма с чужой страницы", "Откройте сайт клиники сами и отправьте ещё раз.")
    if request.endpoint == "auth.login" and current_user.is_authenticated:
        return go(home_of(current_user))  # signed in meanwhile, in another tab
    if not request.cookies:
        return _show(400, *NO_COOKIES)
    return _show(400, "Страница устарела", "Обновите её и отправьте ещё раз.")


def _beyond_any_row(error: Exception) -> ResponseReturnValue:
    """Numbers and letters that no column holds, as /chats/1000…000: SQLite says OverflowError, PostgreSQL DataError."""
    log.warning("%s %s: %s", request.method, request.url_rule, type(error).__name__)
    return _http(NotFound())


def _unexpected(error: Exception) -> ResponseReturnValue:
    if cause_of(error):
        return _database_is_away(error)
    _note(error)
    return _http(InternalServerError())


def _note(error: Exception) -> None:
    if current_app.testing or current_app.debug:
        raise error
    log.error("%s %s failed: %s", request.method, request.url_rule, told(error))


def _log_exception(exc_info: Any) -> None:
    """Of what failed while an answer was ready already. Flask's own line quotes the address, which holds tokens."""
    log.error("%s %s failed at its end: %s", request.method, request.url_rule, told(exc_info[1]))


def _show(status: int, title: str, advice: str) -> ResponseReturnValue:
    with suppress(SQLAlchemyError):
        db.session.rollback()
    template = "fragments/errors/notice.html" if wants_fragment() else "pages/errors/show.html"
    answer = make_response(_render(template, status=status, title=title, advice=advice), status)
    if status >= 500:
        answer.headers["Retry-After"] = str(RETRY_AFTER)
    answer.vary.add("HX-Request")
    return retarget(answer, "#notices") if wants_fragment() else answer


def _render(template: str, **context: object) -> str:
    """Past the frame of other pages, which asks who is here: what is away must not be asked again."""
    return current_app.jinja_env.get_template(template).render(**context)
