#!/usr/bin/env bash
# The tests of deploy/ray, on a cluster of two nodes on the loopback address; arguments are pytest's.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(bash scripts/ray-env.sh)
RAY_USAGE_STATS_ENABLED=0 exec "$python" -m pytest -q -p no:cacheprovider deploy/ray/test "$@"
