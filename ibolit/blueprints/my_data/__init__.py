"""«Мои данные»: what there is, who has looked at it, what was consented to, and a copy of all of it."""

from . import consents, copies, views

blueprints = (views.bp,)

__all__ = ["blueprints", "consents", "copies", "views"]
