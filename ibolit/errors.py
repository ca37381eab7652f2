"""The clinic's exceptions: named for the broken rule, each with its status and what to do next."""

from __future__ import annotations

import click


class Refused(Exception):
    """A rule said no; `sentence` is shown to the person."""

    status = 422
    sentence = "Это действие сейчас невозможно."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)
        if sentence:
            self.sentence = sentence


class TooManyAttempts(Refused):
    status = 429
    sentence = "Слишком много попыток. Подождите немного и попробуйте ещё раз."


class CodeIsWrong(Refused):
    sentence = "Код не подходит. Проверьте цифры из СМС."

    def __init__(self, left: int) -> None:
        super().__init__(None if left > 0 else "Код не подходит, попытки кончились. Запросите новый код.")


class CodeIsOld(Refused):
    sentence = "Этот код устарел. Запросите новый."


class CodeIsSpent(Refused):
    sentence = "Этот код больше не действует. Запросите новый."


class LinkIsSpent(Refused):
    sentence = "Ссылка больше не действует. Запросите новую в профиле."


class WrongPassword(Refused):
    sentence = "Телефон (или почта) и пароль не подходят друг к другу."


class ChatIsClosed(Refused):
    """The chat takes no messages from the patient now; the typed text stays with him."""

    status = 409
    sentence = "Время общения истекло. Сообщение не отправлено, текст сохранён."


class ChatNeedsTariff(ChatIsClosed):
    sentence = "Выберите тариф, чтобы написать. Сообщение не отправлено, текст сохранён."


class FileRefused(Refused):
    """A file that is not taken; the message's text and its other files stay where they are."""

    sentence = "Файл не подошёл. Выберите другой."


class FileTooLarge(FileRefused):
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"Файл больше {most // 1024**2} МБ. Сожмите его или отправьте по частям.")


class FileNotTaken(FileRefused):
    """Nothing is wrong with the file, we cannot take it now."""

    status = 503
    sentence = "Сейчас файл принять не получается. Повторите через несколько минут."


class TooManyFiles(FileRefused):
    sentence = "Слишком много неотправленных файлов. Отправьте или уберите прежние."


class AttachmentIsSent(FileRefused):
    sentence = "Этот файл уже отправлен. Прикрепите его ещё раз."


class AttachmentIsGone(FileRefused):
    sentence = "Файл пролежал больше суток без отправки и стёрт. Прикрепите его ещё раз."


class AttachmentHasNotArrived(FileRefused):
    sentence = "Файл ещё не загрузился. Дождитесь загрузки или прикрепите его ещё раз."


class DoctorTakesNoMessages(Refused):
    status = 409
    sentence = "Врач сейчас не принимает сообщения."


class NothingChosen(Refused):
    sentence = "Выберите тариф."


class NothingToBuy(Refused):
    status = 409
    sentence = "Этот тариф сейчас не продаётся. Выберите другой."


class PaymentNotMade(Refused):
    status = 409
    sentence = "Оплату создать не получилось, деньги не списаны. Попробуйте позже или позвоните в клинику."


class NothingToGiveBack(Refused):
    status = 409
    sentence = "По этому платежу возвращать уже нечего."


class RestHasChanged(Refused):
    sentence = "По этому платежу только что возвращали деньги. Проверьте сумму и нажмите ещё раз."


class TooMuchBack(Refused):
    def __init__(self, most: int) -> None:
        super().__init__(f"Вернуть можно не больше {most / 100:.2f} ₽.".replace(".", ",", 1))
        self.most = most


class WrongPayment(Exception):
    """The provider spoke of another payment than we asked about."""


class CannotStart(click.ClickException):
    """The clinic's IT sees this sentence alone, from the command line and from the server."""


class WrongClinic(CannotStart):
    """Demo and real data must not meet."""
