"""What stands between a screen and a person: axe's findings, and what axe does not look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from live_clinic import ROOT
from long_tests import LONG
from playwright.sync_api import CDPSession, Page
from screens import DESKTOP, PHONE

AXE = (ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js").read_text()
OURS = Path(__file__).with_name("accessible.js").read_text()

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]  # the dark theme changes nothing else

# What axe leaves to people. Everything else that it cannot decide counts as found.
LEFT_TO_EYES = {
    "color-contrast": "over a gradient, a picture or a part that is painted later; the tokens hold 4.5 : 1 everywhere",
    "video-caption": "a consultation of two people; WCAG 1.2.4 does not ask captions of who only carries it",
}

RUN = """async ([tags, wanted, spared]) => {
    if (typeof axe === 'undefined') return null;
    const runOnly = wanted ? { type: 'rule', values: wanted } : { type: 'tag', values: tags };
    const rules = Object.fromEntries(spared.map(rule => [rule, { enabled: false }]));
    const kinds = ['violations', 'incomplete'];
    const told = await axe.run(document, { runOnly, rules, resultTypes: kinds, preload: false, iframes: false });
    const why = node => node.any.concat(node.all, node.none).map(check => check.message).join('; ');
    return kinds.flatMap(kind => told[kind].flatMap(rule =>
        rule.nodes.map(node => [kind, rule.id, `${node.target.join(' ')}: ${why(node)}`])));
}"""
NARROW = {"width": 320, "height": 640}
LETTERS = 16  # px, what browsers begin with
AS_IT_IS = ""
APART = "line-height: 1.5; letter-spacing: .12em; word-spacing: .16em"  # WCAG 1.4.12
# Phones have families of their own, narrower than the tests' or wider: what wraps in one does not in another.
NARROW_FAMILY, WIDE_FAMILY = "font-family: DejaVu Sans Mono; letter-spacing: -.05em", "font-family: DejaVu Serif"
# How it looks: size, letters, style. Twice the letters is a setting of the person's browser, as WCAG 1.4.4 asks.
LOOKS = (
    ("320 wide", NARROW, LETTERS, AS_IT_IS),
    ("letters twice as large, a narrow family", PHONE, 2 * LETTERS, NARROW_FAMILY),
    ("320 wide, letters twice as large, a wide family", NARROW, 2 * LETTERS, WIDE_FAMILY),
    ("desktop, letters twice as large", DESKTOP, 2 * LETTERS, AS_IT_IS),
    ("lines and letters apart", PHONE, LETTERS, APART),
)
ABOVE_A_KEYBOARD = {"width": 360, "height": 350}
LONG_DRAFT = "Доктор, с утра болит голова. " * 20
LEAST_ROOM = [look for look in LOOKS if look[1:3] == (NARROW, 2 * LETTERS)]
# One question after another, or nothing where the page does not know them yet.
ASK = """async steps => {
    if (typeof accessible === 'undefined') return null;
    const told = [];
    for (const [name, ...given] of steps) {
        told.push(...(await accessible[name](...given)).map(one => `${name}: ${one}`));
    }
    return told;
}"""
HEIGHT = "() => Math.min(document.documentElement.scrollHeight, 8000)"


class Look:
    """At one page of one person."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.engine: CDPSession = page.context.new_cdp_session(page)

    def everything(self, *, is_whole: bool) -> Iterator[str]:
        """Of a state of a page that is looked at whole: on a phone, and in the look that leaves the least room.

        All of it is looked at in every way and colour with LONG_TESTS, as bin/accessible and bin/test-all do.
        """
        is_thorough = is_whole or LONG
        yield from self.by_axe(() if is_whole else OF_COLOUR, is_thorough=is_thorough)
        yield from self._ask("structure", "targets", "movement")
        for name, size, letters, style in LOOKS if is_thorough else LEAST_ROOM:
            # At 360 px no word is parted in letters as wide as most phones have them.
            whole = ["whole"] if style == NARROW_FAMILY else []
            asked = self.dress(size, letters, style, "choice", "readOn", "room", *whole, "fit", "reach")
            yield from (f"{name}: {found}" for found in asked)
        yield from self.above_a_keyboard()
        self.dress(PHONE, LETTERS, AS_IT_IS)
        if not is_thorough:
            return
        self.page.emulate_media(forced_colors="active")
        yield from (f"forced colours: {found}" for found in self._ask("edges"))
        self.page.emulate_media(forced_colors="none")

    def above_a_keyboard(self) -> Iterator[str]:
        """Somebody writes more into a chat than the field can show; the draft is taken away again."""
        field = self.page.locator(".composer__text")
        if not self._ask("writing"):
            return
        for letters in (LETTERS, 2 * LETTERS):
            self.dress(ABOVE_A_KEYBOARD, letters, NARROW_FAMILY)
            field.fill(LONG_DRAFT)
            yield from (f"above a keyboard, letters of {letters} px: {found}" for found in self._ask("room"))
            field.fill("")

    def by_axe(self, spared_on_desktop: Sequence[str], *, is_thorough: bool) -> Iterator[str]:
        """As high as the page itself: what only scrolling would bring to light is looked at, too."""
        for name, size in (("phone", PHONE), ("desktop", DESKTOP))[: 1 + is_thorough]:
            self.page.set_viewport_size(size)
            self.page.set_viewport_size(size | {"height": max(self.page.evaluate(HEIGHT), size["height"])})
            spared = spared_on_desktop if size is DESKTOP else ()
            yield from (f"{name}: {found}" for found in self._axe(spared=spared))
            if size is PHONE and is_thorough:
                self.page.emulate_media(color_scheme="dark")
                yield from (f"dark: {found}" for found in self._axe(OF_COLOUR))
                self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(PHONE)

    def _axe(self, rules: Sequence[str] | None = None, spared: Sequence[str] = ()) -> list[str]:
        told = self._evaluate(RUN, [TAGS, rules, spared], AXE)
        return [f"{rule} at {words}" for kind, rule, words in told if kind == "violations" or rule not in LEFT_TO_EYES]

    def _ask(self, *questions: str) -> list[str]:
        return self._take([[question] for question in questions])

    def dress(self, size: dict[str, int], letters: int, style: str, *questions: str) -> list[str]:
        """And what is asked of it then: every word with a page takes its time, and there are thousands of them."""
        self.engine.send("Page.setFontSizes", {"fontSizes": {"standard": letters, "fixed": letters}})
        self.page.set_viewport_size(size)
        return self._take([["dress", style, letters], *([question] for question in questions)])

    def _take(self, steps: list[list[object]]) -> list[str]:
        told: list[str] = self._evaluate(ASK, steps, OURS)
        return told

    def _evaluate(self, script: str, given: object, needed: str) -> Any:
        """What a page does not know yet it is told, once."""
        told = self.page.evaluate(script, given)
        if told is None:
            self.page.evaluate(needed)
            told = self.page.evaluate(script, given)
        return told
