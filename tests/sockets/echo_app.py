"""A throw-away clinic of sockets only, for a live gunicorn: who sits at the other end is written in the address."""

import os
import threading
from types import SimpleNamespace

from flask import Flask, current_app, request
from flask_sock import Server

from ibolit import sockets
from ibolit.services.calls import InProcessCalls
from ibolit.services.realtime import ConnectionLimit, InProcessHub

sockets.TICK_SECONDS = (float(os.environ["TICK"]), float(os.environ["TICK"]))
sockets.SEND_SECONDS = int(os.environ["SEND_SECONDS"])

app = Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = sockets.SOCK_SERVER_OPTIONS
app.before_request(sockets.check_handshake)
app.wsgi_app = sockets.SafeSockets(app.wsgi_app)  # type: ignore[method-assign]
sock = sockets.Sock(app)
hub = InProcessHub(sockets_max=60, per_user=10)
app.extensions["ibolit_services"] = SimpleNamespace(realtime=hub, calls=InProcessCalls(ConnectionLimit(60)))
revoked: set[int] = set()


@sock.route("/live/<int:user>/<int:device>")
def live(ws: Server, user: int, device: int) -> None:
    queue = hub.open(user, device)
    queue.put("ready")

    def on_message(text: str) -> None:
        if "fail" in text:
            raise ValueError(f"cannot read {text}")
        queue.put(f"heard {text}")

    try:
        sockets.pump(ws, queue, lambda: device not in revoked, on_message)
    finally:
        hub.close(queue)


@sock.route("/broken")
def broken(ws: Server) -> None:
    raise LookupError(ws.environ["QUERY_STRING"])


@sock.route("/short")
def short(ws: Server) -> None:
    ws.send("that is all")


@app.post("/publish/<int:user>")
def publish(user: int) -> str:
    """Frames `first` to `last`, each its number and a filling of `size`."""
    filling = "я" * request.args.get("size", 0, int)
    for number in range(request.args.get("first", 1, int), request.args.get("last", 1, int) + 1):
        hub.publish(user, f"{number}:{filling}")
    return ""


@app.post("/end/<int:device>")
def end(device: int) -> str:
    hub.end_device(device)
    return ""


@app.post("/revoke/<int:device>")
def revoke(device: int) -> str:
    revoked.add(device)
    return ""


@app.get("/state")
def state() -> dict[str, int]:
    return {
        "pid": os.getpid(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "readers": sum("simple_websocket" in thread.name for thread in threading.enumerate()),
        "sockets": current_app.extensions["ibolit_services"].realtime._count(),
    }
