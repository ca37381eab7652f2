"""How a patient comes in: invitations, lists of patients, codes by SMS."""

from .invitation import Invitation, InvitationState
from .login_code import LONGEST_WAY, Holder, LoginCode
from .patient_import import Fault, ImportLine, PatientImport

__all__ = [
    "LONGEST_WAY",
    "Fault",
    "Holder",
    "ImportLine",
    "Invitation",
    "InvitationState",
    "LoginCode",
    "PatientImport",
]
