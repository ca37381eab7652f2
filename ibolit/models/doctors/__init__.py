"""What a doctor shows and sells: profile, tariffs, free days, quiet hours, and reply templates."""

from .doctor import WHOLE, Doctor, Introduction, Offer, PhotoCrop, Tariff
from .reply_template import ReplyTemplate

__all__ = [
    "WHOLE",
    "Doctor",
    "Introduction",
    "Offer",
    "PhotoCrop",
    "ReplyTemplate",
    "Tariff",
]
