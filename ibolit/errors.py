"""The clinic's exceptions: named for the broken rule, each with its status and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from .sums import NBSP, rubles


class RuleViolation(Exception):
    """A rule said no; `sentence` is shown to the person."""

    status = 422
    sentence = "Это действие сейчас невозможно."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)
        if sentence:
            self.sentence = sentence


class DayIsTooSoon(RuleViolation):
    """A new version of a document is asked three days after it was there, at least."""


class TooManyAttempts(RuleViolation):
    status = 429
    sentence = "Слишком много попыток. Подождите немного и попробуйте ещё раз."


class NetworkHasAskedEnough(TooManyAttempts):
    sentence = "Из вашей сети сегодня просили слишком много кодов. Войдите с паролем или попробуйте завтра."


class CheckFailed(Exception):
    """A check of the clinic's health has found something; the message says what to do."""


class CheckHint(Exception):
    """A check has found what is well as long as it is meant: a choice, and its price."""


class NumberIsAnothers(RuleViolation):
    """Told only to who has just proved that they hold the number."""

    status = 409
    sentence = "С этим номером уже есть другой аккаунт. Выйдите и войдите в него или позвоните в клинику."


class PhoneIsNew(RuleViolation):
    """The office gave it instead of a lost one: who holds it may be a stranger yet."""

    sentence = (
        "Номер этого аккаунта недавно сменила клиника. Запросить копию данных, удалить аккаунт или сменить номер можно "
        "через трое суток после этого."
    )


class PhoneIsTaken(RuleViolation):
    status = 409
    sentence = "Этот номер уже занят."


class CodeIsWrong(RuleViolation):
    """`was_sent`: where a clinic writes to invited phones only, the words suppose no SMS, whoever reads them."""

    sentence = "Код не подходит."

    def __init__(self, left: int, *, was_sent: bool) -> None:
        if left <= 0:
            super().__init__("Код не подходит, попытки кончились. Запросите новый код.")
        else:
            super().__init__(f"{self.sentence} Проверьте цифры из СМС." if was_sent else None)


class MailedCodeIsWrong(RuleViolation):
    sentence = "Код не подходит. Проверьте цифры из письма."


class CodeIsOld(RuleViolation):
    sentence = "Этот код устарел. Запросите новый."


class CodeIsSpent(RuleViolation):
    sentence = "Этот код больше не действует. Запросите новый."


class NameDoesNotMatch(RuleViolation):
    sentence = "Имя не совпадает с прежним. Напишите его так, как называли себя раньше: имя и фамилию."


class OwnerDoesNotMatch(NameDoesNotMatch):
    sentence = "Имя или дата рождения не совпадают с прежними. Проверьте оба поля."


class BornTooEarly(RuleViolation):
    sentence = "Проверьте год: он раньше 1900."


class NotBornYet(RuleViolation):
    sentence = "Этот день ещё не наступил. Проверьте год."


class CodeIsElsewhere(RuleViolation):
    sentence = "Код просили в другом браузере, запросите новый здесь."


class AccountIsFrozen(RuleViolation):
    """Somebody said «Это не я». Told only to who has shown the password or the phone."""

    status = 403
    sentence = "Вход закрыт, потому что кто-то нажал «Это не я». Позвоните в клинику, и его откроют."


class NotMeIsSpent(RuleViolation):
    status = 404
    sentence = "Ссылка больше не действует."


class TooManyAtOnce(RuleViolation):
    status = 503
    sentence = "Сейчас входит слишком много людей. Подождите минуту и попробуйте ещё раз."


class LinkIsSpent(RuleViolation):
    sentence = "Ссылка больше не действует. Запросите новую в профиле."


class DeviceTransferSpent(RuleViolation):
    sentence = (
        "Ссылка больше не действует. Сделайте новую на первом устройстве: она живёт 10 минут и открывается один раз."
    )


class ConsultationIsNotOpen(RuleViolation):
    status = 409
    sentence = "Это работает, пока открыто время разговора."


class WrongPassword(RuleViolation):
    sentence = "Телефон (или почта) и пароль не подходят друг к другу."


class ChatIsClosed(RuleViolation):
    """The chat takes no messages from the patient now; the typed text stays with them."""

    status = 409
    sentence = "Время общения истекло. Сообщение не отправлено, текст сохранён."


