#!/usr/bin/env bash
# Builds the image of the autograder: Gradescope runs this once, as root and with a network.
set -euo pipefail
source_folder=$(cd "$(dirname "$0")" && pwd)
environment=$(dirname "$source_folder")/environment

find_python() {
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        if "$name" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=$(find_python)
fi

# Submissions run as this user, who has nothing: no password, no shell, no home.
id word2vec-worker >/dev/null 2>&1 ||
    useradd --system --user-group --no-create-home --shell /usr/sbin/nologin word2vec-worker

"$python" -m venv --copies "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$source_folder/requirements.txt" -c "$source_folder/constraints.txt"
"$environment/bin/python" -m compileall -q "$source_folder/src" || true
chmod -R a+rX "$environment"
