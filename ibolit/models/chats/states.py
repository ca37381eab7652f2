"""How a chat is open, and kinds and states of what is sent in it."""

from __future__ import annotations

from enum import StrEnum


class AccessMode(StrEnum):
    FREE = "free"
    UNTIL = "until"
    UNLIMITED = "unlimited"


class ChatState(StrEnum):
    """What the patient may do now, as the access bar says it."""

    NOT_BEGUN = "not_begun"  # free days are waiting for the first message
    NEEDS_TARIFF = "needs_tariff"  # no free days were given
    OPEN = "open"
    LAST_DAY = "last_day"
    OVER = "over"
    CONSULTATION = "consultation"  # open because of a consultation, whatever was paid
    UNLIMITED = "unlimited"


class AttachmentKind(StrEnum):
    PICTURE = "picture"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"
    VOICE = "voice"  # spoken into the chat; shown when the worker has made of it what every phone plays


class AttachmentState(StrEnum):
    ARRIVING = "arriving"  # not all of its bytes are here, or nobody has looked at them yet
    PREPARING = "preparing"  # a voice message, or a sound that no browser plays, waits for the worker
    READY = "ready"
    DOWNLOAD_ONLY = "plain"  # what should have been made of it could not be: it is only downloaded


class Variant(StrEnum):
    """The stored files of one attachment."""

    ORIGINAL = "original"
    SHOWN = "shown"
    THUMBNAIL = "thumbnail"