class ChatNeedsTariff(ChatIsClosed):
    sentence = "Выберите тариф, чтобы написать. Сообщение не отправлено, текст сохранён."


class OnlyPatientsAreErased(RuleViolation):
    """Doctors and operators are the clinic's own, which dismisses them."""

    sentence = "Удалить можно только аккаунт пациента. Сотрудника увольняет клиника."


class StakeHasChanged(RuleViolation):
    """Something was booked, paid or cancelled since the page was shown."""

    sentence = "За это время кое-что изменилось. Посмотрите, что отменится, и нажмите ещё раз."


class ChatIsErased(RuleViolation):
    """Its patient has left for good, at this very moment."""

    status = 409
    sentence = "Пациента больше нет в iBolit. Сообщение не отправлено."


class ConsentIsWithdrawn(RuleViolation):
    """Nothing new is kept of somebody who has withdrawn the consent to the processing (152-ФЗ, article 9)."""

    status = 409
    sentence = "Согласие на обработку данных отозвано. Сообщение не отправлено."


class ListIsUnreadable(RuleViolation):
    """Of specialties and their words; `number` is the line's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Строка {number}: нужна специальность, двоеточие и слова через запятую, каждая один раз.")


class ClinicRepliesUnreadable(RuleViolation):
    """Of the clinic's reply templates; `number` is the line's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Строка {number}: нужны «== Название», каждое один раз, и под ним текст.")


class UrgentWordsUnreadable(RuleViolation):
    """What a clinic wants to add to the words of emergencies; `number` is the line's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Строка {number}: нужно правило, как в списке программы, под названием его группы в скобках.")


class QuoteIsUnknown(RuleViolation):
    """Of no message of this chat, or of none that may be quoted."""

    sentence = "Сообщения, на которое вы отвечаете, здесь нет. Отправьте ответ снова, он уйдёт без цитаты."


class MessageIsGone(RuleViolation):
    """No message of this person's stands at that number."""

    status = 404


class MessageIsHere(RuleViolation):
    """«Это про Ваню» of what stands in Ваня's chat already."""

    sentence = "Это сообщение и так в этой переписке."


class ChatHasNews(RuleViolation):
    """The doctor closes what they have not read to its end."""

    status = 409
    sentence = "Пока вы завершали чат, пришло новое сообщение. Прочитайте его."


class MessageIsRead(RuleViolation):
    status = 409
    sentence = "Сообщение уже прочитано, отозвать его нельзя."


class MessageIsOld(RuleViolation):
    status = 409
    sentence = "Прошло больше 5 минут, отозвать сообщение уже нельзя."


class TimeOffIsPast(RuleViolation):
    sentence = "Последний день должен быть не раньше первого и не в прошлом."


class TimeOffBeganBefore(RuleViolation):
    """A new one cannot begin on a day that is over."""

    sentence = "Этот день уже прошёл. Выберите сегодняшний или более поздний."


class TimeOffIsTooLong(RuleViolation):
    sentence = "Отсутствие длиннее года задать нельзя. Выберите день раньше."


class TimeOffOverlaps(RuleViolation):
    sentence = "На эти дни отсутствие уже задано. Измените его или выберите другие дни."


class TimeOffIsOver(RuleViolation):
    status = 409
    sentence = "Это отсутствие уже закончилось. Задайте новое."


class StandInIsUnknown(RuleViolation):
    """Hidden from patients meanwhile, or nobody of the list."""

    sentence = "Этого врача выбрать нельзя. Выберите другого."


class StandInIsAway(RuleViolation):
    sentence = "В эти дни этого врача тоже не будет. Выберите другого или никого."


class AbsenceIsOver(RuleViolation):
    status = 409
    sentence = "Этот выбор уже не нужен: у врача всё изменилось. Посмотрите последнее сообщение."


class StandInIsNotHere(RuleViolation):
    status = 409
    sentence = "Этот врач сейчас тоже отсутствует. Можно подождать своего."


class ConsentIsOld(RuleViolation):
    status = 409
    sentence = "Сначала примите новое согласие: в нём сказано о враче, который замещает вашего."


