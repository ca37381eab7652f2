"""One chat: its messages, files and the composer."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
