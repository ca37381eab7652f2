"""Webhooks: what providers tell us unasked."""
