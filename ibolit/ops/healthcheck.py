"""`python -m ibolit.ops.healthcheck`: asks the server of this very machine, under the name people know it by."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from ..server_settings import PORT

TIMEOUT = 4  # seconds


def is_healthy(host: str, port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        line.request("GET", "/healthz", headers={"Host": host})
        return line.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def own_port(environ: Mapping[str, str]) -> int:
    """Where the server of these settings listens."""
    return int(environ.get("BIND", "").rpartition(":")[2] or environ.get(PORT.name) or PORT.default)


if __name__ == "__main__":
    port = own_port(os.environ)
    host = urlsplit(os.environ.get("PUBLIC_URL", "")).netloc or f"127.0.0.1:{port}"
    sys.exit(0 if is_healthy(host, port) else 1)
