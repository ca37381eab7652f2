"""The one list of kinds: what files we take, under which names, and which names belong to something else.

The server, the page that picks files and docs/files.md read it; nothing of ours is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Type:
    kind: str  # picture, document, audio or video
    mimetype: str
    names: tuple[str, ...]  # endings without the dot, the usual one first
    title: str  # in docs/files.md
    icon: str  # of the page's sprite, before the file has arrived

    @property
    def ending(self) -> str:
        return f".{self.names[0]}"

    def allows_extension(self, ending: str) -> bool:
        """Only an ending that belongs to another kind belies: «MRI.Smith» and «Анализ.v2» have none.

        iPhones call HEIC .jpg, and sound is called after whatever contains it.
        """
        return ending not in KNOWN_NAMES or ending in self.names or ending in _tolerated_extensions(self)


JPEG = Type("picture", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), "JPEG", "image")
PNG = Type("picture", "image/png", ("png",), "PNG", "image")
WEBP = Type("picture", "image/webp", ("webp",), "WebP", "image")
GIF = Type("picture", "image/gif", ("gif",), "GIF", "image")
HEIC = Type("picture", "image/heic", ("heic", "heif", "hif"), "HEIC", "image")
PICTURES = (JPEG, PNG, WEBP, GIF, HEIC)

OFFICE, OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
PDF = Type("document", "application/pdf", ("pdf",), "PDF", "file-text")
DOC = Type("document", "application/msword", ("doc",), "Word 97–2003", "file-text")
DOCX = Type("document", f"{OFFICE}wordprocessingml.document", ("docx",), "Word", "file-text")
XLS = Type("document", "application/vnd.ms-excel", ("xls",), "Excel 97–2003", "file-table")
XLSX = Type("document", f"{OFFICE}spreadsheetml.sheet", ("xlsx",), "Excel", "file-table")
ODT = Type("document", f"{OPEN}text", ("odt",), "OpenDocument text", "file-text")
ODS = Type("document", f"{OPEN}spreadsheet", ("ods",), "OpenDocument table", "file-table")
RTF = Type("document", "application/rtf", ("rtf",), "RTF", "file-text")
TXT = Type("document", "text/plain", ("txt", "text", "csv", "tsv", "log"), "Text", "file-text")
ZIP = Type("document", "application/zip", ("zip",), "ZIP", "file-archive")
DICOM = Type("document", "application/dicom", ("dcm", "dicom", "dic", "ima"), "DICOM", "scan")
DOCUMENTS = (PDF, DOC, DOCX, XLS, XLSX, ODT, ODS, RTF, TXT, ZIP, DICOM)

MP3 = Type("audio", "audio/mpeg", ("mp3",), "MP3", "music")
M4A = Type("audio", "audio/mp4", ("m4a",), "M4A", "music")
AAC = Type("audio", "audio/aac", ("aac", "adts"), "AAC without a container (ADTS)", "music")
AMR = Type("audio", "audio/amr", ("amr", "awb"), "AMR", "music")
OGG = Type("audio", "audio/ogg", ("ogg", "oga", "opus"), "Ogg", "music")
WAV = Type("audio", "audio/wav", ("wav", "wave"), "WAV", "music")
WEBM = Type("audio", "audio/webm", ("webm", "weba"), "WebM (sound)", "music")
MP4 = Type("video", "video/mp4", ("mp4", "m4v"), "MP4", "video")
MOV = Type("video", "video/quicktime", ("mov", "qt"), "QuickTime", "video")
THREE_GP = Type("video", "video/3gpp", ("3gp", "3gpp", "3g2"), "3GP", "video")
THREE_GP_SOUND = Type("audio", "audio/3gpp", ("3gp", "3gpp", "3g2"), "3GP (sound)", "video")
AUDIO_AND_VIDEO = (MP3, M4A, AAC, AMR, OGG, WAV, WEBM, MP4, MOV, THREE_GP, THREE_GP_SOUND)
IN_BOXES = (M4A, MP4, MOV, THREE_GP, THREE_GP_SOUND)  # of the ISO base media format, told apart by what plays in them

TYPES = (*PICTURES, *DOCUMENTS, *AUDIO_AND_VIDEO)
TEXT_DOCUMENTS, SPREADSHEETS = (DOC, DOCX, ODT, RTF), (XLS, XLSX, ODS)
TAKEN_NAMES = frozenset(name for type in TYPES for name in type.names)


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Endings that a system runs, or opens as a page that runs something: refused whatever lies inside.
PROGRAM_NAMES = _names(
    "exe bat cmd scr pif msi dll cpl js jse vbs vbe wsf hta lnk ps1 reg jar apk html htm xhtml mht svg swf php"
    " docm dotm xlsm xltm pptm"
)
# Endings of kinds that are not taken, by the reason that says what to do instead (errors.py).
FOREIGN_NAMES: dict[str, frozenset[str]] = {
    "archive": _names("rar 7z tar gz tgz bz2 xz arj cab iso"),
    "slides": _names("ppt pptx pps ppsx odp"),
    "other_picture": _names("avif bmp tif tiff psd cr2 cr3 nef arw dng jp2 jxl ico"),
    "other_film": _names("avi mkv wmv flv mpg mpeg vob mts m2ts ogv"),
    "other_sound": _names("flac aif aiff caf wma mid midi ape"),
    "unknown": _names("pages epub fb2 djvu mobi chm eml msg xml ps"),
}
KNOWN_NAMES = TAKEN_NAMES | PROGRAM_NAMES | frozenset().union(*FOREIGN_NAMES.values())


def _tolerated_extensions(type: Type) -> set[str]:
    """Laboratories call RTF .doc; an office's file is a zip, too."""
    forgiven = set(ZIP.names) if type in (DOCX, XLSX, ODT, ODS) else set()
    for family in (PICTURES, AUDIO_AND_VIDEO, TEXT_DOCUMENTS, SPREADSHEETS):
        if type in family:
            forgiven.update(name for one in family for name in one.names)
    return forgiven