class FileRefused(RuleViolation):
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


class DoctorTakesNoMessages(RuleViolation):
    status = 409
    sentence = "Врач сейчас не принимает сообщения."


class NothingChosen(RuleViolation):
    sentence = "Выберите тариф."


class TariffHasChanged(RuleViolation):
    status = 409
    sentence = "Этот тариф уже изменён в другом окне. Посмотрите, каким он стал."


class TooManyTariffs(RuleViolation):
    sentence = "Тарифов уже 20. Измените один из них."


class TooManyTemplates(RuleViolation):
    sentence = "Шаблонов уже 50. Удалите ненужный."


class PhotoHasChanged(RuleViolation):
    status = 409
    sentence = "Фото сменили в другом окне, теперь стоит это."


class NoteHasChanged(RuleViolation):
    """On another device or in another window; what was typed here stays in the field."""

    status = 409
    sentence = "Заметку изменили в другом окне. Ваш текст остался в поле, но не сохранён: сравните оба."


class FactHasChanged(RuleViolation):
    """Of a patient: it was taken off or reworded on another page."""

    status = 409
    sentence = "Эту строку уже изменили или сняли. Обновите список и проверьте."


class TooManyDependants(RuleViolation):
    sentence = "Можно писать не больше чем за шестерых. Сначала уберите того, за кого больше не пишете."


class DependantExists(RuleViolation):
    status = 409
    sentence = "Такой человек у вас уже есть: с тем же именем и датой рождения."


class DependantHasEnded(RuleViolation):
    """By the clinic, by the relative themselves, by coming of age."""

    status = 409
    sentence = "Писать за этого человека больше нельзя. Если это ошибка, позвоните в клинику."


class DependantIsOfAge(RuleViolation):
    sentence = "По этой дате 18 лет уже есть: за взрослого пишут с его разрешения."


class DependantIsAChild(RuleViolation):
    sentence = "По этой дате 18 лет ещё нет: добавьте как ребёнка."


class MayNotWriteFor(RuleViolation):
    """For a dependant who is taken off, of age, or has withdrawn the permission."""

    status = 409
    sentence = "Писать за этого человека больше нельзя. Историю можно читать."


class ChatIsFormer(RuleViolation):
    """«Прежняя переписка»: it stands beside the living one, to be read alone."""

    status = 409
    sentence = "Это прежняя переписка: её можно только читать. Пишите в новом чате с этим врачом."


class TooManyFacts(RuleViolation):
    sentence = "Строк слишком много. Сначала снимите те, что больше не нужны."


class ChatNeedsNoDays(RuleViolation):
    status = 409
    sentence = "Этот чат без ограничения времени: дни ему не нужны."


class NothingToBuy(RuleViolation):
    status = 409
    sentence = "Этот тариф сейчас не продаётся. Выберите другой."


class ChatIsNotThePayers(RuleViolation):
    """Nor what was bought for it: who wrote in somebody's name may not do so any more."""

    status = 409
    sentence = "Переписка, за которую вы платили, больше не ваша, поэтому вернуть за неё деньги отсюда нельзя."


class PaymentIsAnothers(RuleViolation):
    """Begun by who wrote in the patient's name before."""

    status = 409
    sentence = "Это уже начал оплачивать тот, кто писал за вас. Если деньги не придут, через час вы сможете оплатить."


class ConsultationHasChanged(RuleViolation):
    """What was pressed belonged to what is no longer so."""

    status = 409
    sentence = "Консультация изменилась, пока вы смотрели. Проверьте её и нажмите ещё раз."


class PromiseHasChanged(RuleViolation):
    status = 409
    sentence = "Условия возврата денег изменились. Прочтите их и нажмите ещё раз."


class MustBePaid(RuleViolation):
    status = 409
    sentence = "Сначала оплатите консультацию."


class MustBeConfirmed(RuleViolation):
    status = 409
    sentence = "Сначала подтвердите консультацию."


class TooEarly(RuleViolation):
    status = 409
    sentence = "Ещё рано: кнопка откроется за 10 минут до начала."


class TimeIsNotChosen(RuleViolation):
    status = 409
    sentence = "Сначала выберите время: врач предлагает несколько."


