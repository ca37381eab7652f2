"""Zones by the names of their towns."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ..formatting import zone_mark

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


def town_of(zone: ZoneInfo, moment: datetime) -> str:
    """«Москва», or how far from Moscow («МСК+2») where no town of ours stands for it."""
    return PLACES.get(zone.key, zone_mark(moment, zone))
