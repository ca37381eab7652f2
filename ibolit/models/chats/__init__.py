"""The one conversation of a patient with a doctor: its time, members, messages, files, and the doctor's note.
Cards are shown instead of a message's text; whoever has one registers how it is loaded."""

from . import ending
from .access import AccessMode, ChatState
from .attachment import Attachment, AttachmentKind, AttachmentState, Variant, refuse_sent
from .cards import preload_cards, refuse_unregistered, register_card
from .chat import Chat
from .inbox import InboxFilter, is_called
from .member import ChatMember
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
