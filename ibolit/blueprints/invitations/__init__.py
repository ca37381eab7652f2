"""Invitations: who sends them, and the link they lead to."""
