"""The files we take, and the names they may go by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    kind: str
    mimetype: str
    names: tuple[str, ...]  # endings without the dot, the usual one first

    @property
    def ending(self) -> str:
        return f".{self.names[0]}"

    def allows_extension(self, ending: str) -> bool:
        """Without an ending is fine. iPhones call HEIC .jpg, and sound is called after whatever contains it."""
        return not ending or ending in self.names or ending in _tolerated_extensions(self)


JPEG = Type("picture", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
PNG = Type("picture", "image/png", ("png",))
WEBP = Type("picture", "image/webp", ("webp",))
GIF = Type("picture", "image/gif", ("gif",))
HEIC = Type("picture", "image/heic", ("heic", "heif", "hif"))
PICTURES = (JPEG, PNG, WEBP, GIF, HEIC)

PDF = Type("document", "application/pdf", ("pdf",))
DOC = Type("document", "application/msword", ("doc",))
DOCX = Type("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
XLS = Type("document", "application/vnd.ms-excel", ("xls",))
XLSX = Type("document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",))
ODT = Type("document", "application/vnd.oasis.opendocument.text", ("odt",))
RTF = Type("document", "application/rtf", ("rtf",))
TXT = Type("document", "text/plain", ("txt",))
ZIP = Type("document", "application/zip", ("zip",))
DICOM = Type("document", "application/dicom", ("dcm", "dicom"))

MP3 = Type("audio", "audio/mpeg", ("mp3",))
M4A = Type("audio", "audio/mp4", ("m4a",))
OGG = Type("audio", "audio/ogg", ("ogg", "oga", "opus"))
WAV = Type("audio", "audio/wav", ("wav", "wave"))
WEBM = Type("audio", "audio/webm", ("webm", "weba"))
MP4 = Type("video", "video/mp4", ("mp4", "m4v"))
MOV = Type("video", "video/quicktime", ("mov", "qt"))
TEXT_DOCUMENTS, SPREADSHEETS = (DOC, DOCX, ODT, RTF), (XLS, XLSX)
AUDIO_AND_VIDEO = (MP3, M4A, OGG, WAV, WEBM, MP4, MOV)


def _tolerated_extensions(type: Type) -> set[str]:
    """Laboratories call RTF .doc; an office's file is a zip, too."""
    forgiven = set(ZIP.names) if type in (DOCX, XLSX, ODT) else set()
    for family in (PICTURES, AUDIO_AND_VIDEO, TEXT_DOCUMENTS, SPREADSHEETS):
        if type in family:
            forgiven.update(name for one in family for name in one.names)
    return forgiven
