"""The bare stack: flask-sock on gunicorn's threads and one SQLite file, with no person, page or rule. What lies between
it and the clinic is what the clinic costs. It understands the frames of a page's socket (bench/wire.py).

    BARE_DATABASE=… gunicorn bench.peers.bare_stack:app
"""

from __future__ import annotations

import json
import os
import sqlite3
from threading import Lock

from flask import Flask, request
from flask_sock import Server, Sock

app = Flask(__name__)
sock = Sock(app)
_writing, _listening = Lock(), Lock()
_sockets: dict[str, list[Server]] = {}
_database = sqlite3.connect(os.environ["BARE_DATABASE"], check_same_thread=False, isolation_level=None)
for pragma in ("journal_mode=WAL", "synchronous=FULL"):
    _database.execute(f"PRAGMA {pragma}")
_database.execute(
    "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, chat TEXT, client TEXT UNIQUE, text TEXT)"
)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@sock.route("/live")
def live(ws: Server) -> None:
    """Both who listen to a chat hear what is said in it; it is acknowledged after the commit."""
    chat = request.args["chat"]
    with _listening:
        _sockets.setdefault(chat, []).append(ws)
    while True:
        said = json.loads(ws.receive())
        with _writing:
            _database.execute("BEGIN IMMEDIATE")
            row = chat, said["client_id"], said["text"]
            _database.execute("INSERT INTO message (chat, client, text) VALUES (?, ?, ?)", row)
            _database.execute("COMMIT")
        for one in _sockets[chat]:
            one.send(said["text"])
        ws.send(f'<i data-ack="{said["client_id"]}" data-status="200" hidden></i>')
