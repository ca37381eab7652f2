"""How the clinic writes Russian: plurals, sizes, dates, and times in the zone of whoever reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime

from .services import clock
from .sums import NBSP

RUSSIAN = Locale("ru")
PLURAL = RUSSIAN.plural_form  # looked up once, as a page asks it with every row
PATRONYMIC = re.compile(r".+(вич|вна|ична)")
WEEKDAYS = "Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"
MINUS = "\u2212"
MOSCOW = ZoneInfo("Europe/Moscow")
# What is asked of whom: the ending of a surname, and what stands for it in the accusative.
SURNAMES = (
    *((ending, ending[:-1] + "у") for ending in ("ова", "ева", "ёва", "ина", "ына")),
    *((ending, ending[:-2] + "ую") for ending in ("ская", "цкая")),
    *((ending, ending[:-2] + "ого") for ending in ("ский", "цкий")),
    *((ending, ending + "а") for ending in ("ов", "ев", "ёв", "ин", "ын")),
)


def plural(count: int, one: str, few: str, many: str) -> str:
    """«1 день», «2 дня», «5 дней», with a space that does not break."""
    words = {"one": one, "few": few, "many": many, "other": many}
    return f"{count}{NBSP}{words[PLURAL(count)]}"


def quoted(words: str) -> str:
    return f"«{words}»"


def listed(words: Iterable[str]) -> str:
    """«А», «А и Б», «А, Б и В»."""
    *first, last = words
    return f"{', '.join(first)} и {last}" if first else last


def decimal(number: float) -> str:
    """4.8333 → «4,8», 5.0 → «5»."""
    return f"{number:.1f}".removesuffix(".0").replace(".", ",")


def file_size(size: int) -> str:
    """1258291 → «1,2 МБ»."""
    if size < 1024:
        return f"{size}{NBSP}Б"
    if size < 1000 * 1024:
        return f"{-(-size // 1024)}{NBSP}КБ"
    megabytes = f"{size / 1024**2:.1f}".removesuffix(".0").replace(".", ",")
    return f"{megabytes}{NBSP}МБ"


def clock_length(seconds: float) -> str:
    """«2:05», «1:02:05»."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def short_name(name: str, most: int = 44) -> str:
    """A file's long name without its middle: the end tells what it is."""
    end = most // 3
    return name if len(name) <= most else f"{name[: most - end - 1].rstrip()}…{name[-end:].lstrip()}"


def with_initials(name: str) -> str:
    """«Соколова Анна Павловна» → «Соколова А. П.», «Анна Павловна Соколова» → «А. П. Соколова».

    For a head with large letters. A name without a patronymic says not which of its words is the surname: it stays.
    """
    words, surname = name.split(), _place_of_surname(name)
    if surname is None:
        return name
    return " ".join(word if at == surname else f"{word[0]}." for at, word in enumerate(words)).replace(". ", f".{NBSP}")


def spoken_to(name: str) -> str:
    """How one is spoken to: «Соколова Анна Павловна» and «Анна Павловна Соколова» → «Анна Павловна». A name without a
    patronymic says not which of its words is the surname: it stays."""
    surname = _place_of_surname(name)
    return name if surname is None else " ".join(word for at, word in enumerate(name.split()) if at != surname)


def surname_of(name: str) -> str:
    """«Лебедев Михаил Аркадьевич» → «Лебедев»; a name without a patronymic does not say which word it is: it stays."""
    surname = _place_of_surname(name)
    return name if surname is None else name.split()[surname]


def awaited(name: str) -> str:
    """Whom one waits for, in the accusative: «Иванова Елена Сергеевна» → «Иванову», «Лебедев …» → «Лебедева».

    The endings tell how a surname is declined, and where they do not, nobody's name is spoilt: «врача».
    """
    surname = surname_of(name)
    if surname == name:
        return "врача"
    for ending, becomes in SURNAMES:
        if surname.lower().endswith(ending):
            return surname[: len(surname) - len(ending)] + becomes
    return "врача"


