"""Lists as people export them, in bytes: made here, after what the programs write. All people are invented."""

from __future__ import annotations

import quopri
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

VERA, IVAN = "Тестова Вера Павловна", "Пробный Иван Ильич"
ONE, TWO = "+79165550101", "+79165550102"
BORN = date(1980, 5, 12)


@dataclass(frozen=True)
class ListFile:
    """What somebody sends, and whom it should invite: name and contact of each, faults of the rest."""

    data: bytes
    invited: Sequence[tuple[str, str]] = field(default=((VERA, ONE), (IVAN, TWO)))
    faults: Sequence[str] = ()
    birth_dates: Sequence[date | None] = ()


def table(*rows: str, encoding: str = "utf-8-sig", delimiter: str = ";", end: str = "\r\n") -> bytes:
    """Rows with «;» between their cells, as a program with other habits writes them."""
    return "".join(row.replace(";", delimiter) + end for row in rows).encode(encoding)


def vcard(*lines: str, version: str = "3.0") -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD"))


def quoted(words: str, charset: str = "UTF-8") -> str:
    """As phones of 2008–2014 write letters: quoted-printable, broken with «=» within 76 signs."""
    encoded = quopri.encodestring(words.encode(charset)).decode().replace("\n", "\r\n")
    return f";CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{encoded}"


GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,"
    "Name Suffix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,"
    "Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value"
)
GOOGLE_BEFORE_2023 = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Name Prefix,Nickname,Birthday,Notes,Group Membership,"
    "E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value"
)
OUTLOOK = (
    '"Обращение","Имя","Отчество","Фамилия","Организация","Должность","Рабочий телефон","Домашний телефон",'
    '"Телефон переносной","Факс рабочий","Адрес эл. почты","Тип эл. почты","Краткое имя эл. почты","День рождения",'
    '"Имя помощника","Телефон помощника","Супруг(а)"'
)
OUTLOOK_ENGLISH = (
    "Title,First Name,Middle Name,Last Name,Company,Job Title,Business Fax,Business Phone,Home Phone,Mobile Phone,"
    "Assistant's Phone,E-mail Address,E-mail Type,E-mail Display Name,Birthday,Manager's Name,Spouse"
)
THUNDERBIRD = (
    "Имя,Фамилия,Отображаемое имя,Псевдоним,Адрес электронной почты,Дополнительный адрес электронной почты,"
    "Рабочий телефон,Домашний телефон,Факс,Пейджер,Мобильный телефон,День рождения,Организация"
)

