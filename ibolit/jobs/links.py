"""Addresses of our pages in what leaves the house: a worker has no request whose host url_for() could take."""

from __future__ import annotations

from flask import current_app

from ..config import current_settings


def link_to(endpoint: str, **values: object) -> str:
    doors = current_app.url_map.bind(current_settings.public_host)
    return current_settings.public_url + doors.build(endpoint, values)
