"""What is typed at the command line, checked as the forms check it."""

from __future__ import annotations

import click

from ... import phones
from ...models import Doctor
from ...normalization import composed
from ...sums import kopecks


class PhoneParam(click.ParamType[str]):
    name = "phone"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return phones.parse(value)
        except phones.NotAPhone:
            self.fail("no such phone can be: +7 916 000-00-00 is one", param, ctx)


def doctor_of(phone: str) -> Doctor:
    doctor = Doctor.by_phone(phone)
    if doctor is None:
        raise click.ClickException(f"There is no doctor with the phone {phones.readable(phone)}: see `flask people`.")
    return doctor


class TextParam(click.ParamType[str]):
    """One line that is not empty."""

    name = "text"

    def __init__(self, most: int) -> None:
        self.most = most

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = " ".join(composed(value).split())
        if not text or len(text) > self.most or not text.isprintable():
            self.fail(f"must be up to {self.most} characters, and not empty", param, ctx)
        return text


class RublesParam(click.ParamType[int]):
    name = "rubles"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return 0 if value.strip() == "0" else kopecks(value)
        except ValueError:
            self.fail("must be a sum in rubles such as 1500 or 100.50", param, ctx)
