"""What doors share: authentication, the gate, audit, ingest of files, pagination, forms' fields and pages of errors."""

from __future__ import annotations

from flask import Flask


def init_web(app: Flask) -> None:
    """In this order: the size of a body is bounded before anything asks the database who sends it."""
    from .authentication import init_authentication
    from .error_pages import init_error_pages
    from .gate import init_gate
    from .guest_pages import init_guest_pages
    from .ingest import init_ingest
    from .page_context import init_page_context

    init_ingest(app)
    init_authentication(app)
    init_gate(app)
    init_guest_pages(app)
    init_page_context(app)
    init_error_pages(app)
