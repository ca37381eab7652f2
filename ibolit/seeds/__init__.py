"""The demo clinic: fill() writes it once."""

from .clinic import fill

__all__ = ["fill"]
