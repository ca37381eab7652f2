"""What becomes of chats while their doctor is away: the automatic answer, whom the patient lets answer, and the days
that are not lost. The chat knows none of it but who its members are and until when."""

from . import absences
from .offer import StandInChoice, StandInOffer

__all__ = ["StandInChoice", "StandInOffer", "absences"]
