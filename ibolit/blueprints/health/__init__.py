"""Whether the clinic lives and is well, for machines that look after it."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
