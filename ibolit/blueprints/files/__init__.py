"""Files: uploading them by tus, downloading and viewing them."""

from __future__ import annotations

from . import pages, tus, views

blueprints = (views.bp, tus.bp)
__all__ = ["blueprints", "pages"]
