"""Zones by the names of their towns."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location

from ..formatting import RUSSIAN, zone_mark
from ..services import clock

# Where Russian speakers live, by their distance from Moscow; every other zone of the device is followed, not chosen.
ZONES = (
    ("Europe/Kaliningrad", "Калининград (МСК−1)"),
    ("Europe/Moscow", "Москва (МСК)"),
    ("Europe/Minsk", "Минск (МСК)"),
    ("Europe/Samara", "Самара (МСК+1)"),
    ("Asia/Tbilisi", "Тбилиси (МСК+1)"),
    ("Asia/Yerevan", "Ереван (МСК+1)"),
    ("Asia/Yekaterinburg", "Екатеринбург (МСК+2)"),
    ("Asia/Almaty", "Алматы (МСК+2)"),
    ("Asia/Tashkent", "Ташкент (МСК+2)"),
    ("Asia/Omsk", "Омск (МСК+3)"),
    ("Asia/Bishkek", "Бишкек (МСК+3)"),
    ("Asia/Krasnoyarsk", "Красноярск (МСК+4)"),
    ("Asia/Irkutsk", "Иркутск (МСК+5)"),
    ("Asia/Yakutsk", "Якутск (МСК+6)"),
    ("Asia/Vladivostok", "Владивосток (МСК+7)"),
    ("Asia/Magadan", "Магадан (МСК+8)"),
    ("Asia/Kamchatka", "Камчатка (МСК+9)"),
    ("Europe/Berlin", "Берлин, Париж, Рим"),
    ("Asia/Jerusalem", "Израиль"),
    ("Asia/Dubai", "Дубай"),
    ("America/New_York", "Нью-Йорк"),
)

PLACES = {zone: town.partition(" (")[0] for zone, town in ZONES}


def is_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        return False


def town_of(zone: ZoneInfo, moment: datetime) -> str:
    """«Москва», or how far from Moscow («МСК−6») where nobody has told us the town's name in Russian."""
    town = PLACES.get(zone.key) or get_timezone_location(zone, locale=RUSSIAN, return_city=True)
    return zone_mark(moment, zone) if re.search("[A-Za-z]", town) else town


def title_of(name: str) -> str:
    """«Москва (МСК)», «Новосибирск (МСК+4)», «МСК−6»."""
    zone, now = ZoneInfo(name), clock.now()
    town, mark = town_of(zone, now), zone_mark(now, zone)
    return mark if town == mark else f"{town} ({mark})"
