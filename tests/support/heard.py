"""What a page says to who hears it: names of elements, by aria-label, or by what aria-labelledby points at."""

from __future__ import annotations

from html.parser import HTMLParser

from reading import VOID, plain


class Heard(HTMLParser):
    """`names` of all elements of one kind, in their order; `headings` as they are read out, hidden ones left out."""

    def __init__(self, html: str, tag: str = "article") -> None:
        super().__init__()
        self._tag = tag
        self._open: list[dict[str, str]] = []
        self._words: dict[str, str] = {}
        self._wanted: list[tuple[str, str]] = []  # aria-label, aria-labelledby
        self._headings: list[str] = []
        self.feed(html)

    @property
    def names(self) -> list[str]:
        told = [label or " ".join(self._words[id] for id in pointed.split()) for label, pointed in self._wanted]
        return [plain(one).replace(" ,", ",") for one in told]

    @property
    def headings(self) -> list[str]:
        return [plain(one) for one in self._headings]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs} | {"tag": tag}
        if tag == self._tag and not self._is_in_template:
            self._wanted.append((given.get("aria-label", ""), given.get("aria-labelledby", "")))
        if tag in ("h1", "h2", "h3") and "hidden" not in given and not self._is_in_template:
            self._headings.append("")
        if tag not in VOID:
            self._open.append(given)

    def handle_endtag(self, tag: str) -> None:
        if any(one["tag"] == tag for one in self._open):
            while self._open.pop()["tag"] != tag:
                pass

    def handle_data(self, data: str) -> None:
        for one in self._open:
            if "id" in one:
                self._words[one["id"]] = self._words.get(one["id"], "") + data
        if (
            self._headings
            and not self._is_in_template
            and any(one["tag"] in ("h1", "h2", "h3") and "hidden" not in one for one in self._open)
        ):
            self._headings[-1] += data

    @property
    def _is_in_template(self) -> bool:
        return any(one["tag"] == "template" for one in self._open)
