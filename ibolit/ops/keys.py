"""Keys for a clinic that has no settings yet: `flask --app ibolit.ops.keys make-secret`."""

from flask import Flask

from .commands.retention import make_secret

app = Flask(__name__)
app.cli.add_command(make_secret)
