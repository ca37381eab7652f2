"""Who has come of age takes the chats about them over, by an invitation to a phone of their own."""

from __future__ import annotations

from datetime import date

from ... import errors
from ...extensions import db
from ..chats import Chat
from ..doctors import Doctor
from ..invitations import Invitation
from ..locking import LockKind, advisory_lock
from ..people import Dependant, DependantEnding, LimitKind, RateLimitHit, User
from .handing_over import hand_over


def invite(dependant: Dependant, doctor: Doctor, sender: User, phone: str) -> Invitation:
    """By the doctor or the office, to a phone that is nobody's.

    Raises MayNotTakeOver, PhoneIsSomebodys, and what is a CannotBeInvited.
    """
    if not dependant.may_be_invited:
        raise errors.MayNotTakeOver
    advisory_lock(LockKind.PHONE, phone)  # who registers this phone beside us is waited for
    if User.by_phone(phone) is not None:
        raise errors.PhoneIsSomebodys
    invitation = Invitation.invite(doctor, sender, phone=phone, name=dependant.name)
    invitation.dependant_id = dependant.id
    db.session.flush()
    return invitation


def accept_chats(invitation: Invitation, user: User, born: date) -> int:
    """The id of their chat with who invites; all chats about them are theirs then. Done again it is done.

    Raises InvitationIsForAnother, InvitationIsOver, NotOfAgeYet, TooManyAttempts, and BirthDateDoesNotMatch. Commit
    also after a wrong date: the try must count.
    """
    dependant = db.session.get_one(Dependant, invitation.dependant_id)
    if not user.is_patient or not invitation.is_for(user):
        raise errors.InvitationIsForAnother
    is_accepted = invitation.accepted_by_id == user.id
    if not is_accepted or has_left_chats(invitation, user):
        if not (is_accepted or invitation.is_alive) or dependant.died_at is not None:
            raise errors.InvitationIsOver
        RateLimitHit.count(LimitKind.OWN_BIRTH_DATE, str(dependant.id))
        if born != dependant.birth_date:
            raise errors.BirthDateDoesNotMatch
        if not dependant.is_of_age:
            raise errors.NotOfAgeYet(dependant.comes_of_age_at)
        Dependant.lock_of(dependant.user)
        hand_over(dependant, user)
        dependant.archive(DependantEnding.CAME_OF_AGE)
        dependant.account_id = user.id
        user.birth_date = user.birth_date or born
    return invitation.accept(user, is_born_then=True)


def has_left_chats(invitation: Invitation, user: User) -> bool:
    """An older process has accepted it for them, and moved nothing."""
    is_theirs = invitation.dependant_id is not None and invitation.accepted_by_id == user.id
    return is_theirs and bool(Chat.of_dependant(invitation.dependant_id or 0))
