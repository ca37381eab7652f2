"""Modules lean on nothing but what they import, and what is served of them stands on its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ibolit.assets import STATIC, Assets
from ibolit.script_modules import CannotJoin, joined, joined_text

LOOK = Path(__file__).parent / "free_names.js"
MODULES = [*sorted((STATIC / "js" / "modern").rglob("*.js")), *sorted(STATIC.glob("sw*.js"))]
BUNDLES = ("modern", "inside", "chat", "submissions", "viewer", "call", "sharing")


def looked_at(*paths: Path) -> dict[str, Any]:
    told = subprocess.run([LOOK, *paths], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return {Path(path).name: found for path, found in json.loads(told.stdout).items()}


def write(folder: Path, **modules: str) -> list[Path]:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return [folder / f"{name}.js" for name in modules]


def run(script: str) -> str:
    return subprocess.run(["node", "--eval", script], capture_output=True, text=True, check=True).stdout.strip()


def test_every_name_that_a_module_uses_is_its_own_or_imported_and_nothing_is_in_vain() -> None:
    assert len(MODULES) > 40
    assert {name: one for name, one in looked_at(*MODULES).items() if one["free"] or one["unused"]} == {}


def test_what_is_served_stands_on_its_own(tmp_path: Path) -> None:
    assets = Assets()
    served = {name: getattr(assets, name).body.decode() for name in BUNDLES} | {"worker": assets.worker}
    found = looked_at(*write(tmp_path, **served))
    assert {name: one["free"] for name, one in found.items()} == {f"{name}.js": [] for name in served}


def test_names_that_are_lacking_are_found(tmp_path: Path) -> None:
    (path,) = write(tmp_path, one="import { two, three } from './two.js';\n\ntwo(document, four);\n")
    assert looked_at(path)["one.js"] == {"free": ["four"], "unused": ["three"]}


def test_a_module_runs_once_and_before_whoever_imports_it(tmp_path: Path) -> None:
    *_, top, other = write(
        tmp_path,
        deep="console.log('deep');\nexport const seven = 7;\n",
        left="import { seven } from './deep.js';\n\nexport function seen() { return seven; }\nconsole.log('left');\n",
        top="import { seven } from './deep.js';\nimport { seen } from './left.js';\n\nconsole.log(seen() + seven);\n",
        other="import './left.js';\n\nconsole.log('other');\n",
    )
    assert run(joined([top, other])).split() == ["deep", "left", "14", "other"]


def test_names_of_modules_do_not_meet(tmp_path: Path) -> None:
    *_, top = write(
        tmp_path,
        one="const own = 1;\n\nexport function open() { return own; }\nexport const LIMIT = 5;\n",
        two="const own = 2;\n\nexport class Two {\n  get() { return own; }\n}\n",
        top="import * as one from './one.js';\nimport { Two } from './two.js';\n\nconst own = 3;\n"
        "console.log(one.open(), one.LIMIT, new Two().get(), own);\n",
    )
    assert run(joined([top])) == "1 5 2 3"


def test_comments_do_not_go_over_the_wire_and_strings_do() -> None:
    text = "// a line\nconst a = 'x'; // why\nconst b = 'y; // no comment'; /* stays */\n"
    text += "  /* a\n  block */\nf(a, b); // isn't told\n"
    assert joined_text(text, STATIC) == (
        "(() => {\nconst a = 'x';\nconst b = 'y; // no comment'; /* stays */\nf(a, b); // isn't told\n})();"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import { one } from './good.js';\nimport { two } from './good.js';\n", "wants two of good.js"),
        ("import { one } from './good.js';\nimport './same.js';\n", "one stands in good.js and in same.js"),
        ("import * as good from './good.js';\nimport { one } from './good.js';\n", "wants parts of good.js"),
        ("import './round.js';\n", "round.js imports itself"),
        ("import one from './good.js';\n", "import one from"),
        ("import { one as two } from './good.js';\n", "import { one as two }"),
        ("export default 1;\n", "export default 1"),
        ("const one = 1;\nexport { one };\n", "export { one }"),
    ],
)  # fmt: skip
def test_what_it_does_not_understand_is_refused(tmp_path: Path, text: str, why: str) -> None:
    write(
        tmp_path,
        good="export const one = 1;\n",
        same="export const one = 2;\n",
        round="import './other.js';\n",
        other="import './round.js';\n",
    )
    with pytest.raises(CannotJoin) as refusal:
        joined_text(text, tmp_path)
    assert why in str(refusal.value)
