"""The socket that every page of who is signed in listens to."""

from __future__ import annotations

from . import socket

blueprints = (socket.bp,)
