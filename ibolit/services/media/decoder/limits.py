"""Resource limits of the child: a file that exceeds them ends only the child."""

from __future__ import annotations

import os
import resource
import signal

DESCRIPTORS = 64
NICENESS = 5  # chats go first


def apply_limits(seconds: int, memory: int, room: int) -> None:
    """`memory` and `room`, the longest file that may be written, in bytes."""
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, room),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),  # a core would hold the patient's file
    ):
        resource.setrlimit(limit, (most, most))
    os.nice(NICENESS)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds + 5)  # when the parent is gone and cannot kill us
