"""What a doctor's own calendar asks for by its secret address."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
