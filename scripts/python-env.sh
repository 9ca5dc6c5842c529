#!/usr/bin/env bash
# Make the Python that judges files from outside (onnx.checker, onnxruntime, safetensors) and print its path.
# It lives in node_modules/.cache/python; a second run with the same versions only prints.
set -euo pipefail
cd "$(dirname "$0")/.."
packages='onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 safetensors==0.8.0 check-jsonschema==0.39.0'
# The messages of Triton's model configurations; a client of the protocol that `deepfunctor serve` speaks,
packages+=' tritonclient[grpc,http]==2.73.0'
# and the server that it is measured against.
packages+=' fastapi==0.165.0 uvicorn[standard]==0.54.0 orjson==3.13.0'
environment="$PWD/node_modules/.cache/python"
python="$environment/bin/python"
stamp="$environment/packages.txt"
if [ "$(cat "$stamp" 2>/dev/null)" != "$packages" ]; then
  rm -rf "$environment"
  python3 -m venv "$environment" >&2
  # shellcheck disable=SC2086 # one argument for each package
  "$python" -m pip install --quiet --disable-pip-version-check $packages >&2
  echo "$packages" > "$stamp"
fi
echo "$python"
