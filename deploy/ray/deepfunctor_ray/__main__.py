"""The command: what is asked for, the run on the cluster, and what is told. Exit codes: see --help."""

import argparse
import contextlib
import json
import logging
import os
import shlex
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator

# Before Ray is loaded: it reports nothing to its makers, and its native half does not write over the progress.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray  # noqa: E402
import ray.data  # noqa: E402
from ray import cloudpickle  # noqa: E402
from tqdm import tqdm  # noqa: E402

import deepfunctor_ray  # noqa: E402

from .codec import Codec, Host  # noqa: E402
from .model import read_model  # noqa: E402
from .plan import Plan, as_row, plan  # noqa: E402
from .told import Told, told_by  # noqa: E402
from .worker import Task, Worker  # noqa: E402

HELP = """\
examples:
  python -m deepfunctor_ray chain.onnx --input pictures --out results
  python -m deepfunctor_ray chain.onnx --input questions.parquet --out results --address 10.0.0.1:6379

Begun again with the same arguments, it goes on where it stopped.

exit codes: 0 every row has its answer, 3 every row is there but some have an error instead, 1 failed,
2 a wrong input or call, 130 interrupted"""


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "deepfunctor_ray",
        description="Run an exported chain over a folder of PNG files or a Parquet set, on a cluster of Ray.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help='the file of deepfunctor export "CHAIN" --out FILE.onnx')
    parser.add_argument("--input", required=True, help="folder of PNG files, Parquet file, or folder of Parquet files")
    parser.add_argument("--out", required=True, help="folder of the results; it must be empty or of the same run")
    parser.add_argument("--key", default="key", help="Parquet: the column that names a row (default: key)")
    parser.add_argument("--address", help="of the cluster (default: RAY_ADDRESS, or one on this machine alone)")
    parser.add_argument("--workers", type=positive, help="actors (default: the processors of the cluster)")
    parser.add_argument("--batch", type=positive, default=64, help="rows of one run of the model (default: 64)")
    parser.add_argument("--rows", type=positive, default=1000, help="folder: pictures of one part (default: 1000)")
    parser.add_argument("--host", default="deepfunctor", help="the deepfunctor command, as each machine calls it")
    parser.add_argument("--project", default=".", help="the folder with the plugins, on each machine (default: .)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(argv)


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def run(options: argparse.Namespace) -> dict:
    """All of it; the counts of the result."""
    content, model = read_model(options.model)
    work = plan(options.input, model, options.key, options.rows)
    host = Host(tuple(shlex.split(options.host)), os.path.abspath(options.project)) if work.forms else None
    if host is not None:
        Codec(host, model).close()  # what is wrong with it is told here, not by a worker
    out = os.path.abspath(options.out)
    there = prepare(out, work)
    missing = [part for part in work.parts if part.name not in there]
    if there:
        print(f"{len(there)} of {len(work.parts)} parts are there already", file=sys.stderr)
    if missing:
        task = Task(model, host, out, options.key, options.batch)
        before = sum(part.rows for part in work.parts if part.name in there)
        with cluster(options.address), tqdm(total=work.rows, initial=before, unit=" rows", disable=None) as bar:
            for result in dataset(missing, content, task, options.workers).iter_rows():
                bar.update(result["rows"])
    counts = finish(out, work)
    return {"chain": model.chain, "out": options.out, "parts": len(work.parts), **counts}


@contextlib.contextmanager
def cluster(given: str | None) -> Iterator[None]:
    """Connected to the cluster; without an address to one of its own, of which nothing is left. Errors: USAGE."""
    address = given or os.environ.get("RAY_ADDRESS")
    folder = None if address else tempfile.mkdtemp(prefix="ray")
    # Of its own: on the loopback address, and with little memory, for parts and not rows go through Ray.
    own = {"_node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 100 * 2**20}
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(**({"address": address} if address else {"address": "local", "_temp_dir": folder, **own}), **quiet)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.scheduling_strategy = "SPREAD"
        context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        # The workers need no copy of this package on their machines.
        cloudpickle.register_pickle_by_value(deepfunctor_ray)
        yield
    except ConnectionError as error:
        todo = "Check that the cluster runs, and its address."
        raise Told("USAGE", "The cluster of Ray does not answer.", f"--address {address}", todo) from error
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def dataset(parts: list, content: bytes, task: Task, workers: int | None) -> ray.data.Dataset:
    """
    Parts in, counts out. An actor that dies is made anew, and what it had begun is asked of it again (Ray Data's own
    rule for actors). Each reserves half a processor: where half of the machines are lost, the rest have room for all.
    """
    size = min(len(parts), workers or max(1, int(ray.cluster_resources()["CPU"])))
    rows = ray.data.from_items([as_row(part) for part in parts], override_num_blocks=min(len(parts), 10_000))
    return rows.map(
        Worker,
        fn_constructor_args=(ray.put(content), task),
        compute=ray.data.ActorPoolStrategy(size=size),
        num_cpus=0.5,
    )


def prepare(out: str, work: Plan) -> set[str]:
    """Make the folder, or look at what an earlier run left; names of the parts that are there. Errors: OUTPUT_…."""
    try:
        os.makedirs(out, exist_ok=True)
        probe = os.path.join(out, f".{uuid.uuid4()}.tmp")
        open(probe, "x").close()
        os.remove(probe)
        found = {name for name in os.listdir(out) if not name.startswith((".", "_"))}
    except OSError as error:
        what = f"The output cannot be written: {error.strerror}."
        raise Told("OUTPUT_UNWRITABLE", what, out, "Check that you may write there, and that the disk has room.") from error
    foreign = found - {part.name for part in work.parts}
    if foreign:
        what = f"The folder holds something else, or results of another chain or input: {sorted(foreign)[0]}."
        raise Told("OUTPUT_EXISTS", what, out, "Choose another folder, or remove what is there.")
    return found


def finish(out: str, work: Plan) -> dict:
    """Look at every part, clear what dead workers left, and mark the set as complete."""
    from pyarrow import parquet

    rows = errors = 0
    for part in work.parts:
        column = parquet.read_table(os.path.join(out, part.name), columns=["error"])["error"]
        if len(column) != part.rows:
            what = f"The part has {len(column)} rows, but {part.rows} were asked for."
            raise Told("DATA_BROKEN", what, os.path.join(out, part.name), "Remove it, and run this again.")
        rows += len(column)
        errors += len(column) - column.null_count
    for name in os.listdir(out):
        if name.startswith(".part-") and name.endswith(".tmp"):
            os.remove(os.path.join(out, name))
    counts = {"rows": rows, "errors": errors}
    with open(os.path.join(out, "_SUCCESS"), "w") as file:
        json.dump(counts, file)
    return counts


def main(argv: list[str]) -> int:
    options = arguments(argv)

    def stop(*_):
        raise KeyboardInterrupt

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    try:
        result = run(options)
    except KeyboardInterrupt:
        print("Stopped before the work was done. [INTERRUPTED]\n  do: Run it again; it goes on where it stopped.", file=sys.stderr)
        return 130
    except Exception as error:
        told = told_by(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return told.exit_code
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        failed = f", {result['errors']} of them with an error" if result["errors"] else ""
        print(f"{result['out']}  ({result['chain']}: {result['rows']} rows{failed})")
    return 3 if result["errors"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
