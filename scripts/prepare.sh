#!/bin/sh
# Says which system packages the tests need, and installs what is missing where it may.
set -eu

missing=
need() { # command, package
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need cargo cargo
need cc gcc
need sshd openssh-server
need ssh openssh-client
need shellcheck shellcheck
need flock util-linux
need script bsdutils
need readelf binutils
need debootstrap debootstrap
need dpkg-deb dpkg
need apt-ftparchive apt-utils
need setpriv util-linux
need openssl openssl
need rpmbuild rpm
need python3 python3
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
need zsh zsh
need fish fish

# A browser looks at the page of `check drift`. Not every release has this package; without it that one test says so.
if [ "$(id -u)" -eq 0 ] && ! command -v chromium-headless-shell >/dev/null 2>&1 && ! command -v chromium >/dev/null 2>&1 &&
    command -v apt-get >/dev/null 2>&1; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium-headless-shell ||
        echo "no Chromium: the page of check drift is not looked at in a browser" >&2
fi

if [ -z "$missing" ]; then
    echo "system packages: all there"
    exit 0
fi
echo "system packages that the tests need and that are missing:$missing"
case " $missing " in
*" cargo "*)
    echo "error: a Rust toolchain (1.90 or newer, with rustfmt and clippy) must be there before" >&2
    exit 1
    ;;
esac
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -q
    # A server of the machine's own is not wanted, only the program.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
else
    echo "not root: install them by hand; tests that need them are skipped and say so" >&2
    [ -z "${CI:-}" ] || exit 1
fi
