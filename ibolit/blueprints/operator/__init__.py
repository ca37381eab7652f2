"""Operator: what waits for the clinic's decision."""
