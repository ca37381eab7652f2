"""«для Вани», «про Машу»: how somebody's name is declined, and when it is left alone."""

from __future__ import annotations

import pytest

from ibolit.declension import about_whom, called, for_whom


@pytest.mark.parametrize(
    ("name", "of_child", "of_adult"),
    [
        ("Ваня", "Ваня", "Ваня"),
        ("Соколов Иван Олегович", "Иван", "Иван Олегович"),
        ("Иван Олегович Соколов", "Иван", "Иван Олегович"),
        ("Иван Олегович", "Иван", "Иван Олегович"),
        ("Ваня Соколов", "Ваня", "Ваня Соколов"),
        ("Соколова Маша", "Маша", "Соколова Маша"),
        ("Ирина Соколова", "Ирина Соколова", "Ирина Соколова"),
        ("Анна Мария", "Анна Мария", "Анна Мария"),
        ("Зоя Ким", "Зоя Ким", "Зоя Ким"),
    ],
)
def test_how_one_is_called(name: str, of_child: str, of_adult: str) -> None:
    assert (called(name, is_child=True), called(name, is_child=False)) == (of_child, of_adult)


@pytest.mark.parametrize(
    ("name", "sex", "of", "about"),
    [
        ("Ваня", "male", "для Вани", "про Ваню"),
        ("Ваня", None, "для Вани", "про Ваню"),
        ("Соколова Маша", "female", "для Маши", "про Машу"),
        ("Пётр", "male", "для Петра", "про Петра"),
        ("Никита", "male", "для Никиты", "про Никиту"),
        ("Любовь", "female", "для Любови", "про Любовь"),
        ("Ольга", "female", "для Ольги", "про Ольгу"),
        ("Соколов Игорь Олегович", "male", "для Игоря", "про Игоря"),
    ],
)
def test_name_of_a_child_is_declined(name: str, sex: str | None, of: str, about: str) -> None:
    assert (for_whom(name, sex, is_child=True), about_whom(name, sex, is_child=True)) == (of, about)


def test_adult_is_called_by_the_patronymic_which_says_how_both_are_declined() -> None:
    assert for_whom("Титов Игорь Петрович", None, is_child=False) == "для Игоря Петровича"
    assert about_whom("Нина Ильинична Титова", None, is_child=False) == "про Нину Ильиничну"


@pytest.mark.parametrize(
    ("name", "sex"),
    [("Игорь", None), ("Иван", None), ("Николь", None), ("Ирина Соколова", "female"), ("John", "male"), ("😀", None)],
)
@pytest.mark.parametrize("is_child", [True, False])
def test_name_is_not_spoilt_by_guessing(name: str, sex: str | None, is_child: bool) -> None:
    """Nobody's sex is guessed, and what is no single Russian word stays as it was typed."""
    assert name in for_whom(name, sex, is_child=is_child)
    assert name in about_whom(name, sex, is_child=is_child)
