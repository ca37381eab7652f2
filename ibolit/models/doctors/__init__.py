"""What a doctor shows and sells: profile, tariffs, free days, quiet hours, and reply templates."""

from .doctor import WHOLE, Doctor, Introduction, PhotoCrop
from .reply_template import ReplyTemplate
from .specialty_words import SpecialtyWords
from .tariff import Tariff, TariffTerms

__all__ = [
    "WHOLE",
    "Doctor",
    "Introduction",
    "PhotoCrop",
    "ReplyTemplate",
    "SpecialtyWords",
    "Tariff",
    "TariffTerms",
]
