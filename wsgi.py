"""Where the server starts: the app and, unless it runs as a process of its own, the worker."""

from gunicorn.errors import AppImportError

from ibolit import create_app, faults
from ibolit.database import check_schema
from ibolit.errors import CannotStart
from ibolit.ops import folder_lock
from ibolit.ops.backup import clear_leftovers

faults.hush()
try:
    app = create_app()
    folder_lock.share(app.extensions["ibolit_settings"].data)
    check_schema(app)
except folder_lock.FolderInUse as refusal:
    raise AppImportError(str(refusal)) from None
except CannotStart as refusal:
    raise AppImportError(refusal.message) from None  # gunicorn prints the sentence and stops

with app.app_context():
    clear_leftovers()
if app.extensions["ibolit_settings"].worker_threads:
    app.extensions["ibolit_worker"].start()
