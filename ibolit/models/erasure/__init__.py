"""How a patient leaves for good: «Удалить аккаунт», a consent withdrawn, what goes, what stays sealed under a number.

docs/privacy.md says it to everybody. `plan` has what is asked and undone, `erase()` does it.
"""

from .erasing import Erased, erase, may_be_erased, stays_of
from .payment_contacts import FORGOTTEN_AFTER, forget_contacts
from .plan import (
    KEPT_AFTER_WITHDRAWAL,
    TIME_TO_THINK,
    ask,
    come_back,
    look_after_all,
    plan_again,
    undo,
    withdraw_processing,
)
from .sealed_identity import SealedIdentity
from .winding_up import AtStake, at_stake

__all__ = [
    "FORGOTTEN_AFTER",
    "KEPT_AFTER_WITHDRAWAL",
    "TIME_TO_THINK",
    "AtStake",
    "Erased",
    "SealedIdentity",
    "ask",
    "at_stake",
    "come_back",
    "erase",
    "forget_contacts",
    "look_after_all",
    "may_be_erased",
    "plan_again",
    "stays_of",
    "undo",
    "withdraw_processing",
]