def without_patronymic(name: str) -> str:
    """«Иванова Елена Сергеевна» → «Иванова Елена», «Анна Павловна Соколова» → «Анна Соколова»: to be heard often."""
    words = name.split()
    kept = [word for word in words if not PATRONYMIC.fullmatch(word)]
    return " ".join(kept) if len(words) == 3 and len(kept) == 2 else name


def local_time(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.hour:02}:{local.minute:02}"


def local_day(moment: datetime, zone: ZoneInfo) -> str:
    """ISO date in the reader's zone: what days are told apart by."""
    return moment.astimezone(zone).date().isoformat()


def day_of(moment: datetime, zone: ZoneInfo) -> str:
    """«25 декабря», «25 января 2027» when it is of another year."""
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    return _written(day, "d MMMM" if day.year == today.year else "d MMMM y")


def date_in_full(day: date) -> str:
    """«3 мая 1957»: a day of the calendar, wherever it is read."""
    return _written(day, "d MMMM y")


def weekday_and_day(day: date) -> str:
    """«понедельник, 30 ноября»: of a page that says the year elsewhere."""
    return _written(day, "EEEE, d MMMM")


def short_weekday(day: date) -> str:
    """«Пн»."""
    return WEEKDAYS[day.weekday()]


def short_day(day: date, zone: ZoneInfo) -> str:
    """«Сегодня», «Завтра», «Ср, 2 декабря» by the reader's calendar."""
    near = {0: "Сегодня", 1: "Завтра"}.get((day - clock.now().astimezone(zone).date()).days)
    return near or f"{short_weekday(day)}, {_written(day, 'd MMMM')}"


def week_title(first: date, last: date, today: date) -> str:
    """«7–13 декабря», «30 ноября – 6 декабря», with the year where it is not today's."""
    begins = str(first.day) if first.month == last.month else _written(first, "d MMMM")
    if first.year != last.year:
        begins = _written(first, "d MMMM y")
    between = "–" if begins.isdecimal() else " – "
    return begins + between + _written(last, "d MMMM" if first.year == last.year == today.year else "d MMMM y")


def day_title(moment: datetime, zone: ZoneInfo) -> str:
    """«Сегодня», «Вчера», «25 ноября», «25 ноября 2025»."""
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    if day == today:
        return "Сегодня"
    if day == today - timedelta(days=1):
        return "Вчера"
    return day_of(moment, zone)


def day_and_time(moment: datetime, zone: ZoneInfo) -> str:
    """«25 ноября, 14:00», «25 января 2027, 14:00» when it is of another year."""
    return f"{day_of(moment, zone)}, {local_time(moment, zone)}"


def short_deadline(moment: datetime, zone: ZoneInfo) -> str:
    """«12:00» of today, else «25 ноября, 12:00»."""
    is_today = local_day(moment, zone) == local_day(clock.now(), zone)
    return local_time(moment, zone) if is_today else day_and_time(moment, zone)


