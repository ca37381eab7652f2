"""What the browsers of the tests write with does not depend on what else this machine has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

MATCH = """
import ctypes, sys
fc = ctypes.CDLL("libfontconfig.so.1")
fc.FcNameParse.restype = fc.FcFontMatch.restype = ctypes.c_void_p
pattern = ctypes.c_void_p(fc.FcNameParse(sys.argv[1].encode()))
fc.FcConfigSubstitute(None, pattern, 0)
fc.FcDefaultSubstitute(pattern)
found = ctypes.c_void_p(fc.FcFontMatch(None, pattern, ctypes.byref(ctypes.c_int())))
name = ctypes.c_char_p()
fc.FcPatternGetString(found, b"file", 0, ctypes.byref(name))
print(name.value.decode())
"""


@pytest.mark.parametrize(
    ("family", "file"),
    [
        ("sans-serif", "DejaVuSans.ttf"),
        ("Arial", "DejaVuSans.ttf"),
        ("Noto Sans", "DejaVuSans.ttf"),
        ("Roboto:bold", "DejaVuSans-Bold.ttf"),
        ("system-ui:italic", "DejaVuSans.ttf"),
        ("serif", "DejaVuSerif.ttf"),
        ("monospace", "DejaVuSansMono.ttf"),
    ],
)
def test_browsers_know_one_family(family: str, file: str) -> None:
    done = subprocess.run([sys.executable, "-c", MATCH, family], env=os.environ, capture_output=True, text=True)
    assert done.stdout.strip() == f"/usr/share/fonts/truetype/dejavu/{file}", done.stderr
