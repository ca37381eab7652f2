"""What the demo clinic would have sent is written to a file that /demo/outbox shows."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoMessage:
    """One SMS or e-mail; `sent_at` is ISO 8601 in UTC."""

    channel: str
    to: str
    subject: str
    text: str
    sent_at: str


class DemoOutbox:
    """Lines of JSON, appended under a lock, so that several processes may write."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox.jsonl"

    def put(self, message: DemoMessage) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")

    def latest(self, most: int = 50) -> list[DemoMessage]:
        """Newest first."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().splitlines()  # str.splitlines() also cuts at U+2028 and the like
        return [DemoMessage(**json.loads(line)) for line in reversed(lines[-most:])]
