#!/usr/bin/env bash
# Make a Python that has PyTorch (for the CPU), onnx and safetensors, and print its path. For Debian 12 and later.
# PyTorch is Debian's: the wheel of PyPI brings gigabytes of CUDA. Its packages are unpacked into node_modules/.cache/torch and
# not installed: it needs no root and changes nothing else. A second run with the same versions only prints.
# DEEPFUNCTOR_TORCH_PYTHON names a Python that has these three already.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${DEEPFUNCTOR_TORCH_PYTHON:-}" ]; then echo "$DEEPFUNCTOR_TORCH_PYTHON"; exit; fi
debian='python3-torch python3-numpy python3-typing-extensions libopenblas0-pthread'
wheels='onnx==1.17.0 protobuf==5.29.5 safetensors==0.5.3'
environment="$PWD/node_modules/.cache/torch"
python="$environment/bin/python"
stamp="$environment/packages.txt"
if [ "$(cat "$stamp" 2>/dev/null)" != "$debian $wheels" ]; then
  command -v apt-get dpkg >/dev/null && [ -x /usr/bin/python3 ] || {
    echo 'This needs Debian 12 or later with python3; elsewhere set DEEPFUNCTOR_TORCH_PYTHON.' >&2
    exit 1
  }
  rm -rf "$environment"
  mkdir -p "$environment"/{bin,tree,wheels,apt/archives/partial,apt/lists/partial}
  # Lists and archives of its own: nothing of the system's is read or written but what is installed.
  apt=(apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Dir::Cache::archives="$environment/apt/archives"
    -o Dir::State::lists="$environment/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  "${apt[@]}" update >&2
  # shellcheck disable=SC2086 # one argument for each package
  "${apt[@]}" install --yes --reinstall --no-install-recommends --download-only $debian >&2
  for archive in "$environment"/apt/archives/*.deb; do
    name=$(dpkg-deb --field "$archive" Package)
    # What is installed would only be upgraded; a second libc beside the system's would break.
    case " $debian " in *" $name "*) ;; *) ! dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' installed$' || continue ;; esac
    dpkg-deb --extract "$archive" "$environment/tree"
  done
  rm -rf "$environment/apt"
  version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  # shellcheck disable=SC2086
  "$(bash scripts/python-env.sh)" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --python-version "$version" --target "$environment/wheels" $wheels >&2
  tree="$environment/tree/usr/lib"
  triplet="$tree/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)"
  cat > "$python" <<EOF
#!/bin/sh
export LD_LIBRARY_PATH="$triplet/openblas-pthread:$triplet:$triplet/lapack:$triplet/blas:$tree:$environment/tree/lib/${triplet##*/}"
export PYTHONPATH="$environment/wheels:$tree/python3/dist-packages\${PYTHONPATH:+:\$PYTHONPATH}"
exec /usr/bin/python3 "\$@"
EOF
  chmod +x "$python"
  "$python" -c 'import onnx, safetensors, torch; torch.zeros(2) @ torch.zeros(2)' >&2
  echo "$debian $wheels" > "$stamp"
fi
echo "$python"
