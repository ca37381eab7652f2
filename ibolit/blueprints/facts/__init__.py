"""What is known of a patient: allergies, medicines, illnesses."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
