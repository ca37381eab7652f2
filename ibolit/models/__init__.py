"""The clinic itself: nouns with behaviour. Importing this package makes every table known."""

from .attachment import Attachment, AttachmentState, Kind, Variant
from .attempt import Attempt, Tried
from .audit import Act, AuditEvent
from .chat import Access, Chat, ChatMember, ChatState
from .clinic import Mark
from .consent import Consent, DocumentKind
from .device import Device
from .doctor import Doctor, Tariff
from .job import Job, JobKind
from .login_code import LoginCode
from .message import Message
from .payment import Cause, Payment, PaymentState, Receipt, Refund, RefundState
from .user import EmailProof, Role, User

__all__ = [
    "Access",
    "Act",
    "Attachment",
    "AttachmentState",
    "Attempt",
    "AuditEvent",
    "Cause",
    "Chat",
    "ChatMember",
    "ChatState",
    "Consent",
    "Device",
    "Doctor",
    "DocumentKind",
    "EmailProof",
    "Job",
    "JobKind",
    "Kind",
    "LoginCode",
    "Mark",
    "Message",
    "Payment",
    "PaymentState",
    "Receipt",
    "Refund",
    "RefundState",
    "Role",
    "Tariff",
    "Tried",
    "User",
    "Variant",
]
