"""What is copied to a server: units, proxies, image, compose file, held against each other and their own tools."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from configparser import RawConfigParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
import yaml

from ibolit import config
from ibolit.ops import healthcheck, watch

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
SERVICES = ["ibolit.service", "ibolit-work.service", "ibolit-backup.service", "ibolit-watch.service"]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.-]+)?")


STARTED = (("gunicorn", "wsgi:app"), ("python", watch.__name__))


class Repeating(dict[str, Any]):
    """systemd lets a name stand twice."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            value = self[key] + value
        super().__setitem__(key, value)


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False, dict_type=Repeating)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text())
    return parser


# systemd


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_of_a_plain_account_and_see_little(name: str) -> None:
    service = unit(name)["Service"]
    assert (service["User"], service["UMask"], service["EnvironmentFile"]) == ("ibolit", "0077", "/etc/ibolit/settings")
    for shut in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert service[shut] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"].startswith("/var/lib/ibolit")


@pytest.mark.parametrize("name", [*SERVICES, "ibolit-backup.timer", "ibolit-watch.timer"])
def test_systemd_understands(name: str, tmp_path: Path) -> None:
    """With the programs of this checkout in place of the server's."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    for path in DEPLOY.glob("ibolit*.*"):
        (tmp_path / path.name).write_text(path.read_text().replace("/srv/ibolit", str(ROOT)))
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / name],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    ours = [line for line in told.stderr.splitlines() if "ibolit" in line and "Failed to open" not in line]
    assert (told.returncode, ours) == (0, [])


def test_units_start_what_there_is() -> None:
    from ibolit.ops import commands

    known = {command.name for command in commands.COMMANDS} | {"work", "db"}
    for name in SERVICES:
        started = r"^ExecStart(?:Pre)?=/srv/ibolit/\.venv/bin/(\w+) (?:-m )?(\S+)"
        lines = re.findall(started, (DEPLOY / name).read_text(), re.M)
        assert lines
        for program, word in lines:
            assert (program, word) in STARTED or (program == "flask" and word in known)


def test_server_has_descriptors_and_threads_for_all_sockets() -> None:
    service = unit("ibolit.service")["Service"]
    threads = 1000 * 13 // 10 + 32  # of the default SOCKETS_MAX
    assert int(service["LimitNOFILE"]) > threads + 1500
    assert int(service["TasksMax"]) > 2 * threads


# Proxies


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=chat.example.ru",
         "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return tmp_path


def test_nginx_understands(tls: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("no nginx here")
    (tls / "site").write_text((DEPLOY / "nginx.conf").read_text().replace("/etc/ibolit-tls", str(tls)))
    (tls / "nginx.conf").write_text(f"pid {tls}/pid;\nevents {{}}\nhttp {{ include {tls}/site; }}\n")
    told = subprocess.run(["nginx", "-t", "-c", tls / "nginx.conf"], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr


def test_nginx_says_in_our_words_that_the_app_is_away(tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("no nginx here")
    with socket.create_server(("127.0.0.1", 0)) as nobody, socket.create_server(("127.0.0.1", 0)) as free:
        away, port = nobody.getsockname()[1], free.getsockname()[1]
    site = (DEPLOY / "nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{away}")
    site = re.sub(r"^ *(ssl_.*|listen \[::\]:.*|listen 80;)\n", "", site, flags=re.M)
    (tmp_path / "site").write_text(site.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}"))
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\ndaemon off;\nevents {{}}\n"
        f"http {{ access_log off; {folders} include {tmp_path}/site; }}\n"
    )
    nginx = subprocess.Popen(["nginx", "-e", f"{tmp_path}/log", "-c", tmp_path / "nginx.conf"])
    try:
        answer = _first_answer(f"http://127.0.0.1:{port}/chats/1")
    finally:
        nginx.terminate()
        nginx.wait(15)
    assert (answer.code, answer.headers["Retry-After"]) == (503, "30")
    assert "Сервер занят" in answer.read().decode()
    answer.close()


def _first_answer(url: str) -> HTTPError:
    """As soon as somebody listens there."""
    for _ in range(200):
        try:
            urlopen(Request(url, headers={"Host": "chat.example.ru"}), timeout=10)
        except HTTPError as answer:
            return answer
        except URLError:
            time.sleep(0.05)
    raise AssertionError(url)


def test_caddy_understands_and_passes_to_the_app(tls: Path) -> None:
    if shutil.which("caddy") is None:
        pytest.skip("no caddy here")
    environ = {
        "PATH": "/usr/bin",
        "HOME": str(tls),
        "IBOLIT_HOST": "chat.clinic.example",
        "IBOLIT_UPSTREAM": "app:8000",
    }
    environ |= {"IBOLIT_CERTIFICATE": f"{tls}/fullchain.pem", "IBOLIT_CERTIFICATE_KEY": f"{tls}/privkey.pem"}
    how = ["--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"]
    for verb in ("validate", "adapt"):
        told = subprocess.run(["caddy", verb, *how], env=environ, capture_output=True, text=True, timeout=60)
        assert told.returncode == 0, told.stderr
    said = json.dumps(json.loads(told.stdout))
    assert '"dial": "app:8000"' in said
    assert "chat.clinic.example" in said
    assert '"max_size": 260000000' in said


def test_proxies_take_the_largest_form() -> None:
    """FILES_MAX files of FILE_MAX_MB each, by default, and a little more for the form around them."""
    settings = config.Settings.from_env({"IBOLIT_ENV": "test", "IBOLIT_DATA": "/nowhere"})
    largest = settings.files_max * settings.file_max
    assert int(re.findall(r"client_max_body_size (\d+)m", (DEPLOY / "nginx.conf").read_text())[0]) * 1024**2 > largest
    assert int(re.findall(r"max_size (\d+)MB", (DEPLOY / "Caddyfile").read_text())[0]) * 1000**2 >= largest * 0.99


def test_nginx_tells_what_the_app_reads() -> None:
    told = (DEPLOY / "nginx.conf").read_text()
    for header in ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "Upgrade", "Connection"):
        assert re.search(rf"proxy_set_header {header} \$", told), header
    assert "$proxy_add_x_forwarded_for" not in told  # which a client may begin as he likes
    formats = re.findall(r"log_format \w+ '(.*)';", told)
    assert [re.findall(r"\$(?:request|request_uri|uri|args|query_string|http_\w+)\b", one) for one in formats] == [[]]


# The image


def instructions() -> list[tuple[str, str]]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line and not line.startswith("#")]  # type: ignore[misc]


def test_image_is_pinned_and_of_the_python_we_test() -> None:
    bases = [words for name, words in instructions() if name == "FROM"]
    assert all(PINNED.fullmatch(base) for base in bases)
    assert bases[0].startswith("python:3.11.")


def test_image_runs_as_nobody_special() -> None:
    names = [name for name, _ in instructions()]
    users = [words for name, words in instructions() if name == "USER"]
    assert users == ["ibolit"]
    assert "ENTRYPOINT" not in names
    assert not [words for name, words in instructions()[names.index("USER") :] if name in ("RUN", "COPY", "ADD")]


def test_image_is_asked_whether_it_is_well() -> None:
    (check,) = [words for name, words in instructions() if name == "HEALTHCHECK"]
    assert json.loads(check.split("CMD", 1)[1]) == ["python", "-m", "ibolit.ops.healthcheck"]
    (command,) = [words for name, words in instructions() if name == "CMD"]
    assert json.loads(command) == ["gunicorn", "wsgi:app"]


def test_image_leaves_nothing_behind() -> None:
    for name, words in instructions():
        assert name != "ADD"
        if "apt-get install" in words:
            assert "--no-install-recommends" in words
            assert "rm -rf /var/lib/apt/lists/*" in words
        if "pip install" in words:
            assert "--no-cache-dir" in words


def test_image_has_all_that_runs_and_nothing_else() -> None:
    copied = " ".join(words for name, words in instructions() if name == "COPY").split()
    for needed in ("requirements.txt", "wsgi.py", "gunicorn.conf.py", "manifest.webmanifest", "migrations", "ibolit"):
        assert needed in copied
        assert f"!{needed}" in (ROOT / ".dockerignore").read_text().split()
    assert (ROOT / ".dockerignore").read_text().split()[0] == "*"


SECRET = re.compile(r"(PASSWORD|SECRET|KEY|TOKEN)\w*\s*[:=]\s*(?!/)\S", re.IGNORECASE)


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "deploy/Caddyfile", "deploy/nginx.conf"])
def test_no_secret_stands_in(name: str) -> None:
    for line in (ROOT / name).read_text().splitlines():
        if not line.strip().startswith("#"):
            assert not SECRET.search(line), line


# compose


def test_compose_names_what_runs() -> None:
    assert set(COMPOSE["services"]) == {"migrate", "app", "worker", "watch", "postgres", "caddy", "coturn"}
    assert COMPOSE["services"]["worker"]["command"] == ["flask", "work"]
    assert COMPOSE["services"]["app"]["environment"]["WORKER_THREADS"] == "0"


def test_compose_pins_every_image() -> None:
    for name, service in COMPOSE["services"].items():
        assert PINNED.fullmatch(service["image"]), name
    assert COMPOSE["services"]["app"]["image"] == f"ibolit:{config.VERSION}"


def test_pg_dump_is_no_older_than_the_server() -> None:
    client = re.findall(r"postgresql-client-(\d+)", DOCKERFILE)[0]
    assert COMPOSE["services"]["postgres"]["image"].startswith(f"postgres:{client}.")


def test_compose_refers_to_what_it_declares() -> None:
    for name, service in COMPOSE["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in COMPOSE["volumes"], (name, source)
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service.get("depends_on", [])) <= set(COMPOSE["services"])


def test_compose_mounts_every_secret_that_is_named() -> None:
    used = {secret for service in COMPOSE["services"].values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for name, service in COMPOSE["services"].items():
        paths = [value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")]
        assert {path.removeprefix("/run/secrets/") for path in paths} == set(service.get("secrets", [])), name


def test_guide_names_every_file_beside_compose() -> None:
    guide = (ROOT / "docs" / "running.md").read_text().partition("## Containers")[2]
    volumes = [one.split(":")[0] for service in COMPOSE["services"].values() for one in service.get("volumes", [])]
    beside = {one for one in volumes if one.startswith("./") and not one.startswith("./deploy/")} - {"./tls"}
    for path in beside | {secret["file"] for secret in COMPOSE["secrets"].values()}:
        assert f"`{path.removeprefix('./')}`" in guide


def test_guide_makes_every_secret_of_compose(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "running.md").read_text().partition("## Containers")[2]
    (tmp_path / "deploy").symlink_to(DEPLOY)
    commands = [line.strip() for line in guide.splitlines() if re.match(" {4}(mkdir|for|touch)", line)]
    script = "\n".join(commands).replace("chown -R 10001", "ls")  # not everybody may
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True, capture_output=True)
    made = {name: len((tmp_path / secret["file"]).read_text()) for name, secret in COMPOSE["secrets"].items()}
    assert made.pop("yookassa_key") == 0  # whose is the bank's
    assert set(made.values()) == {65}
    assert (tmp_path / "settings").stat().st_mode & 0o077 == 0
    assert (tmp_path / "turnserver.conf").read_text() == (DEPLOY / "coturn.conf").read_text()


def test_postgres_quotes_no_rows_in_its_log() -> None:
    told = "log_error_verbosity"
    assert f"{told}=terse" in COMPOSE["services"]["postgres"]["command"]
    assert f"{told} = terse" in (ROOT / "docs" / "running.md").read_text()


def test_relay_finds_its_certificate_and_takes_no_port_of_the_pages() -> None:
    relay = COMPOSE["services"]["coturn"]
    conf = dict(re.findall(r"^([\w-]+)=(\S+)$", (DEPLOY / "coturn.conf").read_text(), re.MULTILINE))
    conf |= dict(re.findall(r"--([\w-]+)=(\S+)", " ".join(relay["command"])))
    mounted = [volume.split(":")[1] for volume in relay["volumes"]]
    assert {conf["cert"], conf["pkey"], relay["command"][1]} <= set(mounted)
    taken = [port.split(":")[0] for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    taken += [conf["listening-port"], conf["tls-listening-port"]]
    assert len(taken) == len(set(taken))
    assert all(int(port) < int(conf["min-port"]) for port in taken)


def test_old_and_new_compose_read_it() -> None:
    """docker-compose 1.29 refuses what it does not know at the top, and knows no condition but these three."""
    assert {name for name in COMPOSE if not name.startswith("x-")} <= {"services", "networks", "volumes", "secrets"}
    for service in COMPOSE["services"].values():
        assert isinstance(service.get("env_file", ""), str)
        for needed in service.get("depends_on", []):
            if isinstance(service["depends_on"], dict):
                assert service["depends_on"][needed]["condition"] in (
                    *("service_started", "service_healthy", "service_completed_successfully"),
                )


def test_whatever_starts_the_pages_starts_the_worker_apart() -> None:
    """The guide stops ibolit for an upgrade and a restore; the worker goes with it, and must come back with it."""
    worker = unit("ibolit-work.service")
    assert worker["Unit"]["PartOf"] == worker["Install"]["WantedBy"] == "ibolit.service"


def test_database_is_reached_from_inside_only() -> None:
    postgres = COMPOSE["services"]["postgres"]
    assert postgres["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert "ports" not in postgres
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["caddy"]


@pytest.mark.parametrize("name", ["migrate", "app", "worker"])
def test_app_is_shut_in(name: str) -> None:
    service = COMPOSE["services"][name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["SECRET_KEY_FILE"] == "/run/secrets/secret_key"


def test_pages_wait_for_the_tables() -> None:
    for name in ("app", "worker"):
        assert COMPOSE["services"][name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert COMPOSE["services"]["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert COMPOSE["services"]["postgres"]["healthcheck"]["test"][0] == "CMD"


def test_there_is_no_redis_until_the_app_can_use_it() -> None:
    assert "redis" not in COMPOSE["services"]
    assert "redis" not in (ROOT / "requirements.txt").read_text()


def test_proxy_leads_to_its_own_name_whatever_it_is_called() -> None:
    led = re.findall(r"return 30\d (\S+);", (ROOT / "deploy/nginx.conf").read_text())
    assert led == ["https://$server_name$request_uri"]


# Whether it is well


@pytest.mark.parametrize(("status", "is_well"), [(200, True), (400, False), (500, False)])
def test_health_is_asked_under_the_public_name(status: int, is_well: bool) -> None:
    hosts = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append((self.path, self.headers["Host"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        assert healthcheck.is_healthy("chat.example.ru", server.server_port) is is_well
        thread.join()
    assert hosts == [("/healthz", "chat.example.ru")]
    assert not healthcheck.is_healthy("chat.example.ru", server.server_port)
