"""One job from the standard input, one line of JSON as the answer."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from .errors import DecodeRefused
from .limits import apply_limits


def main() -> None:
    out = _private_output()
    job = json.load(sys.stdin)
    apply_limits(job["seconds"], job["memory"], job["room"])
    os.write(out, json.dumps(_answer(job)).encode() + b"\n")
    os._exit(0)  # nothing is left to do, and what a decoder broke need not be taken down in order


def _private_output() -> int:
    """What libraries print must not get into the answer."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return out


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    source, folder = Path(job["source"]), Path(job["folder"])
    try:
        # Imported behind the limits: the libraries are large, and each job needs its own.
        if job["do"] == "voice":
            from .voice_message import to_voice

            return to_voice(source, folder, job["most_seconds"])
        if job["do"] == "square":
            from .images import to_square

            return to_square(source, folder, job["crop"])
        from .examination import examine

        return examine(source, job["ending"], folder)
    except DecodeRefused as refused:
        return {"refused": refused.reason}
    except MemoryError:
        return {"refused": DecodeRefused.UNSUPPORTED}
    except Exception:  # whatever a library says of bytes it cannot read; the words would quote the file
        return {"refused": DecodeRefused.BROKEN}


if __name__ == "__main__":
    main()
