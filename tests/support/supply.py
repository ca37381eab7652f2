"""bin/supply: what iBolit is made of besides its own code, as pins, as a list of licences and as a CycloneDX SBOM.

Runs in .venv, where the pinned packages are installed. Only `lock` and `old` ask a registry.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PINS = ROOT / "requirements.txt"
LICENCES = ROOT / "docs/licences.md"
TOOLS = Path(sys.executable).parent
PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
UNNAMED = re.compile(r"^License :: (?:OSI|DFSG) [Aa]pproved(?: :: )?")


@dataclass(frozen=True)
class Enclosed:
    """What lies in the repository and is nobody's package here: a script, a font, a set of icons."""

    name: str
    version: str
    licence: str  # SPDX
    files: tuple[str, ...]
    npm: str = ""  # its package there, of which `old` asks

    @property
    def purl(self) -> str:
        return f"pkg:npm/{self.npm}@{self.version}" if self.npm else f"pkg:generic/{self.name}@{self.version}"


ENCLOSED = (
    Enclosed("htmx", "1.9.12", "0BSD", ("ibolit/static/vendor/htmx-1.9.12.min.js",), "htmx.org"),
    Enclosed("htmx-ext-ws", "2.0.4", "0BSD", ("ibolit/static/vendor/htmx-ext-ws-2.0.4.min.js",), "htmx-ext-ws"),
    Enclosed("tus-js-client", "4.3.1", "MIT", ("ibolit/static/vendor/tus-js-client-4.3.1.min.js",), "tus-js-client"),
    Enclosed("lucide", "1.62.0", "ISC AND MIT", ("ibolit/static/icons/sprite.svg",), "lucide-static"),
    Enclosed(
        "dejavu-fonts",
        "2.37",
        "Bitstream-Vera",
        ("ibolit/services/fonts/DejaVuSans.ttf", "ibolit/services/fonts/DejaVuSans-Bold.ttf"),
    ),
)


def normalized(name: str) -> str:
    """As PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: Path = PINS) -> dict[str, str]:
    return {normalized(name): version for name, version in PIN.findall(file.read_text())}


def lock() -> None:
    """The hashes of every file of a pinned version: of all kinds of processor, and of every Python from 3.11 on."""
    for name in ("requirements", "requirements-dev"):
        subprocess.run(
            [
                *(TOOLS / "uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--generate-hashes"),
                *(
                    "--python-version",
                    "3.11",
                    "--annotation-style",
                    "line",
                    "--default-index",
                    "https://pypi.org/simple",
                ),
                *("--custom-compile-command", "bin/supply lock"),
                *(f"{name}.in", "--output-file", f"{name}.txt"),  # what stands in the latter stays as long as it can
            ],
            cwd=ROOT,
            check=True,
        )


def old() -> int:
    """Says which pins are behind the registries' newest, and how many: 1 when there are any."""
    asked = subprocess.run(
        [TOOLS / "pip", "--disable-pip-version-check", "list", "--outdated", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = pins(ROOT / "requirements-dev.txt")
    behind = [
        (one["name"], one["version"], one["latest_version"])
        for one in json.loads(asked.stdout)
        if normalized(one["name"]) in kept
    ]
    for one in ENCLOSED:
        newest = _newest_of_npm(one.npm) if one.npm else one.version
        if newest != one.version:
            behind.append((one.npm, one.version, newest))
    for name, here, there in behind:
        print(f"{name} {here} → {there}")
    print(f"{len(behind)} of {len(kept) + len(ENCLOSED)} pins are behind." if behind else "Every pin is the newest.")
    return 1 if behind else 0


def sbom() -> dict[str, Any]:
    """All that runs, as CycloneDX 1.6, without what only tests need; equal for equal pins."""
    whole = json.loads(
        subprocess.run(
            [TOOLS / "cyclonedx-py", "environment", "--output-reproducible", "--pyproject", ROOT / "pyproject.toml"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    wanted = pins()
    packages = [one for one in whole["components"] if normalized(one["name"]) in wanted]
    whole["components"] = packages + [_component(one) for one in ENCLOSED]
    here = {whole["metadata"]["component"]["bom-ref"], *(one["bom-ref"] for one in whole["components"])}
    whole["dependencies"] = [
        {**one, "dependsOn": [ref for ref in one["dependsOn"] if ref in here]} if "dependsOn" in one else one
        for one in whole["dependencies"]
        if one["ref"] in here
    ]
    return whole


def licences() -> str:
    """docs/licences.md: what runs, by its name."""
    rows = sorted((one["name"], one["version"], _licence(one)) for one in sbom()["components"])
    lines = [
        f"| {name} | {version} | {licence} |" for name, version, licence in sorted(rows, key=lambda row: row[0].lower())
    ]
    return "\n".join(
        [
            "# What iBolit is made of",
            "",
            "Written by `bin/supply licences` from what the packages say of themselves. `bin/supply sbom` tells",
            "the same as CycloneDX, and `bin/supply old` which of them have a newer version.",
            "",
            "| package | version | licence |",
            "| --- | --- | --- |",
            *lines,
            "",
        ]
    )


def _component(one: Enclosed) -> dict[str, Any]:
    word = {"expression": one.licence} if " " in one.licence else {"license": {"id": one.licence}}
    named = {"type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version, "purl": one.purl}
    return named | {"licenses": [word]}


def _licence(component: dict[str, Any]) -> str:
    """In SPDX where the package says it so; else its classifier, and what it says nowhere is looked up here."""
    said = [
        one.get("expression") or one["license"].get("id") or UNNAMED.sub("", one["license"]["name"])
        for one in component.get("licenses", [])
    ]
    spdx = [one for one in said if one and "License" not in one]
    return ", ".join(sorted(set(spdx or said) - {""})) or UNSAID.get(normalized(component["name"]), "")


# Their files say it, their metadata in no way that is understood.
UNSAID = {"pypdfium2": "BSD-3-Clause, Apache-2.0"}


def _newest_of_npm(package: str) -> str:
    asked = subprocess.run(["npm", "view", package, "version"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def main(verb: str, *rest: str) -> int:
    if verb == "lock":
        lock()
    elif verb == "old":
        return old()
    elif verb == "licences":
        LICENCES.write_text(licences())
    elif verb == "sbom":
        text = json.dumps(sbom(), ensure_ascii=False, indent=1)
        Path(rest[0]).write_text(text + "\n") if rest else print(text)
    else:
        sys.exit(f"bin/supply {verb}: lock, old, sbom or licences")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
