"""What a page says of a chat, a message and a file: questions that templates only put into words and shapes."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped classes, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ..doctors import Tariff
from ..people import User
from .states import AttachmentKind, ChatState

if TYPE_CHECKING:
    from ..people import Dependant
    from .attachment import Attachment
    from .chat import Chat
    from .message import Message

TOGETHER = timedelta(minutes=5)  # messages of one author that are nearer than this stand together
PAGE_AFTER = 20  # messages that follow the one a link leads to
SQUARE_UP_TO = 1.15  # how much longer one side of a nearly square picture is
STRIP = 3  # times as long as wide
LONGEST_EXTENSION = 5
SCARCE_STATES = (ChatState.LAST_DAY, ChatState.OVER, ChatState.CONSULTATION, ChatState.NEEDS_TARIFF)


class ReceiptState(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"


class Shape(StrEnum):
    WIDE = "wide"
    TALL = "tall"
    SQUARE = "square"  # or nobody knows


class ChatSummary:
    """A chat's facet for what is told of it."""

    TOGETHER_MS = TOGETHER // timedelta(milliseconds=1)  # for the script that places what arrives

    def is_other_side_online(self: Chat, viewer: User) -> bool:
        """A doctor chooses to be seen and has quiet hours; a patient is there while their page is."""
        return self.doctor.is_online() if viewer.id == self.patient_id else self.patient.is_present()

    def may_be_booked_by(self: Chat, user: User) -> bool:
        """Its patient finds free times of the doctor's."""
        is_open = not (self.is_former or self.is_unspoken_for)
        return user.id == self.patient_id and self.doctor.takes_bookings and not self.doctor.hidden and is_open

    @property
    def booked_for(self: Chat) -> dict[str, int]:
        """For the address of free times: who is chosen there already."""
        return {"for": self.dependant_id} if self.dependant_id is not None else {}

    def others_of(self: Chat, viewer: User) -> list[Dependant]:
        """About whom else who looks at it may write to this doctor; nobody is asked for where it knows of nobody."""
        if viewer.id != self.patient_id or not self.has_family:
            return []
        return [one for one in viewer.writes_for if one.id != self.dependant_id]

    def offers_time_to(self: Chat, viewer: User, on_sale: Sequence[Tariff]) -> bool:
        """«Продлить» stands on the access bar: the patient's time ends within a day, or has ended."""
        is_scarce = self.state in SCARCE_STATES
        return viewer.id == self.patient_id and is_scarce and self.can_be_prolonged(on_sale)

    def page_with(self: Chat, message: Message) -> int | None:
        """Before which seq the page ends that shows a message in the middle; None: the last page shows it."""
        before = message.seq + PAGE_AFTER
        return before if before < self.last_seq else None

    @property
    def people(self: Chat) -> list[User]:
        """Both sides, and whoever else reads it: all whose words can stand there."""
        sides = [self.patient, self.doctor.user]
        return sides + [one.user for one in self.members if one.user_id not in (self.patient_id, self.doctor.user_id)]

    def name_of(self: Chat, author_id: int | None, viewer: User) -> str:
        """Who said it, for whoever reads that it was said."""
        if author_id == viewer.id:
            return "Вы"
        if author_id == self.patient_id:
            return self.patient.name
        if author_id == self.doctor.user_id:
            return self.doctor.user.name
        return next((one.user.name for one in self.members if one.user_id == author_id), "")

    def is_third(self: Chat, author_id: int | None, viewer: User) -> bool:
        """Neither the viewer nor with whom they talk: who stands in, or for whom they do. Such words bear a name."""
        return author_id not in (None, viewer.id) and author_id != self.other_than(viewer).id

    def receipt_of(self: Chat, message: Message, author: User) -> ReceiptState:
        """How far it has come on its way to all others."""
        if message.seq <= self.read_by_all_but(author.id):
            return ReceiptState.READ
        return ReceiptState.DELIVERED if message.seq <= self.delivered_to_all_but(author.id) else ReceiptState.SENT


class MessageSummary:
    """A message's facet for what is told of it."""

    @property
    def pictures(self: Message) -> list[Attachment]:
        """Files shown as pictures, in an album when there are several."""
        return [one for one in self.attachments if one.is_picture]

    @property
    def other_files(self: Message) -> list[Attachment]:
        return [one for one in self.attachments if not one.is_picture]

    def opens_day(self: Message, previous: Message | None, zone: ZoneInfo) -> bool:
        """It is the first of its day by the reader's calendar, or of the page."""
        return previous is None or _day(previous.sent_at, zone) != _day(self.sent_at, zone)

    def continues(self: Message, previous: Message | None, zone: ZoneInfo) -> bool:
        """The same author goes on within five minutes."""
        if previous is None or previous.author_id != self.author_id or self.sent_at - previous.sent_at >= TOGETHER:
            return False
        return not self.opens_day(previous, zone)  # the dearest question, so it is asked last

    def is_new_to(self: Message, viewer: User, first_unread: int) -> bool:
        """The other's, from the first one on that the reader has not read."""
        return self.seq >= first_unread and self.author_id != viewer.id


class AttachmentSummary:
    """A file's facet for how it is shown."""

    @property
    def is_picture(self: Attachment) -> bool:
        """It can be shown as one."""
        return self.kind is AttachmentKind.PICTURE and self.has_thumbnail

    @property
    def opens_elsewhere(self: Attachment) -> bool:
        """Its card opens or plays it, so that a list offers to download it besides."""
        return self.is_pdf or self.is_voice

    @property
    def shape(self: Attachment) -> Shape:
        if not self.width or not self.height:
            return Shape.SQUARE
        if self.width > self.height * SQUARE_UP_TO:
            return Shape.WIDE
        return Shape.TALL if self.height > self.width * SQUARE_UP_TO else Shape.SQUARE

    @property
    def strip(self: Attachment) -> Shape | None:
        """Of a picture so long that it is scrolled: a screen, an ECG."""
        width, height = self.width or 1, self.height or 1
        is_long = max(width, height) > STRIP * min(width, height)
        return self.shape if is_long and self.width and self.height else None

    @property
    def picture_word(self: Attachment) -> str:
        return "Движущаяся картинка" if self.moves else "Фото"

    @property
    def is_film(self: Attachment) -> bool:
        """Browsers play it."""
        return self.kind is AttachmentKind.VIDEO and self.plays

    @property
    def is_upright(self: Attachment) -> bool:
        """A film taken with the phone held upright."""
        return bool(self.width and self.height and self.height > self.width)

    @property
    def extension(self: Attachment) -> str:
        """What tells the person the type: «PDF», «DOCX». Empty for pictures and voice, and for what is no type."""
        _, dot, extension = self.name.rpartition(".")
        is_told = self.kind not in (AttachmentKind.VOICE, AttachmentKind.PICTURE)
        return extension.upper() if dot and is_told and len(extension) <= LONGEST_EXTENSION else ""


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
