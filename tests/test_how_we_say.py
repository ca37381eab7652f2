"""Everything iBolit says in Russian, against docs/words.md: signs, letters, words, and nobody's sex."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from russian import CYRILLIC, HERE, ROOT, Said, everything

from ibolit import errors

pytestmark = pytest.mark.any_database

TEMPLATES = ROOT / "ibolit/templates"

# Always with «ё», whatever stands around them; «все», «чем» and the like are left to the reader.
YO = r"""ее|еще|нее|моем|твоем|своем|счета?|счету|счетом|платеж|ребенок|чье|мое|твое|свое|прием|приема|приеме|прочтет
    |придет|найдет|дойдет|уйдет|пойдет|начнет|вернет|идет|ждет|живет|дает|темный|желтый|черный|зеленый|легкий|отчет|расчет|учет
    |вперед|подтвержден|продлен|сохранен|отменен|удален|включен|изменен|завершен|перенесен|произведен|возвращен|разрешен|запрещен
    |надежн\w+|объем|подъем|самолет|причем|почем|насчет|емкость|дешев\w+"""
NEVER = r"""к\ сожалению|успешно|внимание\b|данн(?:ый|ого|ом)\ (?:файл|чат|номер)|осуществ|произвести|производится
    |в\ настоящее\ время|некорректн|валидн|что-то\ пошло\ не\ так|вы\ не\ можете|критическ|\bтокен|\bсесси
    |синхрониз|\bкэш"""
OTHER_WORDS = r"""e-mail|\bemail\b|[ие]мейл|\bSMS\b|\bсмс\b|логин|авториз|личн\w+\ кабинет|девайс|гаджет|юзер
    |пользовател|рефанд|транзакц"""
BETWEEN = r"(?: (?:вам|вас|ему|ещё|уже|на неё|не|после оплаты))*"
ABOUT_PEOPLE = rf"(?:\b(?:[Вв]рач|[Пп]ациент|[Дд]октор)|{HERE}){BETWEEN} \w{{2,}}(?:л|лся)\b"
RULES = {
    "straight quotes": r"[\"”]|(?<!„\w)“(?!»)|(?<=[А-яё])'|'(?=[А-яё])",
    "three dots": r"\.\.\.",
    "a hyphen or a long dash in place of « – »": r"(?<=\s)-(?=\s)|—|(?<=[А-яё])–(?=[А-яё])",
    "two spaces": r"\S  +\S",
    "«е» in place of «ё»": rf"(?ix)\b(?:{YO})\b",
    "a zone in Latin letters": r"\b(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Z]",
    "Latin letters in a Russian word": r"[А-яё][A-Za-z]|[A-Za-z][А-яё]",
    "«руб.»": r"\b(?:руб|р)\.(?!\?)",
    "an exclamation": r"(?<!Здравствуйте)!",
    "what we never say": rf"(?ix){NEVER}",
    "another word for it": rf"(?x){OTHER_WORDS}",
    "«Вы» in the middle of a sentence": r"(?<=[а-яё,] )(?:Вы|Вас|Вам|Вами|Ваш\w*)\b",
    "somebody's sex": ABOUT_PEOPLE,
}
# Papers of the law have words of their own, and nothing there changes without everybody's new consent; patients and
# doctors of the demo talk as people do.
FREE = {
    "ibolit/templates/documents/": ("another word for it", "somebody's sex"),
    "ibolit/seeds/": ("an exclamation", "somebody's sex"),
}
PATTERN = re.compile(r"\w\|\w|\\b|\[а-я")  # what is looked for, never said


@cache
def said() -> list[Said]:
    return [one for one in everything() if not PATTERN.search(one.words)]


def plain(words: str) -> str:
    return re.sub(r"<[^>]*>", "", words)


@pytest.mark.parametrize("rule", RULES)
def test_everything_is_said_by_the_rules(rule: str) -> None:
    wrong = re.compile(RULES[rule])
    free = tuple(path for path, rules in FREE.items() if rule in rules)
    assert [str(one) for one in said() if not one.path.startswith(free) and wrong.search(plain(one.words))] == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("straight quotes", 'Нажмите "Да"'),
        ("straight quotes", "Нажмите “Да”"),
        ("three dots", "Отправляем..."),
        ("a hyphen or a long dash in place of « – »", "Чат - закрыт"),
        ("a hyphen or a long dash in place of « – »", "Чат — закрыт"),
        ("two spaces", "Чат  закрыт"),
        ("«е» in place of «ё»", "Подождите еще"),
        ("«е» in place of «ё»", "Платеж отменен"),
        ("a zone in Latin letters", "Ваш пояс Europe/Moscow"),
        ("Latin letters in a Russian word", "cчёт"),
        ("«руб.»", "1500 руб."),
        ("an exclamation", "Готово!"),
        ("what we never say", "К сожалению, нет"),
        ("what we never say", "Сессия закончилась"),
        ("another word for it", "Введите e-mail"),
        ("another word for it", "Введите код из SMS"),
        ("«Вы» in the middle of a sentence", "Если Вы готовы"),
        ("somebody's sex", "Врач ещё не ответил"),
        ("somebody's sex", f"{HERE} отменил: нет времени"),
    ],
)
def test_rule_finds_what_it_forbids(rule: str, words: str) -> None:
    assert re.search(RULES[rule], words)


def test_quotes_are_closed() -> None:
    assert [str(one) for one in said() if one.words.count("«") != one.words.count("»")] == []


def test_refusals_are_whole_sentences() -> None:
    sentences = {rule.sentence for rule in _rules(errors.RuleViolation)}
    assert [one for one in sentences if not re.fullmatch(r"[А-ЯЁ].*[.?]", one)] == []


def _rules(noun: type[errors.RuleViolation]) -> list[type[errors.RuleViolation]]:
    return [noun, *(one for below in noun.__subclasses__() for one in _rules(below))]


# Of a form: what is wrong, and what to do, is a sentence.
REFUSING = {"DataRequired", "InputRequired", "ValidationError", "RuleViolation", "StopValidation"}


def test_what_forms_refuse_is_said_in_sentences() -> None:
    told = [one for path in sorted((ROOT / "ibolit").rglob("*.py")) for one in _refusals(ast.parse(path.read_text()))]
    assert len(told) > 60
    assert [one for one in told if not re.fullmatch(r"[А-ЯЁ].*[.?]", one)] == []


def _refusals(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        said = [*node.args[:1]] if name in REFUSING else []
        said += [one.value for one in node.keywords if one.arg == "message"]
        for one in said:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and CYRILLIC.search(one.value):
                yield one.value


# What is pressed says what will happen; these say it otherwise.
BUTTONS = {
    *(
        "Да",
        "Нет",
        "Да, открыть чат",
        "Слышу",
        "Не слышу",
        "Всё равно отправить",
        "Готов общаться",
        "Дальше",
        "Разобрались",
        "Вернули иначе",
    ),
    *("Это не я", "Это не мои переписки", "У меня уже есть пароль", "Забыли пароль", "Больше не сообщать"),
    *("Ответ не нужен", "К разговору", "Только звук", "Поверх других окон", "Во весь экран", "О пациенте"),
    "Согласие получено устно",
}
VERB = re.compile(r"[А-ЯЁ][а-яё]+(?:ть|ти|чь|ться)\b")


def test_buttons_are_verbs() -> None:
    told = [words for path in TEMPLATES.rglob("*.html") for words in _buttons(path.read_text())]
    assert len(told) > 60
    assert [words for words in told if not VERB.match(words) and words not in BUTTONS] == []


def _buttons(source: str) -> Iterator[str]:
    """Words on a button that stand there plainly; those put in by a variable stand plainly elsewhere."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", source, flags=re.DOTALL)
    for found in re.finditer(r"<button\b.*?>(.*?)</button>", bare, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]*>|\{\{.*?\}\}", " ", found[1], flags=re.DOTALL).split())
        if CYRILLIC.search(words):
            yield words


def test_reader_reads_all_three_languages() -> None:
    """A reader that finds nothing forbids nothing."""
    paths = " ".join({one.path.rpartition(".")[2] for one in said()})
    assert sorted(paths.split()) == ["html", "js", "py", "txt"]
    assert len(said()) > 2000
    words = {plain(one.words).strip() for one in said()}
    assert {"Назад к решениям", "Это уже решено.", "Нет связи с клиникой. Переподключаемся"} <= words
