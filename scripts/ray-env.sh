#!/usr/bin/env bash
# Make the Python of deploy/ray, with pytest, and print its path. It lives in node_modules/.cache/ray, apart from the
# Python of the judges (python-env.sh): hundreds of megabytes that only deploy/ray needs.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements="$(cat deploy/ray/requirements.txt)
pytest==9.2.0"
environment="$PWD/node_modules/.cache/ray"
python="$environment/bin/python"
stamp="$environment/requirements.txt"
if [ "$(cat "$stamp" 2>/dev/null)" != "$requirements" ]; then
  rm -rf "$environment"
  python3 -m venv "$environment" >&2
  echo "$requirements" > "$environment/wanted.txt"
  "$python" -m pip install --quiet --disable-pip-version-check -r "$environment/wanted.txt" >&2
  mv "$environment/wanted.txt" "$stamp"
fi
echo "$python"
