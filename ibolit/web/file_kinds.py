"""What is said of files that are not taken, and the list of kinds for the page that picks them: the server's own."""

from __future__ import annotations

import json
from functools import cache

from ..services.media import Unreadable, file_types

TAKEN = "Подойдут фото, PDF, Word, Excel, текст, ZIP, DICOM, звук и видео."
SENTENCES = {
    Unreadable.EMPTY: "Файл пустой.",
    Unreadable.UNKNOWN: f"Такие файлы здесь не открыть. {TAKEN} Документ можно сохранить как PDF.",
    Unreadable.ARCHIVE: "Такие архивы открываются не у всех. Прикрепите файлы по одному или сожмите их в ZIP.",
    Unreadable.SLIDES: "Презентации открываются не у всех. Сохраните её как PDF.",
    Unreadable.OTHER_PICTURE: "Такие снимки открываются не у всех. Сохраните его как JPEG или PNG.",
    Unreadable.OTHER_FILM: "Такие видео открываются не у всех. Сохраните его как MP4.",
    Unreadable.OTHER_SOUND: "Такие записи открываются не у всех. Сохраните её как MP3 или M4A.",
    Unreadable.BELIES: "Имя файла говорит одно, а внутри другое. Сохраните его заново и прикрепите ещё раз.",
    Unreadable.DANGEROUS: "Это программа, страница или документ с макросами: их здесь не принимают, чтобы никому не"
    " навредить. Результаты с сайта сохраните как PDF.",
    Unreadable.LOCKED: "Файл закрыт паролем, и по имени не видно, Word это или Excel. Снимите пароль или назовите файл"
    " с окончанием .docx или .xlsx.",
    Unreadable.UNSUPPORTED: "Подготовить такой файл здесь не получается, хотя сам он может быть исправен. Сохраните его"
    " в другом виде: фото – JPEG, документ – PDF, видео – MP4, звук – MP3.",
    Unreadable.BROKEN: "Файл не открывается: похоже, он повреждён. Сохраните его заново или скачайте ещё раз.",
    Unreadable.TOO_LARGE: "На снимке слишком много точек. Уменьшите его и прикрепите ещё раз.",
    Unreadable.TOO_LONG: "Голосовое сообщение длиннее пяти минут.",
}


@cache
def kinds_for_page() -> str:
    """JSON: icons of the endings that are taken, and of each group that is not its endings and sentence.

    An ending in none of them says nothing: the content decides.
    """
    icons: dict[str, list[str]] = {}
    for type in file_types.TYPES:
        icons.setdefault(type.icon, []).extend(name for name in type.names if name not in icons.get(type.icon, ()))
    refused = {Unreadable.DANGEROUS: file_types.PROGRAM_NAMES} | file_types.FOREIGN_NAMES
    return json.dumps(
        {
            "taken": {icon: " ".join(names) for icon, names in icons.items()},
            "refused": [[" ".join(sorted(names)), SENTENCES[reason]] for reason, names in refused.items()],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def accepted_pictures() -> str:
    """For `accept=` where only a picture will do."""
    return ",".join(type.mimetype for type in file_types.PICTURES)
