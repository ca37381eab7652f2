"""The documents that are accepted, as pages."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
