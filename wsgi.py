"""Where the server starts: the app and, unless it runs as a process of its own, the worker."""

from ibolit import create_app

app = create_app()

if app.extensions["ibolit_settings"].worker_threads:
    app.extensions["ibolit_worker"].start()
