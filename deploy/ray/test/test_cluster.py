"""On a cluster of two nodes: every row is there once and right, whatever is killed on the way."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet
import pytest
from conftest import HERE, HOST, ROOT
from deepfunctor_ray.codec import Codec, Host
from deepfunctor_ray.model import read_model, session_of
from ray.cluster_utils import Cluster

#: Two runs of the same numbers in batches of other sizes.
CLOSE = 1e-5
PATIENCE = 240


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process."""
    found = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(each.name)] = parent, (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                pass  # it has just ended
    return found


def under(pid: int) -> list[int]:
    """A process and all that it started."""
    parents = processes()
    found = [pid]
    for each in found:
        found += [child for child, (parent, _) in parents.items() if parent == each]
    return found


def actors(raylet: int) -> list[int]:
    commands = processes()
    return [pid for pid in under(raylet) if "MapWorker" in commands.get(pid, (0, ""))[1]]


def raylet_of(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.fixture(scope="module")
def cluster():
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # names of sockets must be short
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    # A node that is gone is noticed soon.
    system = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 10}
    try:
        made = Cluster(initialize_head=True, head_node_args={**node, "temp_dir": folder, "_system_config": system})
        made.second = made.add_node(**node)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    yield made
    raylets = [raylet_of(each) for each in made.list_all_nodes()]
    begun = [pid for raylet in raylets for pid in under(raylet)]
    made.shutdown()
    kill([pid for pid, (_, command) in processes().items() if pid in begun and "ray" in command])
    shutil.rmtree(folder, ignore_errors=True)
    deadline = time.time() + 30
    while left := [command for _, command in processes().values() if folder in command]:
        assert time.time() < deadline, left
        time.sleep(0.2)


def start(cluster, model: str, given, out, *arguments: str) -> subprocess.Popen:
    call = [sys.executable, "-m", "deepfunctor_ray", model, "--input", str(given), "--out", str(out)]
    return subprocess.Popen(
        [*call, "--address", cluster.address, *arguments],
        cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )


def ended(run: subprocess.Popen) -> tuple[int, str, str]:
    out, err = run.communicate(timeout=PATIENCE)
    return run.returncode, out, err


def parts(out) -> list[Path]:
    return sorted(Path(out).glob("part-*.parquet"))


def wait_for_parts(run: subprocess.Popen, out, count: int) -> list[Path]:
    deadline = time.time() + PATIENCE
    while len(found := parts(out)) < count:
        assert run.poll() is None, run.communicate()
        assert time.time() < deadline
        time.sleep(0.005)
    return found


def results(out) -> dict[str, dict]:
    """The rows by their keys, each of which must be there once."""
    rows = pyarrow.parquet.read_table(out).to_pylist()
    found = {row["key"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, examples):
    """Every example under sixteen names, in folders, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    for copy in range(16):
        (folder / f"{copy:02}").mkdir()
        for path in examples:
            shutil.copy(path, folder / f"{copy:02}" / path.name)
    (folder / "05/broken.png").write_bytes(b"\x89PNG and no more")
    return folder


def judge_pictures(out, examples, model_file: str, answers: dict[str, list[float]]) -> None:
    """Against onnxruntime run directly on the host's tensors, and against the host's own answers."""
    found = results(out)
    assert len(found) == 16 * len(examples) + 1
    broken = found.pop("05/broken.png")
    assert "[IMAGE_UNREADABLE]" in broken["error"]
    assert broken["output"] is broken["distribution"] is broken["likeliest"] is None
    content, model = read_model(model_file)
    codec = Codec(Host(tuple(HOST[1].split()), str(ROOT)), model)
    tensors = [codec.encode(path.name, [path.read_bytes()])[0][0] for path in examples]
    codec.close()
    direct = session_of(content).run(["output", "distribution"], {"input": numpy.stack(tensors)})
    by_name = {path.name: row for path, *row in zip(examples, *direct)}
    for key, row in found.items():
        output, distribution = by_name[Path(key).name]
        assert row["error"] is None
        assert numpy.abs(numpy.array(row["output"]) - output.ravel()).max() <= CLOSE
        assert numpy.abs(numpy.array(row["distribution"]) - distribution).max() <= CLOSE
        host = numpy.array(answers[Path(key).name])
        assert row["likeliest"] == host.argmax()
        assert numpy.abs(row["distribution"] - host).max() <= CLOSE


def test_every_picture_has_its_answer_once_though_a_worker_and_then_the_driver_are_killed(
    cluster, export, tmp_path, pictures, examples, answers_of_host
):
    chain = "digits -> add-one -> binary"
    out = tmp_path / "out"
    arguments = ["--rows", "8", *HOST]
    run = start(cluster, export(chain), pictures, out, *arguments)
    wait_for_parts(run, out, 2)
    victims = actors(raylet_of(cluster.second))
    assert victims
    kill(victims)
    before = wait_for_parts(run, out, 12)
    run.kill()
    run.wait()
    early = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before}
    assert len(before) < 81
    # Begun again, it goes on; what was there is not written again.
    code, told, progress = ended(start(cluster, export(chain), pictures, out, *arguments))
    assert code == 3, progress
    assert told == f"{out}  ({chain}: 641 rows, 1 of them with an error)\n"
    assert " of 81 parts are there already" in progress
    assert early == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before}
    assert len(parts(out)) == 81
    assert sorted(each.name for each in out.iterdir() if each.name.startswith((".", "_"))) == ["_SUCCESS"]
    judge_pictures(out, examples, export(chain), answers_of_host(chain))


def test_every_row_of_a_parquet_set_is_there_once_though_a_node_is_killed(cluster, export, tmp_path):
    model_file = export("(digits, binary) -> add -> digits")
    content, model = read_model(model_file)
    rows, random = 2000, numpy.random.default_rng(3)
    columns = {name: random.random((rows, *shape), numpy.float32) for name, shape in [*model.inputs.items(), ("style", model.style)]}
    flat = {
        name: pyarrow.FixedSizeListArray.from_arrays(values.ravel(), values[0].size) for name, values in columns.items()
    }
    keys = [f"row {index}" for index in range(rows)]
    questions = tmp_path / "questions.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"name": keys, **flat}), questions, row_group_size=20)

    out = tmp_path / "out"
    run = start(cluster, model_file, questions, out, "--key", "name", "--json")
    wait_for_parts(run, out, 6)
    assert actors(raylet_of(cluster.second))
    kill(under(raylet_of(cluster.second)))
    assert len(parts(out)) < 100
    code, told, progress = ended(run)
    assert code == 0, progress
    assert '"rows": 2000,\n  "errors": 0\n' in told

    found = results(out)
    assert sorted(found) == sorted(keys)
    expected = session_of(content).run(["output", "distribution"], columns)
    for name, values in zip(["output", "distribution"], expected):
        given = numpy.array([found[key][name] for key in keys])
        assert numpy.abs(given - values.reshape(rows, -1)).max() <= CLOSE


def test_a_run_that_is_interrupted_says_how_to_go_on_and_texts_go_through_the_hosts_codecs(cluster, export, tmp_path):
    model_file = export("(binary, roman) -> add -> binary")
    questions = tmp_path / "questions.parquet"
    keys = [f"{index}" for index in range(400)]
    columns = {"key": keys, "input_0": ["0011", "0100"] * 200, "input_1": ["IV"] * 399 + ["I?"]}
    pyarrow.parquet.write_table(pyarrow.table(columns), questions, row_group_size=4)
    out = tmp_path / "out"
    run = start(cluster, model_file, questions, out, *HOST)
    wait_for_parts(run, out, 1)
    run.send_signal(signal.SIGINT)
    code, told, progress = ended(run)
    assert (code, told) == (130, "")
    assert "do: Run it again; it goes on where it stopped." in progress
    assert ended(start(cluster, model_file, questions, out, *HOST))[0] == 3
    found = results(out)
    assert len(found) == 400
    assert "[SYMBOLS_INVALID]" in found["399"]["error"]
    # 3 + 4 and 4 + 4.
    assert [found[key]["likeliest"] for key in keys[:-1]] == [7, 8] * 199 + [7]
