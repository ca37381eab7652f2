"""What the clinic shows, in files, to be compared before and after a change that must show nobody anything new.

`pages.py write FOLDER` fills FOLDER/asked (crawl.py) and FOLDER/seen: every screen of screens.py as a browser has it
when the scripts have run. `pages.py compare BEFORE AFTER [RENAMED…]` says what differs but for the names in RENAMED,
whose lines page_text.py explains; it ends with 1 if anything does. `pages.py looks FOLDER [SCREENS…]` takes pictures
(looks.py).
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from call_page import FAKE_MEDIA
from crawl import MOMENT, crawl
from live_clinic import LiveClinic
from looks import picture
from page_text import Renamed, compare, lines_of
from playwright.sync_api import Browser, Error, Page, sync_playwright
from screens import PHONE, SCREENS, persons, prepare, show, sign_in, signs_in

# A live clinic's time goes on while its screens are walked; crawl.py asks at one moment and compares times, too.
TIMES = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.+]+Z?"), "_T_"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?\b"), "_:_"),
    (re.compile(r"\b1[78]\d{8}(\d{3})?\b"), "_"),  # seconds or milliseconds since 1970
    (re.compile(r"\b\d+([ \u00a0])(секунд|минут|час)\w*"), r"_\1\2"),
)
SHIFTED = "(() => { const there = Date, ahead = %d; Date = class extends there { constructor(...parts) { \
parts.length ? super(...parts) : super(there.now() + ahead); } static now() { return there.now() + ahead; } }; })()"


def write(folder: Path) -> None:
    with TemporaryDirectory() as scratch:
        crawl(folder / "asked", Path(scratch) / "asked")
        look(folder / "seen", Path(scratch))


def look(folder: Path, scratch: Path) -> None:
    """Empties the folder first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ahead = round((MOMENT - datetime.now(UTC)).total_seconds())
    clinic = LiveClinic(scratch, CLOCK_OFFSET=str(ahead))
    clinic.start()
    try:
        known = prepare(clinic)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium-headless-shell", args=["--no-sandbox", *FAKE_MEDIA]
            )
            for person in persons():
                with _page(browser, clinic, ahead) as page:
                    _walk(page, person, known, folder)
            browser.close()
    finally:
        clinic.stop()


@contextmanager
def _page(browser: Browser, clinic: LiveClinic, ahead: int) -> Iterator[Page]:
    context = browser.new_context(
        viewport=PHONE, locale="ru-RU", timezone_id="Europe/Moscow", base_url=clinic.url, reduced_motion="reduce",
        service_workers="block", permissions=["camera", "microphone"],
    )  # fmt: skip
    context.add_init_script(SHIFTED % (ahead * 1000))
    yield context.new_page()
    context.close()


def _walk(page: Page, person: str, known: dict[str, object], folder: Path) -> None:
    if signs_in(person):
        sign_in(page, person)
    for screen in SCREENS:
        if screen.person == person:
            try:
                show(page, screen, known)
                lines = lines_of(_at_rest(page))
            except Error as error:  # the next one may be reached all the same
                lines = ["not reached", str(error).splitlines()[0]]
            (folder / f"{screen.name}.txt").write_text("\n".join(map(_timeless, lines)) + "\n")


def _at_rest(page: Page) -> str:
    """When nothing has moved for a while."""
    seen, same = "", 0
    for _ in range(40):
        now = _timeless(page.content())
        same = same + 1 if now == seen else 0
        if same == 3:
            break
        seen = now
        page.wait_for_timeout(100)
    return page.content()


def _timeless(words: str) -> str:
    for pattern, instead in TIMES:
        words = pattern.sub(instead, words)
    return words


def tell(before: Path, after: Path, renamed: Renamed) -> int:
    found = compare(before, after, renamed)
    for difference, names in sorted(found.items(), key=lambda one: -len(one[1])):
        print(f"{len(names)} files, as {', '.join(names[:3])}\n{difference}\n")
    files = {name for names in found.values() for name in names}
    print(f"{len(found)} differences in {len(files)} files")
    return int(bool(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("write").add_argument("folder", type=Path)
    looking = verbs.add_parser("looks")
    looking.add_argument("folder", type=Path)
    looking.add_argument("screens", nargs="*")
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("renamed", type=Path, nargs="*")
    given = parser.parse_args()
    if given.verb == "write":
        write(given.folder)
        return 0
    if given.verb == "looks":
        if unknown := set(given.screens) - {screen.name for screen in SCREENS}:
            parser.error(f"no screens of this name: {', '.join(sorted(unknown))}")
        picture(given.folder, given.screens)
        return 0
    return tell(given.before, given.after, Renamed.read(*given.renamed))


if __name__ == "__main__":
    sys.exit(main())
