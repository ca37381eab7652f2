"""A link of its own between two browsers, to be cut without a word, narrowed and made lossy: root alone can have it.

Each browser runs in a network namespace whose only way out is a tunnel into this process, which carries the packets
over at the pace, delay and loss of the moment. The clinic's pages come beside it, by a door that can be cut, too.
"""

from __future__ import annotations

import ctypes
import fcntl
import itertools
import os
import queue
import random
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

TUN, NO_PACKET_INFO, SET_IF = 0x0001, 0x1000, 0x400454CA  # linux/if_tun.h
NEW_NET = 0x40000000  # linux/sched.h
PACKET = 1500
T = TypeVar("T")


@dataclass(frozen=True)
class Quality:
    rate: float = 50e6  # bits a second, each way
    delay: float = 0.01  # seconds, each way
    loss: float = 0.0  # 0…1
    patience: float = 0.3  # seconds of packets that wait at the narrow place before the newest is dropped
    is_cut: bool = False


GOOD = Quality()
CUT = Quality(is_cut=True)


@cache
def may_have_links() -> bool:
    """Tried: root in a container or a chroot may not enter what it has made."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        return False
    name = f"ibolit-{os.getpid()}-may"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    entered = subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], capture_output=True)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)
    return made.returncode == entered.returncode == 0


class Side:
    """One end: a namespace with an address of its own, and the clinic's port on its loopback."""

    _numbers = itertools.count()

    def __init__(self, address: str, port: int) -> None:
        self.name = f"ibolit-{os.getpid()}-{next(Side._numbers)}"
        _ip("netns", "add", self.name)
        self.tunnel = self._inside(_tunnel)
        self.door = self._inside(lambda: socket.create_server(("127.0.0.1", port), backlog=64))
        for words in ("link set lo up", f"addr add {address}/24 dev eth0", "link set eth0 up"):
            _ip("-n", self.name, *words.split())

    def browser(self, folder: Path) -> Path:
        """What is to be started instead of the browser itself."""
        path = folder / f"{self.name}.sh"
        path.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{self.name} /usr/bin/chromium "$@"\n')
        path.chmod(0o755)
        return path

    def _inside(self, make: Callable[[], T]) -> T:
        """What is made by a thread of that namespace stays in it, whoever uses it."""
        made: list[T] = []

        def enter() -> None:
            with open(f"/run/netns/{self.name}") as space:
                if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), NEW_NET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(make())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]

    def close(self) -> None:
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        os.close(self.tunnel)
        _ip("netns", "del", self.name)


class Link:
    def __init__(self, port: int) -> None:
        self.port = port
        self.quality = GOOD
        self.seed = random.Random(15)
        self.is_up = True
        self.sides = Side("10.78.0.1", port), Side("10.78.0.2", port)
        here, there = self.sides
        self.threads = [*self._carry(here, there), *self._carry(there, here)]
        self.threads += [threading.Thread(target=self._let_in, args=(side,), daemon=True) for side in self.sides]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        self.is_up = False
        for thread in self.threads[:4]:
            thread.join()
        for side in self.sides:
            side.close()

    def _carry(self, source: Side, sink: Side) -> list[threading.Thread]:
        under_way: queue.Queue[tuple[float, bytes]] = queue.Queue()

        def take() -> None:
            free_at = 0.0
            while self.is_up:
                if not select.select([source.tunnel], [], [], 0.2)[0]:
                    continue
                packet, now, quality = os.read(source.tunnel, PACKET * 2), time.monotonic(), self.quality
                is_late = free_at - now > quality.patience
                if quality.is_cut or is_late or self.seed.random() < quality.loss:
                    continue
                free_at = max(now, free_at) + len(packet) * 8 / quality.rate
                under_way.put((free_at + quality.delay, packet))

        def give() -> None:
            while self.is_up:
                with suppress(queue.Empty):
                    at, packet = under_way.get(timeout=0.2)
                    time.sleep(max(0.0, at - time.monotonic()))
                    with suppress(OSError):
                        os.write(sink.tunnel, packet)

        return [threading.Thread(target=run, daemon=True) for run in (take, give)]

    def _let_in(self, side: Side) -> None:
        with suppress(OSError):  # the door is closed
            while True:
                here, _address = side.door.accept()
                threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        with here, suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as there:
            back = threading.Thread(target=self._pass, args=(there, here), daemon=True)
            back.start()
            self._pass(here, there)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while words := source.recv(65536):
                if not self.quality.is_cut:
                    sink.sendall(words)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def linked(port: int) -> Iterator[Link]:
    """`port` is the clinic's, here and in both namespaces."""
    link = Link(port)
    try:
        yield link
    finally:
        link.close()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _tunnel() -> int:
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, SET_IF, struct.pack("16sH", b"eth0", TUN | NO_PACKET_INFO))
    return tunnel
