"""The rights of those for whom somebody else writes: a relative's permission, a child's own word, coming of age, a
death, and what the clinic's office enters or ends. Whom one writes for is `Dependant` (people)."""

from . import coming_of_age, death, office, own_phone, permission, twins
from .code import CodePurpose, FamilyCode
from .representation import Representation

__all__ = [
    "CodePurpose",
    "FamilyCode",
    "Representation",
    "coming_of_age",
    "death",
    "office",
    "own_phone",
    "permission",
    "twins",
]
