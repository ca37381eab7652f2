"""What a doctor shows and sells: profile, tariffs, free days, quiet hours, and reply templates."""

from .answering_hours import MIDNIGHT, PROMISED_HOURS, WORKDAYS, AnsweringHours, paused_within
from .doctor import WHOLE, Doctor, Introduction, PhotoCrop
from .offered_replies import ClinicReplyTemplate, OfferedReply, ReplyUse
from .reply_template import ReplyTemplate
from .specialty_words import SpecialtyWords
from .tariff import Tariff, TariffTerms
from .time_off import AbsenceTerms, TimeOff, note_absence_of

__all__ = [
    "MIDNIGHT",
    "PROMISED_HOURS",
    "WHOLE",
    "WORKDAYS",
    "AbsenceTerms",
    "AnsweringHours",
    "ClinicReplyTemplate",
    "Doctor",
    "Introduction",
    "OfferedReply",
    "PhotoCrop",
    "ReplyTemplate",
    "ReplyUse",
    "SpecialtyWords",
    "Tariff",
    "TariffTerms",
    "TimeOff",
    "note_absence_of",
    "paused_within",
]
