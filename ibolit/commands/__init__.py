"""`flask …` beyond the daily chores of cli.py: people, copies of the clinic, and what it forgets."""

from . import copies, keeping, people

COMMANDS = (*people.COMMANDS, *copies.COMMANDS, *keeping.COMMANDS)
