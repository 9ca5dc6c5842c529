#!/usr/bin/env bash
# Builds the native addon of @tensorflow/tfjs-node for packages/train, without the download of its own install script.
#
#   pnpm build:native            # after an install; safe to run again: it stops at once if the addon loads
#
# PyPI's tensorflow-cpu wheel holds the same C library and headers as the package would fetch:
#   libtensorflow_cc.so.2 (the C API), libtensorflow_framework.so.2 (needed by it), include/tensorflow/c, include/tsl
# They are kept once per user in a cache (TFJS_NODE_CACHE); the package's deps/ links there, where the addon's run path
# ($ORIGIN/../../deps/lib) finds them. Needs Linux x86_64, node, g++ (C++17) and python3 with pip or venv.
set -euo pipefail
cd "$(dirname "$0")/../packages/train"

tensorflow=2.15.1 # later ones are larger, and from 2.18.1 tf.round of int32 gives 0
wheel_sha256=54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26
cache=${TFJS_NODE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tfjs-node}/tf-$tensorflow

die() {
  echo "build-native: $*" >&2
  exit 1
}
[ "$(uname -sm)" = 'Linux x86_64' ] || die 'the library is for Linux x86_64 only; training runs on the wasm engine elsewhere'
for tool in node npm g++ python3 sha256sum; do
  command -v "$tool" >/dev/null || die "$tool is missing"
done

package=$(node -p 'path.dirname(fs.realpathSync(require.resolve(
  "@tensorflow/tfjs-node/package.json", {paths: [process.cwd()]})))' 2>/dev/null) ||
  die '@tensorflow/tfjs-node is not installed: run `pnpm install` first'
napi=$(node -p 'Math.min(8, process.versions.napi)') # the package looks in lib/napi-v<N>, the newest both sides know
addon=$package/lib/napi-v$napi/tfjs_binding.node

works() {
  # Node 23 and later lack util.isNullOrUndefined, which the package calls.
  TF_CPP_MIN_LOG_LEVEL=2 node --no-deprecation -e '
    require("util").isNullOrUndefined ??= (x) => x == null;
    const tf = require(process.argv[1]);
    const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync();
    if (tf.getBackend() !== "tensorflow" || product[0] !== 3) process.exit(1);
    console.log(`The native engine works: TensorFlow ${tf.backend().binding.TF_Version}, Node ${process.version}`);
  ' "$package"
}
if [ -e "$addon" ] && works 2>/dev/null; then exit 0; fi

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# pip, or a throw-away environment that has it where the system's Python comes without.
pip() {
  if ! python3 -m pip --version >/dev/null 2>&1; then
    [ -e "$temporary/venv" ] || python3 -m venv "$temporary/venv" || die 'python3 has neither pip nor venv'
    "$temporary/venv/bin/python" -m pip "$@"
  else
    python3 -m pip "$@"
  fi
}

# 1. TensorFlow's libraries and headers.
if [ ! -e "$cache/lib/libtensorflow_cc.so.2" ]; then
  echo "Fetching tensorflow-cpu $tensorflow (207 MB) …"
  # Platform and Python are named so that any python3 gets the same file.
  pip download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform manylinux2014_x86_64 --python-version 3.11 --implementation cp \
    -d "$temporary" "tensorflow-cpu==$tensorflow" || die "pip could not download tensorflow-cpu==$tensorflow"
  wheel=$(echo "$temporary"/*.whl)
  echo "$wheel_sha256  $wheel" | sha256sum -c --quiet - || die 'the wheel has a wrong SHA-256'
  mkdir -p "$(dirname "$cache")"
  unpacked=$(mktemp -d "$cache.XXXXXX") # same file system: the move below is atomic
  python3 - "$wheel" "$unpacked" <<'PY' || { rm -rf "$unpacked"; die 'the wheel cannot be unpacked'; }
import os, re, shutil, sys, zipfile

wheel, out = sys.argv[1:]
wanted = re.compile(
    r"tensorflow/(?:(libtensorflow_(?:cc|framework)\.so\.2)$"
    r"|(include/(?:tensorflow/c|tensorflow/core/platform|tsl)/.*\.h)$)"
)
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        found = wanted.match(name)
        if not found:
            continue
        path = os.path.join(out, "lib/" + found[1] if found[1] else found[2])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(name) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
PY
  chmod 755 "$unpacked"
  mv -T "$unpacked" "$cache" 2>/dev/null || rm -rf "$unpacked" # another run was first: use its copy
fi
rm -rf "$package/deps"
ln -s "$cache" "$package/deps"

# 2. The headers of Node-API: those that came with node, else npm's package of them.
headers=$(node -p 'path.resolve(process.execPath, "../../include/node")')
if [ ! -e "$headers/node_api.h" ]; then
  (cd "$temporary" && npm pack --silent node-api-headers@1.9.0 >/dev/null && tar xzf ./node-api-headers-*.tgz) ||
    die "there is no node_api.h in $headers, and npm could not fetch node-api-headers"
  headers=$temporary/package/include
fi

# 3. The addon: what binding.gyp says, without node-gyp.
echo 'Compiling the addon …'
mkdir -p "$(dirname "$addon")"
g++ -shared -fPIC -O2 -std=c++17 -DNAPI_VERSION="$napi" -I "$package/deps/include" -I "$headers" \
  "$package"/binding/*.cc -o "$temporary/tfjs_binding.node" \
  -L "$package/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
  '-Wl,-rpath,$ORIGIN/../../deps/lib' || die 'the compiler failed'
mv -f "$temporary/tfjs_binding.node" "$addon"

works || die 'the addon was built but does not load'
