# The app and its worker. PostgreSQL's programs are for `flask backup`, and no older than the server of compose.yaml.
FROM python:3.11.13-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 ibolit \
    && useradd --uid 10001 --gid ibolit --no-create-home --home-dir /var/lib/ibolit ibolit \
    && install -d -m 700 -o ibolit -g ibolit /var/lib/ibolit /var/backups/ibolit

WORKDIR /srv/ibolit
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.txt

COPY wsgi.py gunicorn.conf.py manifest.webmanifest ./
COPY migrations migrations
COPY ibolit ibolit
RUN python -m compileall -q ibolit

ENV PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 \
    FLASK_APP=ibolit:create_app IBOLIT_DATA=/var/lib/ibolit BIND=0.0.0.0:8000

USER ibolit
VOLUME ["/var/lib/ibolit", "/var/backups/ibolit"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "ibolit.ops.healthcheck"]
CMD ["gunicorn", "wsgi:app"]
