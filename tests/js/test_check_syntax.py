"""The check of our scripts itself: what it must find, and what it must let pass."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parent / "check_syntax.js"


def complaints(static: Path | None = None) -> list[str]:
    assert (CHECK.parent / "node_modules").is_dir(), "bin/test installs the parser: npm ci in tests/js"
    told = subprocess.run([CHECK, *([static] if static else [])], capture_output=True, text=True)
    assert told.returncode in (0, 1), told.stderr
    lines = told.stdout.splitlines()[:-1]
    assert bool(lines) == bool(told.returncode)
    return lines


def of(tmp_path: Path, name: str, code: str) -> list[str]:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(code)
    return complaints(tmp_path)


@pytest.mark.parametrize("name", ["js/receipts.js", "js/modern/push.js"])
def test_ids_are_not_taken_apart(tmp_path: Path, name: str) -> None:
    assert len(of(tmp_path, name, "f(row.id.split('-')[1]); f(chat.id.replace('chat-', ''));")) == 2
    assert len(of(tmp_path, name, "f(item.getAttribute('data-list').split('-')[1]);")) == 1
    assert of(tmp_path, name, "f(row.getAttribute('data-chat'), 'chat-' + id + '-row', text.split('-'));") == []


def test_our_scripts_can_be_read_by_the_phones_we_promise():
    assert complaints() == []


@pytest.mark.parametrize(
    "code",
    [
        "let a = 1",
        "go(function () {}, )",
        "[1].map(x => x)",
        "fetch('/x')",
        "window.fetch('/x')",
        "new Promise(go)",
        "new URLSearchParams('')",
        "names.includes(name)",
        "box.append(row)",
        "box.replaceWith(row)",
        "box.addEventListener('scroll', go, { passive: true })",
        "addEventListener('scroll', go, { passive: true })",
        "box.scrollTo(0, 1)",
        "box.scrollIntoView({ block: 'end' })",
        "go(function (event) { return event.key })",
        "box.children.forEach(go)",
        "new FormData(form).get('text')",
        "matchMedia('print').addEventListener('change', go)",
        "Object.values(names)",
        "crypto.randomUUID()",
    ],
)
def test_ground_floor_is_refused(tmp_path, code):
    assert len(of(tmp_path, "js/behaviour.js", f"'use strict';\n{code};\n")) == 1


@pytest.mark.parametrize(
    "code",
    [
        "document.querySelectorAll('a').forEach(go)",
        "box.closest('a').remove()",
        "box.addEventListener('scroll', go, false)",
        "var data = new FormData(form); data.append('a', '1')",
        "window.scrollTo(0, 1); box.scrollIntoView(false)",
        "Object.assign({}, { fetch: 1 }).fetch; box.dataset.at = Array.from(names)",
        "if (typeof fetch === 'function') go(); 'caches' in window",
        "// asks first: requestSubmit\nif (form.requestSubmit) form.requestSubmit()",
    ],
)
def test_ground_floor_is_let_pass(tmp_path, code):
    assert of(tmp_path, "js/behaviour.js", code) == []


def test_upper_floor_is_es2017(tmp_path):
    assert of(tmp_path, "js/modern/call.js", "export async function call() { await fetch('/x') }") == []
    assert len(of(tmp_path, "js/modern/lib/peer.js", "export class Peer { #names = [] }")) == 1
    assert "peer.js:1:21" in of(tmp_path, "js/modern/lib/peer.js", "export class Peer { #names = [] }")[0]
    assert len(of(tmp_path, "sw.js", "const a = b?.c")) == 2


def test_strings_over_several_lines_are_refused(tmp_path):
    """Their indentation would be lost on the way to the browser."""
    assert len(of(tmp_path, "js/modern/call.js", "const words = `one\n  two`;\n")) == 1
    assert of(tmp_path, "js/modern/call.js", "const words = `one`\n  + `two`;\n") == []


def test_vendored_files_are_es5(tmp_path):
    assert len(of(tmp_path, "vendor/library.js", "const a = 1")) == 1
