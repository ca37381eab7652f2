"""What a doctor shows and sells: profile, tariffs, free days, quiet hours, and reply templates."""

from .doctor import WHOLE, Doctor, Introduction, PhotoCrop
from .reply_template import ReplyTemplate
from .tariff import Offer, Tariff

__all__ = [
    "WHOLE",
    "Doctor",
    "Introduction",
    "Offer",
    "PhotoCrop",
    "ReplyTemplate",
    "Tariff",
]
