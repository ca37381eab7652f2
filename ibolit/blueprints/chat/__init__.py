"""One chat: its messages, files and the composer."""

from __future__ import annotations

from . import recalls, search, views

blueprints = (views.bp, recalls.bp, search.bp)
