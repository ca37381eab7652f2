"""The clinic itself: nouns with behaviour. Importing this package makes every table known."""

from . import old_number
from .agenda import Terms
from .attachment import Attachment, AttachmentState, Kind, Variant
from .attempt import Attempt, Tried
from .audit import Act, AuditEvent
from .call import CallPath, CallReport, CallVisit, Handover, Quality
from .chat import Access, Chat, ChatMember, ChatState, InboxFilter
from .clinic import Mark
from .conclusion import (
    Complaint,
    Conclusion,
    ConclusionDraft,
    Rating,
    Review,
    Sheet,
    SignatureKind,
    Template,
)
from .consent import Consent, DocumentDay, DocumentKind
from .consultation import Consultation
from .consultation_request import ConsultationRequest
from .consultation_states import ConsultationState, Reason, TalkKind
from .device import Device
from .dispatch import Dispatch, DispatchState
from .doctor import Cut, Doctor, Introduction, Offer, Tariff
from .invitation import Invitation, InvitationState
from .job import Job, JobKind
from .known_browser import KnownBrowser
from .login_code import LoginCode
from .meeting import Absence
from .message import Card, Message
from .notification import Channel, Notification, NotificationKind, NotificationState
from .patient_import import Fault, ImportLine, PatientImport
from .patient_note import PatientNote
from .payment import Payment, PaymentState
from .payment_alert import AlertKind, PaymentAlert
from .promise import Promise, RefundRule
from .push_subscription import PushSubscription
from .receipt import Receipt
from .refund import Refund, RefundReason, RefundState
from .reply_template import ReplyTemplate
from .stored import StoredFile, files_named_in
from .user import EmailProof, IdentityLevel, Role, User
from .way_change import Before, WayChange, WayKind, change_password, prove_email

__all__ = [
    "Absence",
    "Access",
    "Act",
    "AlertKind",
    "Attachment",
    "AttachmentState",
    "Attempt",
    "AuditEvent",
    "Before",
    "CallPath",
    "CallReport",
    "CallVisit",
    "Card",
    "Channel",
    "Chat",
    "ChatMember",
    "ChatState",
    "Complaint",
    "Conclusion",
    "ConclusionDraft",
    "Consent",
    "Consultation",
    "ConsultationRequest",
    "ConsultationState",
    "Cut",
    "Device",
    "Dispatch",
    "DispatchState",
    "Doctor",
    "DocumentDay",
    "DocumentKind",
    "EmailProof",
    "Fault",
    "Handover",
    "IdentityLevel",
    "ImportLine",
    "InboxFilter",
    "Introduction",
    "Invitation",
    "InvitationState",
    "Job",
    "JobKind",
    "Kind",
    "KnownBrowser",
    "LoginCode",
    "Mark",
    "Message",
    "Notification",
    "NotificationKind",
    "NotificationState",
    "Offer",
    "PatientImport",
    "PatientNote",
    "Payment",
    "PaymentAlert",
    "PaymentState",
    "Promise",
    "PushSubscription",
    "Quality",
    "Rating",
    "Reason",
    "Receipt",
    "Refund",
    "RefundReason",
    "RefundRule",
    "RefundState",
    "ReplyTemplate",
    "Review",
    "Role",
    "Sheet",
    "SignatureKind",
    "StoredFile",
    "TalkKind",
    "Tariff",
    "Template",
    "Terms",
    "Tried",
    "User",
    "Variant",
    "WayChange",
    "WayKind",
    "change_password",
    "files_named_in",
    "old_number",
    "prove_email",
]
