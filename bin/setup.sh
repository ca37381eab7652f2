# Sourced by the others here: Debian packages, and a Python environment with the pinned packages, made once and only when
# something changed. Needs Debian or Ubuntu with Python 3.11 or newer; works as root or as a plain user with sudo.

# Some machines forbid it, and every one of the hundreds of programs that run here would compile the house anew.
unset PYTHONDONTWRITEBYTECODE

stop() {
  printf '%s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || stop "Root or sudo is needed for: $*"
    sudo "$@"
  fi
}

# What root left in somebody's checkout is named before anything stumbles over it.
need_own() {
  local kept
  for kept in "$@"; do
    [ ! -e "$kept" ] || [ -w "$kept" ] || stop "$kept belongs to $(stat -c %U "$kept"): $(id -un) may not write there."
  done
}

# Installs the named Debian packages that are missing; asks nothing and touches nothing when all are there.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || stop "This is not Debian or Ubuntu: install ${missing[*]} and try again."
  echo "Installing ${missing[*]}…"
  # A source of packages that does not answer matters only when it is the one that is needed.
  as_root apt-get -qq -o DPkg::Lock::Timeout=600 update || true
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# need_python requirements.txt: .venv holds what the file pins.
need_python() {
  python_is_ready "$1" && return
  command -v python3 >/dev/null || need_packages python3-venv
  local python
  python=$(fastest_python)
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "iBolit needs Python 3.11 or newer."
  "$python" -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
  need_own . .venv
  exec 9<bin
  flock 9 # two clinics started side by side make it once
  if ! python_is_ready "$1"; then
    if ! venv_is_ours; then
      rm -rf .venv
      "$python" -m venv .venv
    fi
    echo "Installing Python packages…"
    .venv/bin/pip install -qq --disable-pip-version-check --require-hashes --requirement "$1"
    made_from "$1" > .venv/.made-from
  fi
  exec 9<&-
}

# Debian's own is built with all its optimisations; what a version manager compiled seldom is, and takes a tenth longer.
fastest_python() {
  local python=/usr/bin/python3
  "$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || python=python3
  echo "$python"
}

# Tests need more than the app; who has both need not install less.
python_is_ready() {
  local have
  have=$(cat .venv/.made-from 2>/dev/null) && venv_is_ours || return
  [ "$have" = "$(made_from "$1")" ] || { [ "$1" = requirements.txt ] && [ "$have" = "$(made_from requirements-dev.txt)" ]; }
}

made_from() { cat requirements.txt "$1" | sha256sum; }

# A .venv works only in the folder it was made in and with the Python it was made with.
venv_is_ours() {
  local python
  python=$(readlink -e .venv/bin/python) && [ -x .venv/bin/pip ] && [ -d ".venv/lib/${python##*/}" ] &&
    [ "$(sed -n 's|^command = .* -m venv \(.*\)/\.venv$|\1|p' .venv/pyvenv.cfg)" = "$(pwd -P)" ]
}