def zone_mark(moment: datetime, zone: ZoneInfo) -> str:
    """«МСК», «МСК+7», «МСК-1»: how Russians tell zones apart; minutes only where a zone has them."""
    ahead = moment.astimezone(zone).utcoffset() or timedelta()
    minutes = int((ahead - (moment.astimezone(MOSCOW).utcoffset() or timedelta())).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return "МСК" + (f"{'+' if minutes > 0 else MINUS}{hours}" + (f":{rest:02}" if rest else "") if minutes else "")


def clocks_differ(moment: datetime, zone: ZoneInfo, other: ZoneInfo) -> bool:
    """Two people read other hours at that moment, whatever their zones are called."""
    return moment.astimezone(zone).utcoffset() != moment.astimezone(other).utcoffset()


def time_for(moment: datetime, zone: ZoneInfo) -> str:
    """«14:00 (МСК)» in Moscow; elsewhere «16:00 (14:00 МСК)», with the day where it is another one there."""
    local, there = moment.astimezone(zone), moment.astimezone(MOSCOW)
    if local.utcoffset() == there.utcoffset():
        return f"{local:%H:%M} (МСК)"
    day = "" if local.date() == there.date() else _written(there.date(), "d MMMM, ")
    return f"{local:%H:%M} ({day}{there:%H:%M} МСК)"


def when_for(moment: datetime, zone: ZoneInfo) -> str:
    """«25 ноября, 16:00 (14:00 МСК)»."""
    return f"{day_of(moment, zone)}, {time_for(moment, zone)}"


def in_full(moment: datetime, zone: ZoneInfo) -> str:
    """«25 ноября 2026, 14:00 (МСК)»: on papers, which are read in other years and elsewhere."""
    return f"{_day_and_hour(moment, zone)} ({zone_mark(moment, zone)})"


def period_in_full(begins: datetime, ends: datetime | None, zone: ZoneInfo) -> str:
    """«25 ноября 2026, 14:03–14:27 (МСК)»; over midnight «25 ноября 2026, 23:50 – 26 ноября 2026, 00:15 (МСК)»."""
    if ends is None or local_time(begins, zone) == local_time(ends, zone):
        return in_full(begins, zone)
    if local_day(begins, zone) != local_day(ends, zone):
        return f"{_day_and_hour(begins, zone)} – {in_full(ends, zone)}"
    return f"{_day_and_hour(begins, zone)}–{local_time(ends, zone)} ({zone_mark(begins, zone)})"


def weekday_of(moment: datetime, zone: ZoneInfo) -> str:
    """«среда», «сегодня», «завтра»: how near days are called."""
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    near = {0: "сегодня", 1: "завтра", 2: "послезавтра", -1: "вчера"}
    return near.get((day - today).days) or _written(day, "EEEE")


def near_time(moment: datetime, zone: ZoneInfo) -> str:
    """«завтра, 10:30», «25 ноября, 10:30»; where Moscow's clock is another, «сегодня, 16:00 (14:00 МСК)»."""
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    name = {0: "сегодня", 1: "завтра"}.get((day - today).days) or day_of(moment, zone).replace(" ", NBSP)
    is_elsewhere = clocks_differ(moment, zone, MOSCOW)
    return f"{name}, {time_for(moment, zone) if is_elsewhere else local_time(moment, zone)}"


def time_until(moment: datetime) -> str:
    """«через 3 дня», «через 2 часа», «через 5 минут»: rounded down to what is still true, «сейчас» at the end."""
    left = moment - clock.now()
    if left >= timedelta(days=1):
        return "через " + plural(left // timedelta(days=1), "день", "дня", "дней")
    if left >= timedelta(hours=1):
        return "через " + plural(left // timedelta(hours=1), "час", "часа", "часов")
    minutes = -(-left // timedelta(minutes=1))
    return "через " + plural(minutes, "минуту", "минуты", "минут") if minutes > 0 else "сейчас"


def soon(moment: datetime, zone: ZoneInfo) -> str:
    """«через 2 часа» within half a day, «завтра», «послезавтра», then «через 5 дней» by the reader's calendar."""
    if moment - clock.now() < timedelta(hours=12):
        return time_until(moment)
    days = (moment.astimezone(zone).date() - clock.now().astimezone(zone).date()).days
    if days <= 0:
        return time_until(moment)
    return {1: "завтра", 2: "послезавтра"}.get(days) or "через " + plural(days, "день", "дня", "дней")


def soon_changes_at(moment: datetime, zone: ZoneInfo) -> datetime:
    """When soon() will say something else: at the latest at the reader's midnight."""
    tomorrow = clock.now().astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), zone).astimezone(UTC)
    half_a_day = moment - timedelta(hours=12) + timedelta(seconds=1)
    return min(one for one in (words_change_at(moment), midnight, half_a_day) if one > clock.now())


def words_change_at(moment: datetime) -> datetime:
    """When time_until() will say something else."""
    left = moment - clock.now()
    for step in (timedelta(days=1), timedelta(hours=1)):
        if left >= step:
            return moment - (left // step) * step + timedelta(seconds=1)
    return moment - (-(-left // timedelta(minutes=1)) - 1) * timedelta(minutes=1)


def month_title(moment: datetime, zone: ZoneInfo) -> str:
    """«Ноябрь», «Ноябрь 2025»."""
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    return _written(day, "LLLL" if day.year == today.year else "LLLL y").capitalize()


def short_when(moment: datetime, zone: ZoneInfo) -> str:
    """In a list: the time today, «вчера», else the date, with its year if it was another."""
    title = day_title(moment, zone)
    if title == "Сегодня":
        return local_time(moment, zone)
    if title == "Вчера":
        return "вчера"
    day, today = moment.astimezone(zone).date(), clock.now().astimezone(zone).date()
    return _written(day, "d MMM" if day.year == today.year else "d MMM y").rstrip(".")


def time_left(until: datetime) -> str:
    """«ещё 2 дня», «ещё 5 часов», «ещё 10 минут»: rounded up, so that it never says nothing is left."""
    left = max(until - clock.now(), timedelta(minutes=1))
    if left > timedelta(days=1):
        return "ещё " + plural(-(-left // timedelta(days=1)), "день", "дня", "дней")
    if left > timedelta(hours=1):
        return "ещё " + plural(-(-left // timedelta(hours=1)), "час", "часа", "часов")
    return "ещё " + plural(-(-left // timedelta(minutes=1)), "минуту", "минуты", "минут")


def waited(length: timedelta) -> str:
    """«ждёт 5 мин», «ждёт 3 ч», «ждёт 2 дня»: rounded down, from a minute on."""
    if length >= timedelta(days=1):
        return "ждёт " + plural(length // timedelta(days=1), "день", "дня", "дней")
    hours = length // timedelta(hours=1)
    return f"ждёт {hours}{NBSP}ч" if hours else f"ждёт {max(1, length // timedelta(minutes=1))}{NBSP}мин"


def within(seconds: int) -> str:
    """«за 20 минут», «за 2 часа», «за 3 дня»: rounded up, so that nobody is promised more than was measured."""
    minutes = max(1, -(-seconds // 60))
    if minutes < 60:
        return f"за {-(-minutes // 5) * 5}{NBSP}минут" if minutes <= 55 else f"за 1{NBSP}час"
    hours = -(-minutes // 60)
    if hours <= 24:
        return "за " + plural(hours, "час", "часа", "часов")
    return "за " + plural(-(-hours // 24), "день", "дня", "дней")


def answering_days(days: int) -> str:
    """«Пн–Пт», «Пн, Ср, Сб», «ежедневно»: a bit a day, Monday the lowest."""
    chosen = [number for number in range(7) if days >> number & 1]
    if len(chosen) == 7:
        return "ежедневно"
    first, last = chosen[0], chosen[-1]
    if len(chosen) > 2 and last - first + 1 == len(chosen):
        return f"{WEEKDAYS[first]}–{WEEKDAYS[last]}"
    return ", ".join(WEEKDAYS[number] for number in chosen)


def length_of(minutes: int) -> str:
    """«15 минут», «2 часа», «3 дня»: in the largest unit of which it is a whole number."""
    if minutes and minutes % (24 * 60) == 0:
        return plural(minutes // (24 * 60), "день", "дня", "дней")
    if minutes and minutes % 60 == 0:
        return plural(minutes // 60, "час", "часа", "часов")
    return plural(minutes, "минута", "минуты", "минут")


def minute_of_day(minute: int) -> str:
    """«9:00», «24:00»."""
    return f"{minute // 60}:{minute % 60:02}"


def epoch(moment: datetime | None) -> int:
    """Milliseconds for scripts that sort and count down."""
    return int(moment.timestamp() * 1000) if moment else 0


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of those that are known."""
    return min((moment for moment in moments if moment is not None), default=None)


def _place_of_surname(name: str) -> int | None:
    """Which of its words it is: the patronymic tells; None where there is none."""
    words = name.split()
    if len(words) != 3 or not any(PATRONYMIC.fullmatch(word) for word in words[1:]):
        return None
    return 0 if PATRONYMIC.fullmatch(words[2]) else 2


def _day_and_hour(moment: datetime, zone: ZoneInfo) -> str:
    return format_datetime(moment, "d MMMM y, HH:mm", tzinfo=zone, locale=RUSSIAN)


@lru_cache(maxsize=1024)
def _written(day: date, pattern: str) -> str:
    """A page says the same day in every row."""
    return format_date(day, pattern, locale=RUSSIAN)
