import signal
import socket
import threading
import time

import pytest
from simple_websocket import Client  # type: ignore[import-untyped]

from ibolit.services.realtime import SocketQueue

from .live import Server, eventually


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": None}, 403),
        ({"Sec-WebSocket-Version": None}, 400),
        ({"Sec-WebSocket-Version": "8"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({}, 101),
    ],
)
def test_only_whole_handshakes_of_our_own_pages(server: Server, headers: dict[str, str | None], status: int) -> None:
    visitor = server.visit(headers=headers)
    assert visitor.status == status
    visitor.vanish()
    eventually(server.is_empty)


def test_compression_is_not_agreed(server: Server) -> None:
    visitor = server.visit(headers={"Sec-WebSocket-Extensions": "permessage-deflate"})
    visitor.leave()


def test_another_client_library_understands_us(server: Server) -> None:
    client = Client.connect(f"ws://127.0.0.1:{server.port}/live/1/1", headers={"Origin": "http://127.0.0.1"})
    client.send("hello")
    assert [client.receive(timeout=5), client.receive(timeout=5)] == ["ready", "heard hello"]
    client.close()
    client.thread.join(5)


def test_published_frames_arrive_in_order(server: Server) -> None:
    visitor = server.listen()
    server.post("/publish/1?last=150")
    assert [visitor.next() for _ in range(150)] == [f"{number}:" for number in range(1, 151)]
    visitor.leave()


def test_visitor_is_heard_and_answered(server: Server) -> None:
    visitor = server.listen()
    for word in ("one", "two", "three"):
        visitor.say(word)
    assert [visitor.next() for _ in range(3)] == ["heard one", "heard two", "heard three"]
    visitor.leave()


def test_slow_reader_gets_300_of_300_whole_frames_between_pongs(server: Server) -> None:
    """More than the kernel's buffers hold, so that frames go out in pieces, while another thread answers pings."""
    visitor = server.listen(buffer=4096)
    filling = "я" * 20_000
    for first in (1, 151):
        server.post(f"/publish/1?first={first}&last={first + 149}&size=20000")
        for _ in range(20):
            visitor.ping()
        for number in range(first, first + 150):
            assert visitor.next() == f"{number}:{filling}"
            visitor.ping()
    visitor.leave()


def test_overflow_is_told_to_try_again_later(server: Server) -> None:
    visitor = server.listen(buffer=4096)
    server.post(f"/publish/1?last={SocketQueue.LIMIT}&size=60000")
    server.post(f"/publish/1?last={SocketQueue.LIMIT}&size=1")
    assert visitor.wait_closed() == 1013


def test_who_pauses_too_long_gets_whole_frames_and_then_the_end(own_server: Server) -> None:
    visitor = own_server.listen(buffer=4096)
    own_server.post("/publish/1?last=150&size=60000")
    threading.Event().wait(1.2)  # the pause itself, longer than this server waits for a reader
    numbers = []
    while message := visitor.next():
        number, filling = message.split(":")
        assert filling == "я" * 60_000
        numbers.append(int(number))
    assert numbers == list(range(1, len(numbers) + 1))
    assert 0 < len(numbers) < 150
    assert visitor.close_code == 0, "cut off between two frames, not confused by half of one"
    visitor.vanish()
    eventually(own_server.is_empty)


def test_who_does_not_answer_our_goodbye_is_not_waited_for(server: Server) -> None:
    visitor = server.listen()
    server.post("/end/1")
    eventually(server.is_empty, seconds=4)
    visitor.vanish()


def test_silent_visitor_is_given_up_without_a_code(impatient_server: Server) -> None:
    """He may only be asleep: a page reconnects by itself when it was told nothing."""
    visitor = impatient_server.listen()
    eventually(impatient_server.is_empty)
    while data := visitor.socket.recv(4096):
        assert data.replace(b"\x89\x00", b"") == b""  # pings only
    visitor.vanish()


def test_present_visitor_is_kept(impatient_server: Server) -> None:
    visitor = impatient_server.listen()
    answering = threading.Thread(target=visitor.wait_closed)
    answering.start()
    eventually(lambda: visitor.pings >= 5)
    assert impatient_server.state()["sockets"] == 1
    impatient_server.post("/end/1")
    answering.join(5)
    assert visitor.close_code == 4401


def test_ended_device_is_closed_at_once_and_others_are_not(server: Server) -> None:
    phone, desktop = server.listen("/live/1/10"), server.listen("/live/1/11")
    server.post("/end/10")
    assert phone.wait_closed() == 4401
    desktop.say("still here")
    assert desktop.next() == "heard still here"
    desktop.leave()


