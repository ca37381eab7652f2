"""Who there is: users, for whom else they write, their devices and browsers, what they agreed to, what
limits guessing, facts about patients, the audit log, and the mark that tells a demo database from a real one."""

from . import consent
from .audit import AuditAction, AuditEvent, AuditReason
from .consent import CURRENT, OFFER, REPRESENTATION, Consent, DocumentDay, DocumentKind, current_versions
from .database_mark import DatabaseMark
from .dependant import INVITED_AHEAD, RELATIONS_OF, Dependant, DependantEnding, DependantKind, DependantTerms, Relation
from .device import Device, SignedIn
from .fact_lines import FactKind, lines_of
from .fact_list import FactList
from .known_browser import KnownBrowser, hash_of
from .patient_fact import PatientFact, PatientFactStrike, people_of_facts
from .person import Person, SubjectKey
from .rate_limits import LimitKind, RateLimitHit
from .user import EMAIL_SETTLES_IN, EmailProof, IdentityLevel, Role, Sex, User

__all__ = [
    "CURRENT",
    "EMAIL_SETTLES_IN",
    "INVITED_AHEAD",
    "OFFER",
    "RELATIONS_OF",
    "REPRESENTATION",
    "AuditAction",
    "AuditEvent",
    "AuditReason",
    "Consent",
    "DatabaseMark",
    "Dependant",
    "DependantEnding",
    "DependantKind",
    "DependantTerms",
    "Device",
    "DocumentDay",
    "DocumentKind",
    "EmailProof",
    "FactKind",
    "FactList",
    "IdentityLevel",
    "KnownBrowser",
    "LimitKind",
    "PatientFact",
    "PatientFactStrike",
    "Person",
    "RateLimitHit",
    "Relation",
    "Role",
    "Sex",
    "SignedIn",
    "SubjectKey",
    "User",
    "consent",
    "current_versions",
    "hash_of",
    "lines_of",
    "people_of_facts",
]
