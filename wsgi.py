"""Where the server starts: the app and, unless it runs as a process of its own, the worker."""

from gunicorn.errors import AppImportError

from ibolit import create_app, faults
from ibolit.database import check_schema
from ibolit.errors import CannotStart

faults.hush()
try:
    app = create_app()
    check_schema(app)
except CannotStart as refusal:
    raise AppImportError(refusal.message) from None  # gunicorn prints the sentence and stops

if app.extensions["ibolit_settings"].worker_threads:
    app.extensions["ibolit_worker"].start()
