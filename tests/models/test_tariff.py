"""Tariffs: changed, hidden and ordered by their doctor; whoever pays pays what he saw."""

from __future__ import annotations

import pytest
from factories import add_tariff, make_doctor
from payment_steps import begin, settle

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Tariff, TariffTerms
from ibolit.services.payments import GatewayStatus

MONTH = TariffTerms("Месяц", 30, 2500_00)


@pytest.fixture
def seller(clinic: object) -> Doctor:
    return make_doctor("Орлов Дмитрий", tariffs=0)


def on_sale(doctor: Doctor) -> list[str]:
    return [one.title for one in db.session.scalars(Tariff.on_sale_by(doctor.id))]


def test_tariffs_are_ordered_by_price_until_the_doctor_moves_them(seller: Doctor) -> None:
    for title, price in (("Год", 9000_00), ("Неделя", 900_00), ("Месяц", 2500_00)):
        Tariff.add(seller, TariffTerms(title, 10, price))
    assert on_sale(seller) == ["Неделя", "Месяц", "Год"]
    db.session.scalars(Tariff.on_sale_by(seller.id)).all()[2].move(-1)
    assert on_sale(seller) == ["Неделя", "Год", "Месяц"]
    Tariff.add(seller, TariffTerms("День", 1, 100_00))
    assert on_sale(seller) == ["Неделя", "Год", "Месяц", "День"]


def test_tariff_at_an_end_does_not_move(seller: Doctor) -> None:
    first, last = Tariff.add(seller, MONTH), Tariff.add(seller, TariffTerms("Год", 365, 9000_00))
    first.move(-1)
    last.move(1)
    assert on_sale(seller) == ["Месяц", "Год"]


def test_tariff_added_twice_is_one(seller: Doctor) -> None:
    assert Tariff.add(seller, MONTH) is Tariff.add(seller, MONTH)
    assert on_sale(seller) == ["Месяц"]


def test_tariffs_of_a_doctor_are_limited(seller: Doctor) -> None:
    for number in range(Tariff.MOST):
        Tariff.add(seller, TariffTerms("Месяц", 30, number + 1))
    with pytest.raises(errors.TooManyTariffs):
        Tariff.add(seller, MONTH)


def test_another_title_is_the_same_tariff(seller: Doctor) -> None:
    tariff = Tariff.add(seller, MONTH)
    assert tariff.change(TariffTerms("30 дней", 30, 2500_00)) is tariff
    assert on_sale(seller) == ["30 дней"]


@pytest.mark.parametrize("terms", [TariffTerms("Месяц", 30, 3000_00), TariffTerms("Месяц", 31, 2500_00)])
def test_other_terms_are_another_tariff_in_its_place(seller: Doctor, terms: TariffTerms) -> None:
    tariff, _ = Tariff.add(seller, MONTH), Tariff.add(seller, TariffTerms("Год", 365, 1_00))
    tariff.move(-1)
    tariff.recommend(True)
    new = tariff.change(terms)
    assert (tariff.terms, tariff.hidden, tariff.replaced, tariff.is_recommended) == (MONTH, True, True, False)
    assert (new.terms, new.hidden, new.is_recommended, new.position) == (terms, False, True, tariff.position)
    assert on_sale(seller) == ["Месяц", "Год"]
    assert tariff not in db.session.scalars(Tariff.kept_by(seller)).all()


def test_tariff_changed_twice_is_one(seller: Doctor) -> None:
    tariff, dearer = Tariff.add(seller, MONTH), TariffTerms("Месяц", 30, 3000_00)
    new = tariff.change(dearer)
    assert tariff.change(dearer) is new
    assert on_sale(seller) == ["Месяц"]
    for late in (lambda: tariff.change(MONTH), lambda: tariff.show(True), lambda: tariff.move(1)):
        with pytest.raises(errors.TariffHasChanged):
            late()


def test_tariff_being_paid_keeps_its_terms(seller: Doctor, chat: Chat) -> None:
    tariff = add_tariff(chat.doctor, days=30, price=2500_00)
    payment = begin(chat, tariff)
    held = Tariff.locked_for(chat.doctor, tariff.id)
    assert held is not None
    new = held.change(TariffTerms("Месяц", 30, 9000_00))
    db.session.commit()
    assert (payment.amount, payment.days) == (2500_00, 30)
    assert begin(chat, new).amount == 9000_00
    assert settle(settle(payment, GatewayStatus.WAITING)).applied_at is not None
    with pytest.raises(errors.NothingToBuy):
        begin(chat, tariff)


def test_only_one_is_usual_and_none_that_is_hidden(seller: Doctor) -> None:
    week, month = Tariff.add(seller, TariffTerms("Неделя", 7, 900_00)), Tariff.add(seller, MONTH)
    week.recommend(True)
    month.recommend(True)
    assert (week.is_recommended, month.is_recommended) == (False, True)
    month.show(False)
    assert not month.is_recommended
    assert on_sale(seller) == ["Неделя"]
    with pytest.raises(errors.TariffHasChanged):
        month.recommend(True)
    month.show(True)
    assert on_sale(seller) == ["Неделя", "Месяц"]


def test_strangers_tariff_is_not_held(seller: Doctor, doctor: Doctor) -> None:
    assert Tariff.locked_for(seller, doctor.tariffs[0].id) is None
