"""`flask …` beyond the daily chores of cli.py: people, invitations, copies of the clinic, and what it forgets."""

from . import copies, invitations, keeping, people, ways

COMMANDS = (*people.COMMANDS, *invitations.COMMANDS, *copies.COMMANDS, *keeping.COMMANDS, *ways.COMMANDS)
