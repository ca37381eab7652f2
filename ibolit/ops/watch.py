"""`python -m ibolit.ops.watch`: asks the clinic how it is, and writes to ALERT_EMAIL when it is not well.

A program of its own, which needs neither the app nor its database: they may be what is wrong. Run once a minute
(deploy/ibolit-watch.timer), or with `--every 60`; what it has seen and told lies in `watch.json` of the data folder.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import escape
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from flask import Flask

from ..config import Settings
from ..faults import told
from ..services.demo_outbox import DemoOutbox
from ..services.mail import Mailer, MailFailed, mailer_from
from .healthcheck import own_port

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=5)  # a restart, a backup and a busy evening are nobody's alarm
TIMEOUT = 40  # seconds: longer than a writer waits for its turn
KEPT = "watch.json"
APP = "app"

NAMES = {
    APP: "Приложение",
    "database": "База данных",
    "migrations": "Таблицы базы",
    "work": "Фоновая работа",
    "storage": "Хранилище файлов",
    "room": "Место на диске",
    "backup": "Резервная копия",
}


@dataclass(frozen=True)
class Seen:
    """`since`: what is wrong, and from when on (ISO 8601, UTC); `told`: what of it a mail went out about."""

    since: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Whoever spoils the file makes us begin anew, not fall silent."""
        try:
            kept = json.loads(file.read_text())
            return cls({str(name): _moment(at).isoformat() for name, at in kept["since"].items()}, tuple(kept["told"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, file: Path) -> None:
        """In one step, and not in vain: on a full disk what was there stays."""
        anew = file.with_suffix(".new")
        anew.write_text(json.dumps(asdict(self)))
        anew.replace(file)


def ask(base: str, host: str) -> dict[str, str]:
    """What is wrong, by its name, with its words. `base`: where the app listens; `host`: the name people know it by."""
    place = urlsplit(base)
    line = HTTPConnection(place.hostname or "127.0.0.1", place.port or 80, timeout=TIMEOUT)
    try:
        line.request("GET", "/readyz", headers={"Host": host})
        parts = json.loads(line.getresponse().read())["parts"]
        return {name: str(part["words"]) for name, part in parts.items() if not part["well"]}
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        return {APP: f"does not answer ({type(error).__name__})"}
    finally:
        line.close()


def look(wrong: Mapping[str, str], seen: Seen, now: datetime) -> tuple[Seen, dict[str, str], tuple[str, ...]]:
    """What is seen now, what is to be told as wrong with its words, and what as well again."""
    since = {name: seen.since.get(name, now.isoformat()) for name in wrong}
    due = {name: words for name, words in wrong.items() if now - _moment(since[name]) >= PATIENCE}
    fresh = {name: words for name, words in due.items() if name not in seen.told}
    over = tuple(name for name in seen.told if name not in wrong)
    kept = tuple(name for name in seen.told if name in wrong)
    return Seen(since, (*kept, *fresh)), fresh, over


def step(settings: Settings, mailer: Mailer, base: str, now: datetime) -> bool:
    """One look. False: it could not be told, so the next one tells it."""
    file = settings.data / KEPT
    seen = Seen.read(file)
    after, fresh, over = look(ask(base, urlsplit(settings.public_url).netloc), seen, now)
    sent = True
    if (fresh or over) and settings.alert_email:
        subject, text = letter(settings, fresh, over)
        try:
            mailer.send(settings.alert_email, subject, text, f"<p>{escape(text).replace(chr(10), '<br>')}</p>")
        except MailFailed as failure:
            log.error("the alarm could not be sent: %s", told(failure))
            after, sent = replace(after, told=seen.told), False
    try:
        after.write(file)
    except OSError as error:
        log.error("%s could not be written: %s", KEPT, told(error))
    return sent


def letter(settings: Settings, fresh: Mapping[str, str], over: tuple[str, ...]) -> tuple[str, str]:
    """Subject and text."""
    lines = [settings.public_url, ""]
    for name, words in fresh.items():
        lines.append(f"{NAMES.get(name, name)}: не в порядке дольше пяти минут. {name}: {words}")
    lines += [f"{NAMES.get(name, name)}: снова в порядке." for name in over]
    if fresh:
        lines += ["", "Подробнее на сервере: flask doctor"]
    what = ", ".join(NAMES.get(name, name) for name in (fresh or over))
    return f"{settings.clinic_name}: {'нужна помощь' if fresh else 'снова в порядке'} ({what})", "\n".join(lines)


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main() -> None:
    settings = Settings.from_env(os.environ)
    options = argparse.ArgumentParser(
        prog="ibolit.ops.watch", description=__doc__.partition("\n")[0] if __doc__ else ""
    )
    options.add_argument("--at", default=f"http://127.0.0.1:{own_port(os.environ)}", help="where the app listens")
    options.add_argument("--every", type=float, default=0, metavar="SECONDS", help="look again and again")
    chosen = options.parse_args()
    app = Flask("ibolit.watch")
    mailer = mailer_from(app, settings, DemoOutbox(settings.data))
    with app.app_context():
        while True:
            step(settings, mailer, chosen.at, datetime.now(UTC))
            if not chosen.every:
                return
            time.sleep(chosen.every)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
