"""`flask …` beyond the daily chores of cli.py: people, invitations, copies of the clinic, and what it forgets."""

from . import accounts, backups, directory, erasures, family, invitations, people, replies, retention, urgent_words

COMMANDS = (
    *people.COMMANDS,
    *invitations.COMMANDS,
    *backups.COMMANDS,
    *retention.COMMANDS,
    *accounts.COMMANDS,
    *erasures.COMMANDS,
    *directory.COMMANDS,
    *urgent_words.COMMANDS,
    *replies.COMMANDS,
    *family.COMMANDS,
)
