"""Reply templates: the doctor's own, in his order."""

from __future__ import annotations

import pytest
from factories import make_doctor

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Doctor, ReplyTemplate


def names(doctor: Doctor) -> list[str]:
    return [one.name for one in db.session.scalars(ReplyTemplate.of(doctor))]


def test_they_stand_as_they_were_added_and_moved(doctor: Doctor) -> None:
    first, second, third = (ReplyTemplate.add(doctor, name, "Здравствуйте!") for name in ("Раз", "Два", "Три"))
    third.move(-1)
    assert names(doctor) == ["Раз", "Три", "Два"]
    first.move(-1)
    second.move(1)
    assert names(doctor) == ["Раз", "Три", "Два"]
    third.delete()
    assert names(doctor) == ["Раз", "Два"]
    assert ReplyTemplate.add(doctor, "Два", "Здравствуйте!") is second


def test_there_is_an_end_to_them(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplyTemplate, "MOST", 2)
    for name in ("Раз", "Два"):
        ReplyTemplate.add(doctor, name, "Текст")
    with pytest.raises(errors.TooManyTemplates):
        ReplyTemplate.add(doctor, "Три", "Текст")


def test_another_doctors_is_not_held(doctor: Doctor) -> None:
    template = ReplyTemplate.add(make_doctor("Орлов Дмитрий"), "Раз", "Текст")
    assert ReplyTemplate.locked_for(doctor, template.id) is None
