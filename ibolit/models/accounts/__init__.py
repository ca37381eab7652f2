"""How ways to sign in change: phone, e-mail, password, and numbers that were given to somebody else."""

from . import reassigned_number
from .contact_change import Before, WayChange, WayKind, change_password, prove_email

__all__ = [
    "Before",
    "WayChange",
    "WayKind",
    "change_password",
    "prove_email",
    "reassigned_number",
]
