"""What a person may know of their own data: who has looked at it, and a copy of all of it.

Nothing here is changed but the copies themselves.
"""

from .data_copy import CopyState, DataCopy
from .looks import Look, Looks

__all__ = ["CopyState", "DataCopy", "Look", "Looks"]
