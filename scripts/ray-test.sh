#!/usr/bin/env bash
# The tests of deploy/ray, on a cluster of two nodes on the loopback address; arguments are pytest's.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(bash scripts/ray-env.sh)
# Ray takes the loopback address of a driver for its machine's own, where these nodes do not listen; not where clusters are
# off, as on other systems than Linux.
export RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 RAY_USAGE_STATS_ENABLED=0
exec "$python" -m pytest -q -p no:cacheprovider deploy/ray/test "$@"
