"""Free times: what a doctor offers to book, the hours for it, and what of them is free."""

from .appointment_type import AppointmentType, TypeTerms
from .booking_rules import BookingRules, RulesTerms
from .free_times import Slot, bookable, first_free_times, free_days, free_times, is_free, nearest, next_free_times
from .weekly_hours import HoursSpan, WeeklyHours, by_day, copied

__all__ = [
    "AppointmentType",
    "BookingRules",
    "HoursSpan",
    "RulesTerms",
    "Slot",
    "TypeTerms",
    "WeeklyHours",
    "bookable",
    "by_day",
    "copied",
    "first_free_times",
    "free_days",
    "free_times",
    "is_free",
    "nearest",
    "next_free_times",
]