FILES: dict[str, ListFile] = {
    "excel of windows": ListFile(
        table("ФИО;Телефон", f"{VERA};8 916 555-01-01", f"{IVAN};8 916 555-01-02", encoding="cp1251")
    ),
    "excel, unicode text": ListFile(
        table("ФИО;Телефон", f"{VERA};89165550101", f"{IVAN};89165550102", encoding="utf-16", delimiter="\t")
    ),
    "utf-16 without its mark": ListFile(
        table("ФИО;Телефон", f"{VERA};89165550101", f"{IVAN};89165550102", encoding="utf-16-le", delimiter="\t")
    ),
    "a Mac's letters of two signs": ListFile(
        unicodedata.normalize("NFD", f"ФИО;Телефон\nЙорк Пётр;{ONE}\n").encode(), [("Йорк Пётр", ONE)]
    ),
    "1C, a report with its period": ListFile(
        table(
            "ООО «Клиника»;;;;", "Отчёт: контактная информация контрагентов;;;;", "Период: 01.01.2026 - 31.10.2026;;;;",
            "Отбор: Вид контрагента Равно «Пациент»;;;;", ";;;;", "Контрагент;Код;Дата рождения;Телефон;E-mail",
            f"{VERA};00-00000123;12.05.1980 0:00:00;+7 (916) 555-01-01;", f"{IVAN};00-00000124;;+7(916)5550102;",
            "Итого;2;;;", encoding="cp1251",
        ),
        faults=["no_contact"],
        birth_dates=[BORN, None],
    ),
    "clinic's program, codes that look like phones": ListFile(
        table(
            "№ карты|Пациент|Д.р.|СНИЛС|Паспорт|Моб. тел.|Лечащий врач|Телефон врача",
            f"9165550999|{VERA}|12.05.1980|916-555-099 01|92 05 123456|9165550101|Иванова Елена|+7 916 555-77-77",
            f"9165550998|{IVAN}|03.11.1975|916-555-098 01|92 05 123457|9165550102|Иванова Елена|+7 916 555-77-77",
            encoding="cp1251",
        ),
        birth_dates=[BORN, date(1975, 11, 3)],
    ),
    "no titles, a passport and SNILS": ListFile(
        table(f"1;{VERA};92 05 123456;916-555-099 01;89165550101", f"2;{IVAN};92 05 123457;916-555-098 01;89165550102")
    ),
    "no titles, the doctor behind": ListFile(
        table(f"{VERA};12.05.1980;89165550101;Иванова Елена Сергеевна", f"{IVAN};03.11.1975;89165550102;Иванова Елена")
    ),
    "«Номер» is the phone when nothing else is": ListFile(table("Имя;Номер", f"{VERA};{ONE}", f"{IVAN};{TWO}")),
    "«Номер» is no phone when there is one": ListFile(
        table("Номер;Имя;Контакты", f"9165550999;{VERA};{ONE}", f"9165550998;{IVAN};{TWO}"),
    ),
    "titles that lie": ListFile(table("Телефон;ФИО;Адрес", f"Центр;{VERA};{ONE}", f"Центр;{IVAN};{TWO}")),
    "pasted from a messenger": ListFile(
        table("Имя;Телефон", f"{VERA};\u202a+7\u00a0916\u00a0555\u201101\u201101\u202c",
              f"{IVAN};\u2066+8 916 555-01-02\u2069")
    ),
    "fullwidth and Arabic digits": ListFile(
        table("Имя;Телефон", f"{VERA};＋７９１６５５５０１０１", f"{IVAN};٨٩١٦٥٥٥٠١٠٢")
    ),
    "google": ListFile(
        table(
            GOOGLE,
            "Вера,Павловна,Тестова,,,,,,Верочка,,Завод,Бухгалтер,,1980-05-12,,,* myContacts,* Home,vera@example.org,"
            f"Home,+7 495 555-11-02,Mobile,{ONE}",
            f"Иван,,Пробный,,,,,,,,,,,,,,* myContacts,,,Mobile,8 495 555-11-03 ::: {TWO},,",
            encoding="utf-8", delimiter=",",
        ),
        [("Вера Павловна Тестова", ONE), ("Иван Пробный", TWO)],
        birth_dates=[BORN, None],
    ),
    "google before 2023, utf-16": ListFile(
        table(
            GOOGLE_BEFORE_2023,
            f"{VERA},Вера,Павловна,Тестова,,,,1980-05-12,,* My Contacts,* Home,vera@example.org,Mobile,{ONE}",
            f"{IVAN},Иван,Ильич,Пробный,,,,,,* My Contacts,,,Mobile,{TWO}",
            encoding="utf-16", delimiter=",",
        )
    ),
    "outlook": ListFile(
        table(
            OUTLOOK,
            f'"","Вера","Павловна","Тестова","Завод","Бухгалтер","8 (495) 555-11-02","","{ONE}","",'
            '"vera@example.org","SMTP","Вера (vera@example.org)","12.05.1980","Пётр","+79165557777",""',
            f'"","Иван","Ильич","Пробный","","","","","{TWO}","","","","","0.0.00","","","Мария"',
            encoding="cp1251", delimiter=",",
        ),
        [("Вера Павловна Тестова", ONE), ("Иван Ильич Пробный", TWO)],
        birth_dates=[BORN, None],
    ),
    "outlook in English": ListFile(
        table(
            OUTLOOK_ENGLISH,
            f"Ms,Vera,,Testova,Works,,+74955551199,+74955551102,,{ONE},+79165557777,vera@example.org,SMTP,Vera,12/25/1980,Boss,",
            "Mr,Jürgen,,Müller,,,,,,,,jm@example.org,SMTP,JM,0/0/00,,",
            encoding="cp1252", delimiter=",",
        ),
        [("Vera Testova", ONE), ("Jürgen Müller", "jm@example.org")],
        birth_dates=[date(1980, 12, 25), None],
    ),
    "thunderbird": ListFile(
        table(
            THUNDERBIRD,
            f"Вера,Тестова,{VERA},,vera@example.org,,8 495 555-11-02,,,,{ONE},1980-05-12,",
            f"Иван,Пробный,{IVAN},,,,,,,,{TWO},,",
            encoding="utf-8", delimiter=",",
        )
    ),
    "yandex": ListFile(
        table(
            "Имя;Отчество;Фамилия;Эл. почта;Телефон;Компания;Комментарий",
            f"Вера;Павловна;Тестова;vera@yandex.example.org;{ONE};;", f"Иван;Ильич;Пробный;;{TWO};;",
            delimiter=",", encoding="utf-8",
        ),
        [("Вера Павловна Тестова", ONE), ("Иван Ильич Пробный", TWO)],
    ),
    "iCloud, vCard 3": ListFile(
        (
            vcard("PRODID:-//Apple Inc.//iOS 17.1//EN", "N:Тестова;Вера;Павловна;;", f"FN:{VERA}",
                  "item1.TEL;type=HOME;type=VOICE:8 (495) 555-11-02", f"TEL;type=CELL;type=pref:{ONE}",
                  "item2.EMAIL;type=INTERNET:vera@example.org", "BDAY;value=date:1980-05-12",
                  "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ", " AAAAAAAAAAAA==")
            + vcard(f"FN:{IVAN}", f"TEL;type=CELL:{TWO}")
        ).encode(),
        birth_dates=[BORN, None],
    ),
    "an old Android, vCard 2.1": ListFile(
        (
            vcard(f"N{quoted('Тестова;Вера;Павловна;;')}", f"FN{quoted(VERA)}", f"TEL;CELL:{ONE}", version="2.1")
            + vcard(f"N{quoted('Пробный;Иван;Ильич;;')}", f"TEL;CELL;PREF:{TWO}", version="2.1")
        ).encode()
    ),
    "a button phone, vCard 2.1 in cp1251": ListFile(
        vcard(f"FN{quoted(VERA, 'windows-1251')}", f"TEL;CELL:{ONE}", version="2.1").encode(), [(VERA, ONE)]
    ),
    "vCard 4": ListFile(
        vcard(f"FN:{VERA}", f"TEL;VALUE=uri;TYPE=cell:tel:{ONE}", "BDAY:19800512", version="4.0").encode(),
        [(VERA, ONE)], birth_dates=[BORN],
    ),
    "landline: by mail, or said": ListFile(
        table("ФИО;Телефон;Почта", f"{VERA};8 495 555-11-02;vera@example.org", f"{IVAN};8 495 555-11-03;"),
        [(VERA, "vera@example.org")], faults=["landline"],
    ),
    "one person, at the phone and at the address": ListFile(
        table("ФИО;Телефон;Почта", f"{VERA};{ONE};vera@example.org", f"{VERA};;vera@example.org",
              f"{IVAN};;ivan@example.org", f"{IVAN};{TWO};ivan@example.org"),
        [(VERA, ONE), (IVAN, "ivan@example.org")], faults=["doubled", "doubled"],
    ),
    "a family with one address": ListFile(
        table("ФИО;Телефон;Почта", f"{VERA};{ONE};dom@example.org", f"{IVAN};{TWO};dom@example.org"),
    ),
    "second phone of who stands above": ListFile(
        table("ФИО;Телефон", f"{VERA};{ONE}, {TWO}", f"{IVAN};{TWO}"), [(VERA, ONE)], faults=["doubled"]
    ),
    "children and their mothers": ListFile(
        table("ФИО ребёнка;Дата рождения;ФИО матери;Телефон матери", f"Тестов Ваня;12.05.2020;{VERA};{ONE}",
              f"Пробная Аня;03.11.2019;Пробная Ольга;{TWO}"),
        [(VERA, ONE), ("Пробная Ольга", TWO)],
    ),
    "one's own phone before a relative's": ListFile(
        table("Пациент;Телефон родственника;Телефон", f"{VERA};+79165557777;{ONE}", f"{IVAN};+79165557778;")
        , [(VERA, ONE)], faults=["no_contact"],
    ),
    "a column of phones": ListFile(f"{ONE}\n{TWO}\n".encode(), [("", ONE), ("", TWO)]),
    "a sheet copied into a text": ListFile(
        table("Фамилия;Имя;Мобильный", f"Тестова;Вера;{ONE}", f"Пробный;Иван;{TWO}", delimiter="\t", encoding="utf-8"),
        [("Тестова Вера", ONE), ("Пробный Иван", TWO)],
    ),
    "addresses as mail programs copy them": ListFile(
        table('Кому;Почта', f"{VERA};Вера <Vera@Example.org>", f"{IVAN};ivan@КЛИНИКА.рф, ivan2@example.org"),
        [(VERA, "vera@example.org"), (IVAN, "ivan@клиника.рф")],
    ),
    "utf-8 with one broken sign": ListFile(
        table("ФИО;Телефон", f"{VERA};{ONE}", f"{IVAN};{TWO}", encoding="utf-8") + b"\xd0;\r\n", faults=["no_contact"]
    ),
}  # fmt: skip

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1251",
    "cp866",
    "koi8_r",
    "mac_cyrillic",
    "iso8859_5",
)
DELIMITERS = (";", ",", "\t", "|")
HEADERS = {
    "none": [],
    "titles": ["ФИО;Телефон;Дата рождения"],
    "a report's name": ["Список пациентов;;", "ФИО;Телефон;Дата рождения"],
    "name, period, nothing": [
        "Отчёт по пациентам;;",
        "Период: 01.01.2026 - 30.06.2026;;",
        ";;",
        "Пациент;Моб. тел.;Д.р.",
    ],
    "capitals": ["ПАЦИЕНТ;ТЕЛЕФОН;ДАТА РОЖДЕНИЯ"],
}


def grid_file(encoding: str, delimiter: str, header: str) -> bytes:
    rows = [*HEADERS[header], f"{VERA};8 (916) 555-01-01;12.05.1980", f"{IVAN};+7 916 555-01-02;03.11.1975"]
    return table(*rows, encoding=encoding, delimiter=delimiter)