def test_revoked_device_is_closed_on_a_tick_and_never_opened_again(impatient_server: Server) -> None:
    visitor = impatient_server.listen("/live/1/99")
    impatient_server.post("/revoke/99")
    assert visitor.wait_closed() == 4401
    assert impatient_server.visit("/live/1/99").wait_closed() == 4401


def test_eleventh_socket_of_a_person_is_refused(server: Server) -> None:
    visitors = [server.listen("/live/5/5") for _ in range(10)]
    assert server.visit("/live/5/5").wait_closed() == 1013
    stranger = server.listen("/live/6/6")
    stranger.say("hello")
    assert stranger.next() == "heard hello"
    for visitor in [*visitors, stranger]:
        visitor.leave()
    eventually(server.is_empty)


def test_failing_handler_says_1011_and_logs_no_words(server: Server) -> None:
    visitor = server.listen()
    visitor.say("fail: what the patient wrote")
    assert visitor.wait_closed() == 1011
    assert server.visit("/broken?what-was-asked").wait_closed() == 1011
    eventually(lambda: "LookupError" in server.said())
    assert "ValueError" in server.said()
    assert "what the patient wrote" not in server.said()
    assert "what-was-asked" not in server.said()


def test_returning_handler_ends_normally(server: Server) -> None:
    visitor = server.visit("/short")
    assert visitor.next() == "that is all"
    assert visitor.wait_closed() == 1000


def test_too_long_a_message_ends_the_socket_at_once(server: Server) -> None:
    visitor = server.listen()
    visitor.say("a" * 5000)
    assert visitor.wait_closed() == 1009
    eventually(server.is_empty, seconds=3)


def test_fifty_sockets_leave_nothing_behind(own_server: Server) -> None:
    before = own_server.state()
    visitors = [own_server.listen(f"/live/{user}/{user}") for user in range(10) for _ in range(5)]
    eventually(lambda: own_server.state()["sockets"] == 50)
    assert own_server.state()["readers"] == 50
    for number, visitor in enumerate(visitors):
        visitor.leave() if number % 2 else visitor.vanish()
    eventually(lambda: own_server.state() == before)


@pytest.mark.parametrize("stopping", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopping_server_tells_everybody_quickly(own_server: Server, stopping: int) -> None:
    visitors = [own_server.listen(f"/live/{user}/{user}") for user in range(5) for _ in range(8)]
    eventually(lambda: own_server.state()["sockets"] == 40)
    worker = own_server.state()["pid"]
    started = time.monotonic()
    own_server.process.send_signal(stopping)
    assert [visitor.wait_closed() for visitor in visitors] == [1012] * 40
    assert time.monotonic() - started < 1.5
    if stopping == signal.SIGHUP:
        eventually(lambda: own_server.state()["pid"] != worker)
    else:
        assert own_server.process.wait(5) == 0


def test_worker_whose_master_was_killed_leaves_the_port_free(own_server: Server) -> None:
    visitor = own_server.listen()
    own_server.stop(signal.SIGKILL)
    assert visitor.wait_closed() == 1012
    eventually(own_server.is_gone)


def test_clients_that_stay_after_closing_do_not_stop_pages(server: Server) -> None:
    lingering = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
    for client in lingering:
        client.sendall(b"GET /state HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for client in lingering:
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    started = time.monotonic()
    server.state()
    assert time.monotonic() - started < 1
    for client in lingering:
        client.close()


def test_logs_repeat_no_query_and_no_forged_line(server: Server) -> None:
    server.post("/publish/1?last=0&code=482913")
    for line in (b"GET /state?code=482913", b"GET /%0a[ERROR]%20forged?code=482913 HTTP/1.1\r\nConnection: close"):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(line + b"\r\nHost: a\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 40")
    eventually(lambda: "GET /%0A%5BERROR%5D%20forged 404" in server.said())
    assert "POST /publish/1 200" in server.said()
    assert "Invalid request from ip=127.0.0.1: no HTTP that is understood" in server.said()
    assert "482913" not in server.said()


def test_logs_repeat_no_token_of_a_link(server: Server) -> None:
    """Whoever reads the log must not come in by what stands in it."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /i/k3n5abcdefgh HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 404")
    eventually(lambda: "GET /i/- 404" in server.said())
    assert "k3n5" not in server.said()
