"""Many files through the decoder in little time: each in a child forked from one that has the libraries loaded already,
under the limits of the real one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ibolit.services.media import decoder_process

SECONDS = 20  # after which it is a hang

PROGRAM = """
import json, os, sys
from decoder import __main__, examination, images, limits, pdf_page, texts, video, voice_message
import pillow_heif
out = __main__._private_output()
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        limits.apply_limits(job["seconds"], job["memory"], job["room"])
        os.write(out, json.dumps(__main__._answer(job)).encode() + b"\\n")
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    if ended:
        os.write(out, json.dumps({"died": ended & 0x7F}).encode() + b"\\n")
"""


class DecoderFarm:
    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-s", "-c", PROGRAM]
        self.parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=decoder_process.ENVIRONMENT, cwd="/"
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.parent.kill()
        self.parent.wait()
        for pipe in (self.parent.stdin, self.parent.stdout):
            if pipe is not None:
                pipe.close()

    def examine(self, source: Path, ending: str, folder: Path) -> dict[str, Any]:
        """What the child answers; {"died": signal} when it did."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        size = source.stat().st_size
        job = {"do": "examine", "ending": ending, "source": str(source), "folder": str(folder)}
        job |= {"seconds": SECONDS, "memory": decoder_process.MEMORY, "room": 2 * size + 32 * 1024 * 1024}
        self.parent.stdin.write(json.dumps(job) + "\n")
        self.parent.stdin.flush()
        answer: dict[str, Any] = json.loads(self.parent.stdout.readline())
        return answer
