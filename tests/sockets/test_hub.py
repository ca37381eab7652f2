import pytest

from ibolit.services.realtime import CloseCode, InProcessHub, Realtime, SocketQueue, TooManySockets


@pytest.fixture
def hub() -> Realtime:
    return InProcessHub(sockets_max=5, per_user=3)


def taken(queue: SocketQueue) -> list[str]:
    return list(iter(queue.take, None))


def test_every_socket_of_the_person_gets_it_in_order_and_a_stranger_nothing(hub: Realtime) -> None:
    phone, desktop, stranger = hub.open(1, 10), hub.open(1, 11), hub.open(2, 20)
    hub.publish(1, "one")
    hub.publish(1, "two")
    assert taken(phone) == taken(desktop) == ["one", "two"]
    assert taken(stranger) == []
    assert phone.event.is_set()
    assert not stranger.event.is_set()


def test_what_is_no_secret_reaches_all_but_guests(hub: Realtime) -> None:
    phone, desktop, guest = hub.open(1, 10), hub.open(2, 20), hub.open(2, 21, only_chat_id=5)
    hub.publish_to_all("news")
    assert taken(phone) == taken(desktop) == ["news"]
    assert taken(guest) == []


def test_listeners_are_known_until_the_last_one_closes(hub: Realtime) -> None:
    phone, desktop = hub.open(1, 10), hub.open(1, 11)
    hub.close(phone)
    hub.close(phone)
    assert hub.has_listeners(1)
    hub.close(desktop)
    assert not hub.has_listeners(1)
    hub.publish(1, "to nobody")


def test_one_person_may_not_take_too_many(hub: Realtime) -> None:
    sockets = [hub.open(1, 10) for _ in range(3)]
    with pytest.raises(TooManySockets):
        hub.open(1, 10)
    hub.close(sockets[0])
    assert hub.open(1, 10)


def test_all_together_may_not_take_too_many(hub: Realtime) -> None:
    for user in range(5):
        hub.open(user, user)
    with pytest.raises(TooManySockets):
        hub.open(9, 9)


def test_overflow_ends_the_socket_and_keeps_the_rest_bounded(hub: Realtime) -> None:
    queue = hub.open(1, 10)
    for number in range(SocketQueue.LIMIT + 50):
        hub.publish(1, str(number))
    assert queue.close_code == CloseCode.TRY_AGAIN_LATER
    assert queue.close_code == CloseCode.TRY_AGAIN_LATER
    assert len(taken(queue)) == SocketQueue.LIMIT


def test_only_the_sockets_of_the_device_end(hub: Realtime) -> None:
    phone, desktop = hub.open(1, 10), hub.open(1, 11)
    hub.end_device(10)
    hub.publish(1, "after signing out")
    assert phone.close_code == CloseCode.SIGNED_OUT
    assert phone.event.is_set()
    assert taken(phone) == []
    assert desktop.close_code is None
    assert taken(desktop) == ["after signing out"]


def test_all_that_are_open_are_known(hub: Realtime) -> None:
    first, second = hub.open(1, 11), hub.open(2, 22)
    assert hub.queues() == [first, second]
    hub.close(first)
    assert hub.queues() == [second]


def test_the_first_reason_stays(hub: Realtime) -> None:
    queue = hub.open(1, 10)
    hub.end_device(10)
    hub.close_all(CloseCode.RESTARTING)
    assert queue.close_code == CloseCode.SIGNED_OUT


def test_late_comers_to_a_leaving_process_end_at_once(hub: Realtime) -> None:
    early = hub.open(1, 10)
    hub.close_all(CloseCode.RESTARTING)
    late = hub.open(2, 20)
    assert early.close_code == late.close_code == CloseCode.RESTARTING
    assert late.event.is_set()
    assert not late.is_empty
