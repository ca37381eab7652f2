"""Free times: what a doctor offers to book, the hours for it, and what of them is free."""

from .appointment_type import AppointmentType, TypeTerms
from .appointments import (
    ahead_of,
    book,
    is_confirmed_at_once,
    is_moved_at_once,
    may_be_moved_at_once,
    move,
    terms_of,
    type_to_move,
)
from .booking_rules import BookingRules, RulesTerms
from .directory import directory_before, is_used
from .free_times import (
    Slot,
    first_free_times,
    free_days,
    free_times,
    is_free,
    nearest,
    next_free_times,
    times_to_move_to,
)
from .open_hours import booked_outside, open_between
from .weekly_hours import HoursSpan, WeeklyHours, by_day, copied, with_day

__all__ = [
    "AppointmentType",
    "BookingRules",
    "HoursSpan",
    "RulesTerms",
    "Slot",
    "TypeTerms",
    "WeeklyHours",
    "ahead_of",
    "book",
    "booked_outside",
    "by_day",
    "copied",
    "directory_before",
    "first_free_times",
    "free_days",
    "free_times",
    "is_confirmed_at_once",
    "is_free",
    "is_moved_at_once",
    "is_used",
    "may_be_moved_at_once",
    "move",
    "nearest",
    "next_free_times",
    "open_between",
    "terms_of",
    "times_to_move_to",
    "type_to_move",
    "with_day",
]
