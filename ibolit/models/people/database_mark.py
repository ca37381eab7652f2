"""The mark that tells a demo database from a real one."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...config import Settings
from ...extensions import Model, db
from .user import User


class DatabaseMark(Model):
    """What is written on the database itself."""

    DEMO = "demo"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)

    @classmethod
    def is_demo(cls) -> bool:
        return db.session.get(cls, cls.DEMO) is not None

    @classmethod
    def make_demo(cls) -> None:
        """Raises WrongClinic when real people are already in."""
        if cls.is_demo():
            return
        if cls._has_people():
            raise errors.WrongClinic("demo data are never written into a database that is not marked as demo")
        db.session.add(cls(name=cls.DEMO))

    @classmethod
    def check(cls, settings: Settings) -> None:
        """Raises WrongClinic when production would open a demo database, or the demo clinic a real one."""
        if settings.is_production and cls.is_demo():
            raise errors.WrongClinic("DATABASE_URL: this is the demo clinic's database, production refuses to open it")
        if settings.is_demo and not cls.is_demo() and cls._has_people():
            raise errors.WrongClinic("DATABASE_URL: real people are in here, the demo clinic refuses to open it")

    @staticmethod
    def _has_people() -> bool:
        return db.session.scalar(select(User.id).limit(1)) is not None
