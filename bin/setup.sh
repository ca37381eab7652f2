# Sourced by bin/run and bin/test: a Python environment with the pinned packages, made once and only when something changed.
# Needs Debian or Ubuntu with Python 3.11 or newer; works as root or as a plain user with sudo.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs the named Debian packages that are missing; asks nothing and touches nothing when all are there.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "Installing ${missing[*]}…"
  as_root apt-get -qq -o DPkg::Lock::Timeout=600 update
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# need_python requirements.txt: .venv holds exactly what the file pins.
need_python() {
  local wanted
  wanted=$(cat requirements.txt "$1" | sha256sum)
  [ "$(cat .venv/.made-from 2>/dev/null)" = "$wanted" ] && return
  # Tests need more than the app; who has both need not install less.
  if [ "$1" = requirements.txt ] && [ "$(cat .venv/.made-from 2>/dev/null)" = "$(cat requirements.txt requirements-dev.txt | sha256sum)" ]; then return; fi
  command -v python3 >/dev/null || need_packages python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "iBolit needs Python 3.11 or newer." >&2; exit 1; }
  if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
    python3 -m venv .venv
  fi
  echo "Installing Python packages…"
  .venv/bin/pip install -qq --disable-pip-version-check --requirement "$1"
  echo "$wanted" > .venv/.made-from
}
