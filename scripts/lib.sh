# shellcheck shell=bash
# What the scripts share. Sourced first: it moves to the top of the checkout, so that a script works from anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
jobs=$(nproc)

say() { printf '\n== %s\n' "$*"; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Debian 12 has several Boosts, of which the default one is too old; later systems have one that is new enough.
boost=libboost-dev
if [[ -r /etc/os-release ]] && grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release; then boost=libboost1.81-dev; fi

# shellcheck disable=SC2034  # each script takes the lists that it needs
{
  build_packages=(g++ cmake ninja-build "$boost" libtbb-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev libsimdjson-dev zlib1g-dev libzstd-dev libcli11-dev libfmt-dev nlohmann-json3-dev)
  test_packages=(libgtest-dev libgmock-dev libbenchmark-dev python3 sqlite3 gzip zstd strace nginx-light openssl postgresql)
  # Rivals in other languages (golang, cargo, librust-crossbeam-channel-dev, librust-tokio-dev, python3-uvloop, python3-aiohttp,
  # wrk) compete where they are installed.
  bench_packages=(libbenchmark-dev libconcurrentqueue-dev python3 nginx-light)
  check_packages=(clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 shellcheck git valgrind)
}

# need PACKAGE…: installs those that are not there yet. When all are there it needs no network and no rights.
need() {
  local package missing=()
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    need_elsewhere "$@"
    return
  fi
  for package; do
    if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -x installed >/dev/null; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then return; fi

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root, and no sudo here; as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q || die "apt-get update failed; needed are: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends --no-remove "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
}

# Without apt nothing is installed: what is missing is named, with Debian's package names for the libraries. A library
# that is there under another name is found by CMake, which names the rest.
need_elsewhere() {
  local package tool missing=()
  for package; do
    case $package in
      g++) tool=${CXX:-c++} ;;
      ninja-build) tool=ninja ;;
      nginx-light) tool=nginx ;;
      cmake | python3 | sqlite3 | gzip | zstd | strace | openssl | git | shellcheck | clang-*) tool=$package ;;
      ieee-data)
        [[ -d /usr/share/ieee-data ]] || missing+=("/usr/share/ieee-data (the files of Debian's package ieee-data)")
        continue
        ;;
      *) continue ;;
    esac
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if ((${#missing[@]} == 0)); then return; fi
  printf '%s: this system has no apt-get, and these are missing:\n' "${0##*/}" >&2
  printf '  %s\n' "${missing[@]}" >&2
  printf 'The libraries it takes, by the names of their Debian packages: %s\n' "$*" >&2
  exit 1
}

# configure PRESET DIR [OPTION…]: afresh when the directory was configured for another place (a moved checkout).
configure() {
  local preset=$1 dir=$2 fresh=()
  shift 2
  if [[ -f $dir/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
    fresh=(--fresh)
  fi
  cmake --preset "$preset" -B "$dir" "${fresh[@]}" "$@"
}

# run_tests DIR [OPTION…]: ctest, ending with its summary; results.xml in DIR has it test by test.
run_tests() {
  local dir=$1
  shift
  ctest --test-dir "$dir" --parallel "$jobs" --output-on-failure --no-tests=error --output-junit results.xml "$@"
}
