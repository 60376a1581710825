#!/usr/bin/env bash
# Builds the image of the autograder: Gradescope runs this once, as root and with a network.
# What it says is kept in setup.log: run_autograder quotes it where nothing can be graded.
set -euo pipefail
source_folder=$(cd "$(dirname "$0")" && pwd)
environment=$(dirname "$source_folder")/environment
versions="3.14 3.13 3.12 3.11"
remedy="setup.sh: here is no Python 3.11 to 3.14, but for release candidates, and apt-get offers none: choose \
the base image Ubuntu 24.04 or newer, or begin setup.sh with: apt-get update && apt-get install -y \
software-properties-common && add-apt-repository -y ppa:deadsnakes/ppa"

is_right() {  # a release, and no candidate of one
    "$1" -c 'import sys; sys.version_info.releaselevel == "final" or sys.exit(1)
sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null
}

makes_environments() {
    is_right "$1" && "$1" -c 'import ensurepip, venv' 2>/dev/null && echo "$1"
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}

find_python() {  # the image's, else the image's with its package for environments, else apt's newest
    local names="python3 ${versions//3./python3.}" name version
    for name in $names; do makes_environments "$name" && return; done
    apt-get update >&2 || true  # what fails without it says so
    for name in $names; do
        if is_right "$name"; then
            install "$("$name" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
            makes_environments "$name" && return
        fi
    done
    for version in $versions; do
        install "python$version" "python$version-venv"
        makes_environments "python$version" && return
    done
    echo "$remedy" >&2
    return 1
}

set_up() {
    python=$(find_python)
    # Submissions run as this user, who has nothing: no password, no shell, no home.
    id word2vec-worker >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --shell /usr/sbin/nologin word2vec-worker
    "$python" -m venv --copies "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$source_folder/requirements.txt" -c "$source_folder/constraints.txt"
    "$environment/bin/python" -m compileall -q "$source_folder/src" || true
    chmod -R a+rX "$environment"
}

set_up 2>&1 | (umask 077 && tee "$(dirname "$source_folder")/setup.log")
