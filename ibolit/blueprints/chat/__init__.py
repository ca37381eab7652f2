"""One chat: its messages, files and the composer."""

from __future__ import annotations

from . import queue, recalls, search, socket, stand_in, subjects, views

blueprints = (views.bp, recalls.bp, search.bp, queue.bp, stand_in.bp, subjects.bp)
doors_of_the_socket = (socket.send,)
