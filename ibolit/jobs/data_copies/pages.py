"""The pages of a copy: plain HTML beside its pictures, which any browser opens from a disk; no script, no address."""

from __future__ import annotations

from typing import IO

from flask import get_template_attribute, render_template
from markupsafe import Markup

from ...models.my_data import Look

HERE = "\x02here\x02"  # where the pieces go; nobody can type it


class StreamedPage:
    """A page whose middle is written in pieces."""

    def __init__(self, entry: IO[bytes], template: str, **shown: object) -> None:
        before, self._behind = render_template(template, pieces=HERE, **shown).split(HERE)
        self._entry = entry
        self._entry.write(before.encode())

    def write(self, template: str, **shown: object) -> None:
        self._entry.write(render_template(template, **shown).encode())

    def close(self) -> None:
        self._entry.write(self._behind.encode())


def words_of_looks(look: Look) -> tuple[str, str, str]:
    """What was done, why, and by whom, as «Кто смотрел мои данные» says it."""
    return _words("what", look), _words("why", look), _words("who", look)


def _words(macro: str, look: Look) -> str:
    said = get_template_attribute("macros/looks.html", macro)(look)
    return " ".join(Markup(said).striptags().split())  # noqa: S704  ours, escaped
