"""The clinic itself: nouns with behaviour, a package a noun. Importing this package makes every table known.

Packages import those below them: types, job, locking, purging, night_hours, typed_code ← people ← doctors ← chats ←
standing_in ← payments ← consultations ← booking ← my_data ← delivery ← invitations ← family ← accounts ← erasure ←
stored_files.
"""

from . import (
    accounts,
    booking,
    chats,
    consultations,
    delivery,
    doctors,
    erasure,
    family,
    invitations,
    my_data,
    payments,
    people,
    standing_in,
)
from .accounts import *
from .booking import AppointmentType, BookingRules, HoursSpan, RulesTerms, Slot, TypeTerms, WeeklyHours
from .chats import *
from .consultations import *
from .delivery import *
from .doctors import *
from .erasure import SealedIdentity
from .family import *
from .invitations import *
from .job import Job, JobKind
from .my_data import *
from .payments import *
from .people import *
from .standing_in import *
from .stored_files import StoredFile, stored_files

__all__ = [
    *people.__all__,
    *doctors.__all__,
    *chats.__all__,
    *standing_in.__all__,
    *payments.__all__,
    *consultations.__all__,
    "AppointmentType",
    "BookingRules",
    "HoursSpan",
    "RulesTerms",
    "Slot",
    "TypeTerms",
    "WeeklyHours",
    "booking",
    *my_data.__all__,
    *delivery.__all__,
    *invitations.__all__,
    *family.__all__,
    *accounts.__all__,
    "SealedIdentity",
    "erasure",
    "Job",
    "JobKind",
    "StoredFile",
    "stored_files",
]

chats.refuse_unregistered()
