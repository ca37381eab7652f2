"""Payments: the way to the provider's page, and the way back."""
