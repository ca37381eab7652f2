"""The one conversation of a patient with a doctor: its time, members, messages, files, and the doctor's note.
Cards are shown instead of a message's text; whoever has one registers how it is loaded."""

from . import ending
from .attachment import Attachment, refuse_sent
from .cards import Carried, preload_cards, refuse_unregistered, register_card
from .chat import Chat, fact_question_first
from .copying import copy_made, copy_message
from .finding import matches_name_or_phone
from .free_days import UsedFreeDays
from .inbox import InboxFilter, InboxNumbers
from .member import ChatMember
from .message import Card, Message, submission_id
from .patient_note import PatientNote
from .states import AccessMode, AttachmentKind, AttachmentState, ChatState, Variant
from .summary import ReceiptState, Shape
from .urgency import UrgentWordsLine, urgent_words
from .wait import Wait, WaitEnding
from .waiting import QueuePlace

__all__ = [
    "AccessMode",
    "Attachment",
    "AttachmentKind",
    "AttachmentState",
    "Card",
    "Carried",
    "Chat",
    "ChatMember",
    "ChatState",
    "InboxFilter",
    "InboxNumbers",
    "Message",
    "PatientNote",
    "QueuePlace",
    "ReceiptState",
    "Shape",
    "UrgentWordsLine",
    "UsedFreeDays",
    "Variant",
    "Wait",
    "WaitEnding",
    "copy_made",
    "copy_message",
    "ending",
    "fact_question_first",
    "matches_name_or_phone",
    "preload_cards",
    "refuse_sent",
    "refuse_unregistered",
    "register_card",
    "submission_id",
    "urgent_words",
]
