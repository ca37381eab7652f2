"""gunicorn's settings: `gunicorn wsgi:app` finds them here. One worker class, gthread: a socket holds a thread.

BIND, PORT, SOCKETS_MAX, WEB_PROCESSES and ACCESS_LOG come from the environment. Both patches below lean on names inside
the gthread worker: docs/decisions/0007-one-gunicorn-at-a-time.md.
"""

import ctypes
import gc
import logging
import os
import re
import resource
import runpy
import signal
import socket
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any
from urllib.parse import quote

from gunicorn import __version__, glogging, util
from gunicorn.arbiter import Arbiter
from gunicorn.workers import gthread
from gunicorn.workers.base import Worker

MADE_FOR = "27"
if __version__.split(".")[0] != MADE_FOR:
    sys.exit(f"gunicorn {__version__}: gunicorn.conf.py is made for {MADE_FOR}. Install what requirements.txt names")

SERVER = runpy.run_path(os.path.join(os.path.dirname(__file__), "ibolit", "server_settings.py"))


def whole(setting: str) -> int:
    """The app says what is wrong with a setting; these are read before it."""
    name, default, least, most = SERVER[setting]
    value = os.environ.get(name, "").strip() or str(default)
    if not (value.isdecimal() and least <= int(value) <= most):
        sys.exit(f"{name}: must be a whole number between {least} and {most}")
    return int(value)


SOCKETS_MAX = whole("SOCKETS_MAX")
SERVICE_RESTART = 1012
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h

bind = os.environ.get("BIND") or f"127.0.0.1:{whole('PORT')}"
worker_class = "gthread"
workers = whole("WEB_PROCESSES")
threads = SOCKETS_MAX * 13 // 10 + 32  # when sockets take them all, every page hangs: the hub refuses before that
worker_connections = threads + 1000  # the thousand are browsers' kept-alive connections, which hold no thread
keepalive = 15
graceful_timeout = 8
preload_app = False  # threads and database connections do not survive a fork
control_socket_disable = True

accesslog = os.environ.get("ACCESS_LOG") or None  # "-" is standard output
access_log_format = "%(m)s %(U)s %(s)s %(M)sms"


class Logger(glogging.Logger):
    """Queries hold codes and what people search for: no line of ours repeats one, nor lets a path forge a line."""

    QUERY = re.compile(r"\?\S*")
    # Whoever has it may come in by it; so may who has anything else that is so long.
    TOKEN = re.compile(r"(/i/|/payments/return/|/(?=[\w-]{16}))[^/\s]+")
    NOT_HTTP = re.compile(r"(Invalid request from ip=\S+:) .*", re.DOTALL)  # goes on with what was sent, cookies too

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(self.without_query)

    def without_query(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            from ibolit.faults import without_words  # the master need not load the app for it

            record = without_words(record)
        words = self.NOT_HTTP.sub(r"\1 no HTTP that is understood", record.getMessage())
        record.msg, record.args = self.TOKEN.sub(r"\1-", self.QUERY.sub("", words)), ()
        return True

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        path = quote(environ.get("PATH_INFO", ""), encoding="latin-1")
        return {**super().atoms(resp, req, environ, request_time), "U": self.TOKEN.sub(r"\1-", path)}


logger_class = Logger


def allow_descriptors(wanted: int) -> None:
    """Systems give 1024 by default, and every socket needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))


allow_descriptors(worker_connections + 500)


def return_memory() -> None:
    """Once a large block was freed glibc keeps all such blocks, in up to 16 heaps: 19 MB of every hashed password."""
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1024 * 1024)
        mallopt(M_ARENA_MAX, 2)


return_memory()


def when_ready(arbiter: Arbiter) -> None:
    """A closed terminal ends what was started in it; gunicorn takes the hang-up for a wish to load itself anew."""
    if os.isatty(0):
        signal.signal(signal.SIGHUP, lambda number, frame: arbiter.signal(signal.SIGTERM, frame))


# Sockets are told that the server restarts; otherwise stopping waits for them and they learn it from silence.


def post_fork(arbiter: Arbiter, worker: Worker) -> None:
    """Loading the house makes hundreds of thousands of objects that stay: looking for garbage is a tenth of a start."""
    gc.disable()


def post_worker_init(worker: Worker) -> None:
    """INT, QUIT and HUP end like TERM: their own handler may wait for a lock held by the very thread it interrupted."""
    collect_less_garbage()
    stopping: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=tell_sockets, args=(worker, stopping), daemon=True).start()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.put(number)  # the one hand-over that is safe in the middle of anything
        worker.handle_exit(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, stop)
        signal.siginterrupt(number, False)


def collect_less_garbage() -> None:
    """A message makes and drops thousands of objects; looking for circles every 700 of them took a quarter of its cost.

    What stays for good is never looked at again; the rest waits until 50,000 are there, some ten megabytes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()


def tell_sockets(worker: Worker, stopping: "SimpleQueue[int]") -> None:
    """Also when the master was killed: the worker would go on with its sockets, and keep the port from the next one."""
    told = None
    while not told and os.getppid() == worker.ppid:
        with suppress(Empty):
            told = stopping.get(timeout=1)
    services = getattr(worker.wsgi, "extensions", {}).get("ibolit_services")
    if services:
        services.realtime.close_all(SERVICE_RESTART)
        services.calls.close_all(SERVICE_RESTART)


# gunicorn waits up to 2 s for a closed client to go, in the thread that accepts: five idle clients stop every page.

lingering = threading.BoundedSemaphore(64)


def close(connection: gthread.TConn, graceful: bool = False) -> None:
    if not graceful or not lingering.acquire(blocking=False):
        util.close(connection.sock)
        return
    try:
        threading.Thread(target=linger, args=(connection.sock,), daemon=True).start()
    except RuntimeError:  # no thread to be had
        lingering.release()
        util.close(connection.sock)


def linger(client: socket.socket) -> None:
    try:
        client.setblocking(True)
        util.close_graceful(client)
    except OSError:
        util.close(client)
    finally:
        lingering.release()


gthread.TConn.close = close
