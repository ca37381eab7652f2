"""From a request to a conclusion: states, booking, rescheduling, checkout, deadlines, attendance, calls, cards."""

from . import booking, cards, checkout, deadlines, lists, rescheduling
from .attendance import Absence
from .booking import Terms
from .call import CallPath, CallReport, CallVisit, Handover, Quality
from .cards import preload_cards
from .conclusion import (
    Complaint,
    Conclusion,
    ConclusionDraft,
    Rating,
    Review,
    Sheet,
    SignatureKind,
    Template,
    refuse_complaint_of,
    refuse_conclusion_of,
)
from .consultation import Consultation
from .request import ConsultationRequest
from .states import AGREED, COMING, FOLLOWS, ConsultationState, Reason, TalkKind

__all__ = [
    "AGREED",
    "COMING",
    "FOLLOWS",
    "Absence",
    "CallPath",
    "CallReport",
    "CallVisit",
    "Complaint",
    "Conclusion",
    "ConclusionDraft",
    "Consultation",
    "ConsultationRequest",
    "ConsultationState",
    "Handover",
    "Quality",
    "Rating",
    "Reason",
    "Review",
    "Sheet",
    "SignatureKind",
    "TalkKind",
    "Template",
    "Terms",
    "booking",
    "cards",
    "checkout",
    "deadlines",
    "lists",
    "preload_cards",
    "refuse_complaint_of",
    "refuse_conclusion_of",
    "rescheduling",
]
