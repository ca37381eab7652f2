"""From a request to a conclusion: states, booking, rescheduling, deadlines, attendance, calls."""

from . import lists, today
from .attendance import Absence, Attendance, Side
from .booked import BookingTerms
from .booking import ProposalTerms
from .calendar_feed import CalendarFeed
from .call import CallPath, CallReport, CallVisit, Quality
from .child_consent import ChildConsent, ConsentMatter, ConsentWay
from .conclusion import (
    Conclusion,
    ConclusionDraft,
    ConclusionTemplate,
    SignatureKind,
    empty_headings,
    may_be_drafted,
    refuse_conclusion_of,
    refuse_draft_of,
)
from .consultation import Consultation
from .device_transfer import DeviceTransfer
from .intake_questionnaire import IntakeAnswers, IntakeQuestionnaire, refuse_questionnaire_of
from .request import ConsultationRequest
from .review import Rating, Review
from .states import CONFIRMED_STATES, TRANSITIONS, UPCOMING, CancellationReason, ConsultationKind, ConsultationState
from .summary import CalendarStep, Ending, MoneyStatus, NextStep, PageRefresh, Presence, Timing

__all__ = [
    "CONFIRMED_STATES",
    "TRANSITIONS",
    "UPCOMING",
    "Absence",
    "Attendance",
    "BookingTerms",
    "CalendarFeed",
    "CalendarStep",
    "CallPath",
    "CallReport",
    "CallVisit",
    "CancellationReason",
    "ChildConsent",
    "Conclusion",
    "ConclusionDraft",
    "ConclusionTemplate",
    "ConsentMatter",
    "ConsentWay",
    "Consultation",
    "ConsultationKind",
    "ConsultationRequest",
    "ConsultationState",
    "DeviceTransfer",
    "Ending",
    "IntakeAnswers",
    "IntakeQuestionnaire",
    "MoneyStatus",
    "NextStep",
    "PageRefresh",
    "Presence",
    "ProposalTerms",
    "Quality",
    "Rating",
    "Review",
    "Side",
    "SignatureKind",
    "Timing",
    "empty_headings",
    "lists",
    "may_be_drafted",
    "refuse_conclusion_of",
    "refuse_draft_of",
    "refuse_questionnaire_of",
    "today",
]
