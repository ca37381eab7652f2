"""The one conversation of a patient with a doctor: its time, members, messages, files, and the doctor's note.
Cards are shown instead of a message's text; whoever has one registers how it is loaded."""

from . import ending
from .attachment import Attachment, AttachmentKind, AttachmentState, Variant, refuse_sent
from .cards import preload_cards, refuse_unregistered, register_card
from .chat import AccessMode, Chat, ChatMember, ChatState, InboxFilter, is_called
from .message import Card, Message, press_id
from .patient_note import PatientNote

__all__ = [
    "AccessMode",
    "Attachment",
    "AttachmentKind",
    "AttachmentState",
    "Card",
    "Chat",
    "ChatMember",
    "ChatState",
    "InboxFilter",
    "Message",
    "PatientNote",
    "Variant",
    "ending",
    "is_called",
    "preload_cards",
    "press_id",
    "refuse_sent",
    "refuse_unregistered",
    "register_card",
]
