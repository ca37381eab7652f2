"""The service worker's script, and the version by which pages and the worker tell that they belong together."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import brotli
from flask import Response, request
from flask.sansio.app import App
from flask.typing import ResponseReturnValue

ROOT = Path(__file__).parents[2]
PICTURES = ("icons/mark.svg", "icons/sprite.svg")  # on the offline page
OFFLINE = ("templates/layouts/bare.html", "templates/pages/pwa/offline.html")


class ServiceWorker:
    """Its parts after what it needs to know: its version, and what to keep for the offline page."""

    def __init__(self, app: App) -> None:
        assets, settings = app.extensions["ibolit_assets"], app.extensions["ibolit_settings"]
        offline = [(ROOT / name).read_text(encoding="utf-8") for name in OFFLINE]
        clinic = (settings.clinic_name, settings.clinic_phone, settings.support_email)
        self.version = _hash("\n".join((*assets.by_name, assets.worker, *offline, *clinic)))
        shell = (*assets.shell, *(assets.whole[name] for name in PICTURES))
        kept = [*(f"/assets/{asset.name}" for asset in shell), "/offline"]
        head = f'var VERSION = "{self.version}", ASSETS = {json.dumps(kept)};\n'
        self.bodies = {"": (head + assets.worker).encode()}
        self.bodies["br"] = brotli.compress(self.bodies[""], quality=11)
        self.bodies["gzip"] = gzip.compress(self.bodies[""], mtime=0)

    def answer(self) -> ResponseReturnValue:
        """Asked for with every page that is opened: mostly it has not changed."""
        packing = request.accept_encodings.best_match(("br", "gzip")) or ""
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/", "Vary": "Accept-Encoding"}
        answer = Response(self.bodies[packing], content_type="text/javascript; charset=utf-8", headers=headers)
        if packing:
            answer.content_encoding = packing
        answer.set_etag(self.version + packing)
        return answer.make_conditional(request)


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:12]