class OtherTimeIsChosen(RuleViolation):
    status = 409
    sentence = "Вы уже выбрали другое время, оно стоит здесь. Перенести можно через «Ещё»."


class ChoiceHasLapsed(RuleViolation):
    status = 409
    sentence = "Врач больше не держит это время: выбрать нужно было раньше. Попросите новое."


class TimeIsPast(RuleViolation):
    sentence = "Это время уже прошло. Выберите другое."


class TimeIsTooSoon(RuleViolation):
    sentence = "Платную консультацию можно назначить не раньше чем через 15 минут: пациенту нужно успеть оплатить."


class TimeIsTooFar(RuleViolation):
    sentence = "Это больше чем через год. Проверьте дату."


class TimeIsTaken(RuleViolation):
    """Which consultation keeps the time, the start that was `wanted`, and from when to when is kept."""

    sentence = "В это время у врача уже есть консультация. Выберите другое."

    def __init__(self, consultation_id: int, wanted: datetime, span: tuple[datetime, datetime]) -> None:
        super().__init__()
        self.consultation_id, self.wanted, self.span = consultation_id, wanted, span


class LengthIsOdd(RuleViolation):
    """Of a type that patients may book."""

    sentence = "Укажите длительность от 10 до 180 минут, с шагом 5 минут."


class TooManyTypes(RuleViolation):
    sentence = "Видов консультаций уже 12. Сначала уберите ненужный."


class TypeHasEnded(RuleViolation):
    status = 409
    sentence = "На этот вид консультаций больше не записывают. Выберите другой."


class HoursViolation(RuleViolation):
    """`weekday`: the day of the week it is about, Monday is 0."""

    def __init__(self, weekday: int) -> None:
        super().__init__()
        self.weekday = weekday


class HoursAreOdd(HoursViolation):
    sentence = "Конец должен быть позже начала, а минуты – с шагом 5. До полуночи: 24:00."


class HoursOverlap(HoursViolation):
    sentence = "Часы этого дня перекрываются. Поправьте начало или конец."


class TooManyHours(HoursViolation):
    sentence = "В одном дне может быть до 8 промежутков. Соедините некоторые."


class HoursForUnknownType(HoursViolation):
    sentence = "Для этих часов выбран вид консультаций, которого нет. Выберите другой."


class HoursHaveChanged(RuleViolation):
    status = 409
    sentence = "Часы изменили в другом окне. Посмотрите, какими они стали, и сохраните ещё раз."


class ZoneIsUnknown(RuleViolation):
    sentence = "Выберите часовой пояс из списка."


class RulesOutOfBounds(RuleViolation):
    sentence = "Запись: не позже чем за 15 минут и до 14 дней, перерыв до 120 минут, вперёд от 1 до 365 дней."


class SlotIsTaken(RuleViolation):
    """Somebody was faster, or it is free no more; `nearest`: the free times around it."""

    status = 409
    sentence = "Это время только что заняли. Выберите другое."

    def __init__(self, nearest: Sequence[object] = ()) -> None:
        super().__init__()
        self.nearest = nearest


class OfferHasChanged(RuleViolation):
    """What stood on the page of who books is not what is offered now."""

    status = 409
    sentence = "Условия записи изменились, пока вы выбирали. Посмотрите их и нажмите ещё раз."


class DoctorTakesNoBookings(RuleViolation):
    status = 409
    sentence = "Врач сейчас не ведёт запись. Выберите другого врача."


class PaymentsAreSuspended(RuleViolation):
    status = 409
    sentence = "Клиника сейчас не принимает оплату, поэтому платную запись сделать нельзя. Позвоните в клинику."


class BookingViolation(RuleViolation):
    """`consultation_id`: which of the person's own stands in the way."""

    status = 409

    def __init__(self, consultation_id: int) -> None:
        super().__init__()
        self.consultation_id = consultation_id


class HoldExists(BookingViolation):
    sentence = "За вами уже держится другое время. Оплатите его или откажитесь от него."


class TimeIsHeldForAnother(BookingViolation):
    """Of the family: the same time, held by an earlier press."""

    sentence = "Это время за вами уже держится, но не для этого человека. Оплатите его или откажитесь от него."


class FreeBookingExists(BookingViolation):
    sentence = "Вы уже записаны к этому врачу на бесплатную консультацию. Её можно перенести."


