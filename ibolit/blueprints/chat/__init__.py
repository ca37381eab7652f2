"""One chat: its messages, files and the composer."""

from __future__ import annotations

from . import recalls, search, socket, views

blueprints = (views.bp, recalls.bp, search.bp)
doors_of_the_socket = (socket.send,)
