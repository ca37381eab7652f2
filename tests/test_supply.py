"""Nothing runs that is not named: every package by its version and hashes, every script and font by its licence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from supply import ENCLOSED, LICENCES, PIN, PINS, ROOT, licences, normalized, pins, sbom

DEV = ROOT / "requirements-dev.txt"
OURS = {"nodelist-foreach.js"}
# For another Python than CPython on Linux, so it is pinned and never installed here.
ELSEWHERE = {"brotlicffi"}
# What may be built into a clinic's server without asking anybody. GPL and AGPL may not; LGPL and MPL stay as they are.
ACCEPTED = re.compile(
    r"0BSD|Apache|BSD|Bitstream-Vera|ISC|LGPL-3.0-only|MIT|MPL-2.0|PSF-2.0|Python-2.0|Unlicense", re.IGNORECASE
)


def listed() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.*?) \|$", LICENCES.read_text(), re.MULTILINE)
    return {normalized(name): (version, licence) for name, version, licence in rows if name not in ("package", "---")}


def enclosed() -> dict[str, str]:
    return {normalized(one.name): one.version for one in ENCLOSED}


@pytest.mark.parametrize("file", [PINS, DEV])
def test_every_pin_has_its_hashes(file: Path) -> None:
    """Then pip takes nothing else, nor anything that is not named (pip's --require-hashes)."""
    requirements = re.split(
        r"^(?=[\w.-]+==)", re.sub(r"^\s*#.*\n", "", file.read_text(), flags=re.MULTILINE), flags=re.M
    )
    named = [one for one in requirements if one.strip()]
    assert len(named) == len(pins(file)) > 50
    assert [one.split("==")[0] for one in named if "--hash=sha256:" not in one] == []


def test_pins_are_those_we_chose() -> None:
    chosen = {}
    for name in ("requirements.in", "requirements-dev.in"):
        for line in re.sub(r"\[\w+\]", "", (ROOT / name).read_text()).splitlines():
            if line and not line.startswith(("#", "-r")):
                pin = PIN.fullmatch(line)
                assert pin, f"{line} names no version"
                chosen[normalized(pin[1])] = pin[2]
    tested = pins(DEV)
    assert {name: tested.get(name) for name in chosen} == chosen, "bin/supply lock"
    assert {name: tested.get(name) for name in pins()} == pins(), "tests run with other versions"


@pytest.mark.parametrize("name", ["bin/setup.sh", "Dockerfile", "deploy/ibolit-upgrade", "docs/running.md"])
def test_whoever_installs_asks_for_the_hashes(name: str) -> None:
    installs = re.findall(r"pip install.*", (ROOT / name).read_text())
    assert installs
    assert [one for one in installs if "--require-hashes" not in one] == []


def test_licences_are_those_of_what_runs() -> None:
    known = {name: version for name, (version, _) in listed().items()}
    runs = {name: version for name, version in pins().items() if name not in ELSEWHERE}
    assert known == {**runs, **enclosed()}, "bin/supply licences"


def test_no_licence_asks_for_more_than_to_be_named() -> None:
    for name, (_, licence) in listed().items():
        for one in re.split(r", | AND | OR ", licence):
            assert ACCEPTED.match(one), f"{name}: «{licence}»"


def test_everything_enclosed_is_named() -> None:
    files = {file for one in ENCLOSED for file in one.files}
    assert [file for file in files if not (ROOT / file).is_file()] == []
    lies = [*(ROOT / "ibolit/static/vendor").glob("*.js"), *(ROOT / "ibolit/services/fonts").glob("*.ttf")]
    assert {file.name for file in lies} - {Path(file).name for file in files} == OURS


@pytest.mark.long
def test_sbom_names_all_that_runs() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    bill = sbom()
    runs = {name: version for name, version in pins().items() if name not in ELSEWHERE}
    assert {normalized(one["name"]): one["version"] for one in bill["components"]} == {**runs, **enclosed()}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert licences() == LICENCES.read_text(), "bin/supply licences"
