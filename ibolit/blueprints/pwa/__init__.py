"""What makes the site an app: manifest, service worker, splash screens, the offline page."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
