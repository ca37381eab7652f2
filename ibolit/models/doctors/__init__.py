"""What a doctor shows and sells: profile, tariffs, free days, quiet hours, and reply templates."""

from .doctor import WHOLE, Cut, Doctor, Introduction, Offer, Tariff
from .reply_template import ReplyTemplate

__all__ = [
    "WHOLE",
    "Cut",
    "Doctor",
    "Introduction",
    "Offer",
    "ReplyTemplate",
    "Tariff",
]