class OwnOverlap(BookingViolation):
    """Pressed again, knowing of it, it is booked."""

    sentence = "В это время у вас уже есть консультация. Если так и нужно, нажмите ещё раз."


class TooManyHolds(RuleViolation):
    status = 429
    sentence = "За сутки вы четыре раза занимали время и не оплатили. Запишитесь завтра или напишите врачу."


class OtherRequestedReschedule(RuleViolation):
    status = 409
    sentence = "Пока вы выбирали, другое время предложили и вам. Посмотрите: его можно принять или предложить своё."


class TimeIsTheSame(RuleViolation):
    sentence = "Это то же самое время. Выберите другое."


class ConsultationIsNotOver(RuleViolation):
    status = 409
    sentence = "Сначала завершите консультацию. Ваш текст сохранён в черновике."


class NoConclusionWithoutConsultation(RuleViolation):
    status = 409
    sentence = "Консультация не состоялась, заключения к ней не бывает."


class ConclusionHasChanged(RuleViolation):
    """Another tab gave a version meanwhile; what was typed stays as the draft of the next."""

    status = 409
    sentence = "Пока вы писали, вышла новая версия заключения. Ваш текст сохранён: проверьте его и отправьте ещё раз."


class DraftIsOld(ConclusionHasChanged):
    sentence = "Уже есть новая версия заключения, этот черновик не сохраняется. Скопируйте текст и обновите страницу."


class DraftHasChanged(RuleViolation):
    """By another page of the doctor's; what was typed here stays in the field."""

    status = 409
    sentence = "Черновик изменили в другом окне. Ваш текст остался в поле, но не сохранён: сравните оба."


class NothingToReview(RuleViolation):
    status = 409
    sentence = "Оценить можно только консультацию, которая состоялась."


class ReviewIsGiven(RuleViolation):
    status = 409
    sentence = "Вы уже оценили эту консультацию."


class QuestionnaireIsLate(RuleViolation):
    status = 409
    sentence = "Консультация уже закончилась, анкету не изменить. Напишите врачу в чате."


class NotForCalendars(RuleViolation):
    status = 409
    sentence = "В календарь добавляют подтверждённую консультацию. Сначала подтвердите или оплатите её."


class PaymentNotMade(RuleViolation):
    status = 409
    sentence = "Оплату создать не получилось, деньги не списаны. Попробуйте позже или позвоните в клинику."


class AlreadyPaidRecently(RuleViolation):
    """A second payment may be meant: pressed again, it is made."""

    status = 409

    def __init__(self, payment_id: int, minutes: int) -> None:
        ago = "минуту" if minutes <= 1 else f"{minutes}{NBSP}{'минуты' if minutes < 5 else 'минут'}"  # at most 10
        super().__init__(f"Вы оплатили {ago} назад. Если нужно ещё одно продление, нажмите «Оплатить ещё раз».")
        self.payment_id = payment_id


class ShopNotConfigured(PaymentNotMade):
    """It is the clinic who must set something, and the operator was told what."""

    sentence = (
        "Клиника ещё не всё настроила для приёма оплаты. Мы ей об этом сообщили. "
        "Деньги не списаны: попробуйте позже или позвоните в клинику."
    )


class NothingToRefund(RuleViolation):
    status = 409
    sentence = "По этому платежу возвращать уже нечего."


class RefundableHasChanged(RuleViolation):
    sentence = "По этому платежу только что возвращали деньги. Проверьте сумму и нажмите ещё раз."


class RefundTooLarge(RuleViolation):
    def __init__(self, most: int) -> None:
        super().__init__(f"Вернуть можно не больше {rubles(most)}.")
        self.most = most


class PhoneIsTheWriters(RuleViolation):
    sentence = "Это ваш номер. Введите номер того, за кого будете писать."


class NothingToPermit(RuleViolation):
    status = 409
    sentence = "Разрешение уже не нужно. Обновите страницу."


class PhoneIsUnused(RuleViolation):
    """It may have been resold: a code on it alone tells nothing of whose account it is."""

    sentence = "По этому номеру давно не входили. Пусть его владелец сначала войдёт сам, затем попросите код снова."


