"""The one idiom of a form that was sent: a broken rule stands next to its field, and nothing of it is kept."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from factories import make_user
from flask import Flask
from flask_wtf import FlaskForm
from wtforms import StringField

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import User
from ibolit.web.submission import submission

BLUEPRINTS = sorted((Path(__file__).parents[2] / "ibolit" / "blueprints").rglob("*.py"))


class NameForm(FlaskForm):
    name = StringField()


def names() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(db.select(User.name)))


@pytest.fixture
def form(clinic: Flask) -> NameForm:
    with clinic.test_request_context():
        return NameForm(meta={"csrf": False})


def test_what_is_done_is_committed(form: NameForm) -> None:
    user = make_user("Анна")
    with submission(form.name) as sent:
        user.name = "Ольга"
    assert (sent.is_refused, sent.status, sent.sentence, form.name.errors) == (False, 200, "", ())
    assert names() == ["Ольга"]


def test_refused_is_undone_and_said_next_to_its_field(form: NameForm) -> None:
    user = make_user("Анна")
    with submission(form.name) as sent:
        user.name = "Ольга"
        raise errors.TimeIsTheSame
    assert (sent.is_refused, sent.status) == (True, errors.TimeIsTheSame.status)
    assert form.name.errors == [errors.TimeIsTheSame.sentence] == [sent.sentence]
    assert names() == ["Анна"]


def test_refused_try_may_count(form: NameForm) -> None:
    user = make_user("Анна")
    with submission(form.name, refused_counts=True) as sent:
        user.name = "Ольга"
        raise errors.CodeIsOld
    assert (sent.status, form.name.errors) == (errors.CodeIsOld.status, [errors.CodeIsOld.sentence])
    assert names() == ["Ольга"]


def test_without_a_field_the_page_says_it(clinic: Flask) -> None:
    with submission() as sent:
        raise errors.TooManyAttempts
    assert (sent.status, sent.sentence) == (429, errors.TooManyAttempts.sentence)


def test_what_is_no_rule_passes(form: NameForm) -> None:
    make_user("Анна")
    with pytest.raises(ZeroDivisionError), submission(form.name):
        1 / 0  # noqa: B018


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_doors_ask_how_it_ended(path: Path) -> None:
    """A refusal that nobody asks of would be answered as done; a rule that is caught by hand is the old way."""
    for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.With) and "submission(" in ast.unparse(node.items[0].context_expr):
                name = node.items[0].optional_vars
                assert name is not None, f"{function.name}: as sent"
                asked = {ast.unparse(one) for one in ast.walk(function) if isinstance(one, ast.Attribute)}
                assert asked & {f"{ast.unparse(name)}.{end}" for end in ("is_refused", "status", "refusal")}
            elif isinstance(node, ast.Assign):
                by_hand = [ast.unparse(one) for one in node.targets if ast.unparse(one).endswith(".errors")]
                assert not by_hand or "refusal" not in ast.unparse(node.value), function.name
            elif isinstance(node, ast.ExceptHandler):
                assert node.name is None or "errors." not in ast.unparse(node.type or node), function.name
