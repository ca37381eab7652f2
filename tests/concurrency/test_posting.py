"""Many write into one chat in the same second, for real: threads, connections, commits, sockets."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from browser import Browser
from flask import Flask
from live_socket import listening

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Message, User


def test_twenty_writers_leave_no_gap_and_no_double(clinic: Flask, chat: Chat, patient: User, doctor: Doctor) -> None:
    db.session.commit()
    writers = [Browser(clinic, patient if number % 2 else doctor.user) for number in range(20)]
    tokens = [writer.token() for writer in writers]
    url = f"/chats/{chat.id}/messages"

    def write(number: int) -> list[int]:
        headers = {"X-CSRFToken": tokens[number], "HX-Request": "true"}
        letters = [{"text": f"{number}-{n}", "client_id": f"writer-{number:02}-{n:02}"} for n in range(5)]
        # Each is sent twice, as a phone does that did not hear the answer.
        return [
            writers[number].client.post(url, data=one, headers=headers).status_code for one in letters for _ in "ab"
        ]

    with ThreadPoolExecutor(20) as pool:
        statuses = [status for some in pool.map(write, range(20)) for status in some]
    assert set(statuses) == {200}
    db.session.remove()
    chat = db.session.get_one(Chat, chat.id)
    messages = Message.page_of(chat, most=1000)
    assert [message.seq for message in messages] == list(range(1, 101))
    assert sorted(message.text for message in messages) == sorted(f"{w}-{n}" for w in range(20) for n in range(5))
    assert sorted(message.revision for message in messages) == sorted({message.revision for message in messages})
    assert chat.last_seq == 100
    assert [member.unread for member in chat.members] == [50, 50]


def test_sockets_and_forms_beside_each_other_leave_no_gap_and_no_double(
    clinic: Flask, chat: Chat, patient: User, doctor: Doctor
) -> None:
    """Each message goes by both ways at once, as where an acknowledgement is late."""
    db.session.commit()
    writers = [Browser(clinic, patient if number % 2 else doctor.user) for number in range(8)]
    tokens, chat_id = [writer.token() for writer in writers], chat.id
    with listening(clinic) as listen, ThreadPoolExecutor(16) as pool:
        sockets = [listen(writer) for writer in writers]

        def by_socket(number: int) -> None:
            for n in range(5):
                client_id, told = f"writer-{number:02}-{n:02}", ""
                letter = {"kind": "send", "chat": chat_id, "text": f"{number}-{n}", "client_id": client_id}
                sockets[number].say(json.dumps(letter))
                while f'data-ack="{client_id}" data-status="200"' not in told:
                    told = sockets[number].next() or f"ended with {sockets[number].close_code}"
                    assert "ended" not in told

        def by_form(number: int) -> None:
            headers = {"X-CSRFToken": tokens[number], "HX-Request": "true"}
            for n in range(5):
                letter = {"text": f"{number}-{n}", "client_id": f"writer-{number:02}-{n:02}"}
                sent = writers[number].client.post(f"/chats/{chat_id}/messages", data=letter, headers=headers)
                assert sent.status_code == 200

        tasks = [pool.submit(way, number) for number in range(8) for way in (by_socket, by_form)]
        for task in tasks:
            task.result(60)
    db.session.remove()
    chat = db.session.get_one(Chat, chat_id)
    messages = Message.page_of(chat, most=1000)
    assert [message.seq for message in messages] == list(range(1, 41))
    assert sorted(message.text for message in messages) == sorted(f"{w}-{n}" for w in range(8) for n in range(5))
    assert [member.unread for member in chat.members] == [20, 20]