class PhoneIsSomebodys(RuleViolation):
    status = 409
    sentence = "По этому номеру уже кто-то входит. Нужен номер, которого у нас ещё нет."


class MayNotTakeOver(RuleViolation):
    sentence = "Пригласить по своему телефону можно за 30 дней до 18-летия и позже."


class NotOfAgeYet(RuleViolation):
    """`day`: the midnight from which it may be done."""

    def __init__(self, day: datetime) -> None:
        super().__init__(
            f"Переписка станет вашей {day:%d.%m.%Y}, когда вам исполнится 18 лет. Откройте ссылку в этот день."
        )


class BirthDateDoesNotMatch(RuleViolation):
    sentence = "Дата не совпадает с той, что знает клиника. Проверьте день, месяц и год."


class ChildHasNotAgreed(RuleViolation):
    sentence = "С 15 лет заключение даётся с согласия самого ребёнка. Спросите его и отметьте, что согласие получено."


class DeathIsOld(RuleViolation):
    status = 409
    sentence = "Отменить отметку можно было 30 дней. Позвоните в клинику."


class ClinicMarksDeath(RuleViolation):
    """They sign in themselves: nobody else says of them that they are dead."""

    status = 409
    sentence = "Об этом человеке такую отметку ставит клиника. Позвоните нам, и мы всё сделаем."


class DayIsPast(RuleViolation):
    sentence = "Этот день уже прошёл."


class OnlySeen(RuleViolation):
    """By whom it is about: somebody else writes in their name."""

    status = 409
    sentence = "Здесь пишут за вас с вашего разрешения. Чтобы писать самостоятельно, закончите его: «Профиль», «Семья»."


class CannotBeInvited(RuleViolation):
    """Known when somebody is invited, not when they come."""

    status = 409


class IsOfTheClinic(CannotBeInvited):
    sentence = "Это контакт врача или сотрудника клиники. Приглашают пациентов."


class IsOnesOwn(CannotBeInvited):
    sentence = "Это ваш собственный контакт. Приглашают пациентов."


class NoSmsThere(CannotBeInvited):
    """No SMS reaches the phone: the clinic has decided to which countries it pays for them."""

    status = 422
    sentence = "СМС на номера этой страны клиника не отправляет. Пригласите по почте."


class IsLandline(NoSmsThere):
    sentence = "Это городской номер, СМС на него не придёт. Введите мобильный или почту."


class AlreadyHasChat(CannotBeInvited):
    sentence = "Вы уже переписываетесь: приглашать не нужно."

    def __init__(self, chat_id: int) -> None:
        super().__init__()
        self.chat_id = chat_id


class InvitedEnoughToday(CannotBeInvited):
    status = 429
    sentence = "Сегодня этому пациенту отправлено уже пять приглашений. Следующее можно отправить завтра."


class AlreadyInvited(CannotBeInvited):
    sentence = "Этого пациента уже приглашали: смотрите список. Оттуда приглашение можно отправить ещё раз."


class InvitationIsOver(RuleViolation):
    status = 409
    sentence = "Это приглашение уже принято или отозвано."


class InvitationIsFresh(RuleViolation):
    status = 409
    sentence = "Приглашение только что отправлено. Подождите минуту."


class InvitationIsForAnother(RuleViolation):
    status = 409
    sentence = "Приглашение отправлено на другой номер телефона."


class InvitationAsksBirthDate(RuleViolation):
    sentence = "Сначала назовите дату рождения."


class InvitationIsForPatients(RuleViolation):
    status = 409
    sentence = "Приглашение отправлено пациенту, а вы вошли не как пациент."


class NotAList(RuleViolation):
    """A file that cannot be read as a list of patients."""

    sentence = "Файл не читается как список. Сохраните его в формате CSV."


class DailyLimitReached(Exception):
    """The clinic has decided how many SMS a day it pays for."""


class OutcomeUnknown(Exception):
    """It may have gone out twice already."""


class WrongPayment(Exception):
    """The provider spoke of another payment than we asked about."""


class CannotStart(click.ClickException):
    """The clinic's IT sees this sentence alone, from the command line and from the server."""


class WrongClinic(CannotStart):
    """A demo database in production, or a real one in the demo."""
