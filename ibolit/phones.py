"""Phones as people type them, kept as E.164 and shown readable."""

from __future__ import annotations

import re
from functools import lru_cache

from .normalization import plain

HOME = "RU"


class NotAPhone(ValueError):
    pass


def parse(typed: str) -> str:
    """E.164 of «8 916…», «+7 (916)…», «+8 916…», ten bare digits or a foreign number with its plus.

    Raises NotAPhone.
    """
    import phonenumbers  # its tables take 40 ms to load: only who signs in waits for them

    text = re.sub(r"^\s*00", "+", plain(typed))
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits[0] == "7":
        text = "+" + digits
    elif len(digits) == 11 and re.match(r"\+\s*8\s*\(?9", text):  # no country has +89: «8 9…» with a plus too much
        text = "+7" + digits[1:]
    try:
        number = phonenumbers.parse(text, HOME)
    except phonenumbers.NumberParseException as error:
        raise NotAPhone(typed) from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise NotAPhone(typed)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def all_in(text: str) -> list[str]:
    """E.164 of every number that stands in a text, in its order, without what is dialled after it: «…, 8 495 …»,
    «… (мама)», «… доб. 12»."""
    import phonenumbers

    words = re.sub(r"\+\s*8(?=\s*\(?9)", "8", plain(text))
    found = (match.number for match in phonenumbers.PhoneNumberMatcher(words, HOME))
    known = (phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164) for one in found)
    return list(dict.fromkeys(known))


@lru_cache(maxsize=20_000)
def is_landline(phone: str) -> bool:
    """No SMS reaches this E.164: the number of a house, an office, a free or a paid line."""
    import phonenumbers

    kinds = phonenumbers.PhoneNumberType
    kind = phonenumbers.number_type(phonenumbers.parse(phone))
    no_phone_of_ones_own = kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN, kinds.VOICEMAIL
    return kind == kinds.FIXED_LINE or kind in no_phone_of_ones_own


def is_calling_code(digits: str) -> bool:
    import phonenumbers

    return digits.isascii() and digits.isdecimal() and int(digits) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE


def country_of(phone: str) -> str:
    """Of an E.164: RU and KZ, which share +7, are told apart. 001 is of no country."""
    import phonenumbers

    return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""


def main_country_of(calling_code: str) -> str:
    import phonenumbers

    return phonenumbers.region_code_for_country_code(int(calling_code))


@lru_cache(maxsize=2000)
def readable(phone: str) -> str:
    """+79160000001 → «+7 916 000-00-01»."""
    import phonenumbers

    number = phonenumbers.parse(phone)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
