"""Jinja as we use it writes what Jinja writes, in one piece."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader, Environment, UndefinedError
from markupsafe import Markup

from ibolit import template_engine
from ibolit.template_engine import written

TEMPLATES = {
    "base.html": "<p>{% block title %}iBolit{% endblock %}</p>{{ self.title() }}{% block main %}{% endblock %}.",
    "page.html": (
        "{% extends 'base.html' %}{% from 'macros.html' import row %}{% block title %}{{ super() }}: {{ name }}"
        "{% endblock %}{% block main %}{% for one in rows %}{{ row(one, loop.index) }}{% include 'part.html' %}"
        "{% else %}nobody{% endfor %}{% endblock %}"
    ),
    "macros.html": "{% macro row(one, number) %}<b>{{ one }}</b>{{ caller() if caller }}{{ number }}{% endmacro %}",
    "part.html": (
        "{% set whole %}<i>{{ one }}</i>{% endset %}{{ whole }}{{ ' hidden' if not one }}{{ ' a' ~ one }}"
        "{{ one|default('-')|upper }}"
        "{% from 'macros.html' import row %}{% call row('&', 0) %}<u>{{ one }}</u>{% endcall %}"
    ),
    "letter.txt": "{{ name }}{% for one in rows %}{{ one }}{% endfor %}",
}


class Ours(template_engine.Environment):
    def __init__(self, **options: Any) -> None:
        Environment.__init__(self, **options)  # Flask's asks for an app


def drawn(kind: type[Environment], template: str, **given: Any) -> list[str]:
    environment = kind(loader=DictLoader(TEMPLATES), autoescape=lambda name: name is not None and name.endswith("html"))
    return list(environment.get_template(template).generate(**given))


@pytest.mark.parametrize("name", ["page.html", "letter.txt"])
@pytest.mark.parametrize("rows", [[], ["<b>", Markup("<b>"), 5, 5.5, None, "", 'Жук & "клоп"']])
def test_same_as_jinja(name: str, rows: list[object]) -> None:
    ours = drawn(Ours, name, name="<Зоя>", rows=rows)
    assert "".join(ours) == "".join(drawn(Environment, name, name="<Зоя>", rows=rows))
    assert len(ours) == 1 + name.startswith("page")  # what stands around the blocks of a page that extends another


@pytest.mark.parametrize("value", ["a", "<&>'\"", "", 7, -1, True, None, 0.5, Markup("<b>"), ["<"], b"<"])
def test_same_as_escaped(value: object) -> None:
    assert written(value) == Markup.escape(value)


def test_misspelt_name_of_a_macro_is_an_error(app: Flask) -> None:
    with pytest.raises(UndefinedError):
        app.jinja_env.from_string("{% macro a() %}{{ no_such }}{% endmacro %}{{ a() }}").render()


def test_nothing_of_ours_asks_for_the_context(app: Flask) -> None:
    """What does would be called without it."""
    assert app.jinja_env.context_class is template_engine.Context
    helpers = [one for one in app.jinja_env.globals.values() if isinstance(one, FunctionType)]
    assert len(helpers) > 30
    assert [one.__name__ for one in helpers if hasattr(one, "jinja_pass_arg")] == []
