"""How a patient comes in: invitations, lists of patients, codes by SMS."""

from .invitation import Invitation
from .login_code import LONGEST_NEXT_URL, LoginCode, PhoneHolder
from .patient_import import ImportLine, PatientImport, RowError
from .states import InvitationState

__all__ = [
    "LONGEST_NEXT_URL",
    "ImportLine",
    "Invitation",
    "InvitationState",
    "LoginCode",
    "PatientImport",
    "PhoneHolder",
    "RowError",
]
