"""The clinic itself for a live gunicorn, in a hurry: it looks after its sockets often, waits little for pages."""

import os

from ibolit import create_app, sockets
from ibolit.services.calls import InProcessCalls

sockets.TICK_SECONDS = (float(os.environ["TICK"]), float(os.environ["TICK"]))
InProcessCalls.GRACE = float(os.environ["GRACE"])

app = create_app()
