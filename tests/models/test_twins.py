"""Two parents of one child: neither learns of the other, the doctor of both is told."""

from __future__ import annotations

from factories import make_chat, make_child, make_doctor, make_user
from relatives import born

from ibolit.models import Doctor, User
from ibolit.models.family import twins


def test_doctor_of_both_is_told(patient: User, doctor: Doctor, stranger: User) -> None:
    of_mother = make_chat(patient, doctor, dependant=make_child(patient), days_left=2)
    of_father = make_chat(stranger, doctor, dependant=make_child(stranger, "Ваня Петрович Соколов"), days_left=2)
    make_chat(stranger, doctor, dependant=make_child(stranger, "Соколов Олег"), days_left=2)
    younger = make_user("Третий")
    make_chat(younger, doctor, dependant=make_child(younger, birth_date=born(2)), days_left=2)
    elsewhere = make_user("Четвёртый")
    make_chat(elsewhere, make_doctor("Лебедев Олег"), dependant=make_child(elsewhere), days_left=2)
    assert [one.id for one in twins.chats_like(of_mother)] == [of_father.id]
    assert [one.id for one in twins.chats_like(of_father)] == [of_mother.id]
    assert twins.chats_like(make_chat(patient, doctor)) == []
