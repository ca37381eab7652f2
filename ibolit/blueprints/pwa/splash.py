"""What iPhones and iPads show while the app opens from the home screen: a picture made for just that screen, or white.

https://developer.apple.com/library/archive/documentation/AppleApplications/Reference/SafariWebContent/ConfiguringWebApplications/ConfiguringWebApplications.html
bin/icons draws the pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

GROUNDS = {"light": "#F3F6F6", "dark": "#0F1716"}  # --ground of static/css/tokens.css
# Before 12 an app on the home screen opened its links in Safari: those stay a bookmark. iPads say that they are Macs.
OPENS_ALONE = re.compile(r"(?:iPhone|CPU) OS (?:1[2-9]|[2-9]\d)_|Macintosh.* Version/")


@dataclass(frozen=True)
class Screen:
    """Upright width and height in CSS pixels, and how many of the screen's own make one."""

    width: int
    height: int
    density: int
    turn: str = "portrait"

    @property
    def pixels(self) -> tuple[int, int]:
        upright = self.width * self.density, self.height * self.density
        return upright if self.turn == "portrait" else upright[::-1]

    @property
    def media(self) -> str:
        size = f"(device-width:{self.width}px) and (device-height:{self.height}px)"
        return f"{size} and (-webkit-device-pixel-ratio:{self.density}) and (orientation:{self.turn})"

    def file(self, scheme: str) -> str:
        """Under static/."""
        return "splash/{}x{}-{}.png".format(*self.pixels, scheme)


IPHONES = (
    *(Screen(320, 568, 2), Screen(375, 667, 2), Screen(414, 736, 3), Screen(375, 812, 3), Screen(414, 896, 2)),
    *(Screen(414, 896, 3), Screen(390, 844, 3), Screen(428, 926, 3), Screen(393, 852, 3), Screen(430, 932, 3)),
    *(Screen(402, 874, 3), Screen(420, 912, 3), Screen(440, 956, 3)),
)
IPADS = ((744, 1133), (768, 1024), (810, 1080), (820, 1180), (834, 1112), (834, 1194), (1024, 1366))
SCREENS = (*IPHONES, *(Screen(*size, 2, turn) for size in IPADS for turn in ("portrait", "landscape")))


def splash_screens() -> tuple[Screen, ...]:
    """None for whoever reads this with something else: the links are longer than many a page."""
    return SCREENS if OPENS_ALONE.search(request.user_agent.string) else ()
