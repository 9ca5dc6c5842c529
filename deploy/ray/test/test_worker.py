"""What a worker writes, without a cluster around it: the rows of a part, the same whenever it is done again."""

import numpy
import pyarrow
import pyarrow.parquet
from conftest import COMMAND, ROOT
from deepfunctor_ray.codec import Codec, Host
from deepfunctor_ray.model import read_model, session_of
from deepfunctor_ray.plan import as_row, plan
from deepfunctor_ray.worker import Task, Worker

HOST = Host(tuple(COMMAND), str(ROOT))
CLOSE = 1e-5


def test_pictures_get_the_answers_of_the_host_and_a_part_done_twice_is_the_same_file(
    export, tmp_path, examples, answers_of_host
):
    chain = "digits -> add-one -> binary"
    content, model = read_model(export(chain))
    work = plan(str(examples[0].parent), model, "key", 15)
    assert [part.rows for part in work.parts] == [15, 15, len(examples) - 30]
    files = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        worker = Worker(content, Task(model, HOST, str(tmp_path / name), "key", 7))
        told = [worker(as_row(part)) for part in work.parts]
        # Asked again, it finds the part done.
        assert [worker(as_row(part)) for part in work.parts] == told
        worker.codec.close()
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert files[0] == files[1]
    assert sorted(files[0]) == [part.name for part in work.parts]
    rows = pyarrow.parquet.read_table(tmp_path / "first").to_pylist()
    assert [row["key"] for row in rows] == [path.name for path in examples]
    answers = answers_of_host(chain)
    for row in rows:
        host = numpy.array(answers[row["key"]])
        assert row["error"] is None
        assert row["likeliest"] == host.argmax()
        assert numpy.abs(numpy.array(row["distribution"]) - host).max() <= CLOSE


def test_several_inputs_and_a_style_are_what_onnxruntime_makes_of_them_and_a_wrong_row_has_its_error(export, tmp_path):
    content, model = read_model(export("(digits, binary) -> add -> digits"))
    rows, random = 30, numpy.random.default_rng(3)
    ports = [*model.inputs.items(), ("style", model.style)]
    columns = {name: random.random((rows, *shape), numpy.float32) for name, shape in ports}
    lists = {name: [row.ravel() for row in values] for name, values in columns.items()}
    lists["input_1"][4] = numpy.zeros(3, numpy.float32)
    lists["input_0"][5] = lists["input_0"][5] * numpy.float32("nan")
    lists["input_0"][6] = None
    lists["style"][7] = numpy.zeros(1, numpy.float32)
    kind = pyarrow.list_(pyarrow.float32())
    table = pyarrow.table({"key": [str(i) for i in range(rows)], **{n: pyarrow.array(v, kind) for n, v in lists.items()}})
    pyarrow.parquet.write_table(table, tmp_path / "set.parquet", row_group_size=12)
    work = plan(str(tmp_path / "set.parquet"), model, "key", 1)
    assert not work.forms and [part.rows for part in work.parts] == [12, 12, 6]
    out = tmp_path / "out"
    out.mkdir()
    worker = Worker(content, Task(model, None, str(out), "key", 8))
    assert [worker(as_row(part))["errors"] for part in work.parts] == [4, 0, 0]
    found = pyarrow.parquet.read_table(out).to_pylist()
    wrong = {row["key"]: row["error"] for row in found if row["error"] is not None}
    assert wrong == {
        "4": "The tensor “input_1” does not fit: it has 3 values. [INPUT_TENSOR]",
        "5": "The tensor “input_0” does not fit: a value is not finite. [INPUT_TENSOR]",
        "6": "An input is missing. [INPUT_COUNT]",
        "7": "The tensor “style” does not fit: it has 1 values. [INPUT_TENSOR]",
    }
    output, distribution = session_of(content).run(["output", "distribution"], columns)
    for index, row in enumerate(found):
        assert row["key"] == str(index)
        if row["error"] is None:
            assert numpy.abs(numpy.array(row["output"]) - output[index].ravel()).max() <= CLOSE
            assert numpy.abs(numpy.array(row["distribution"]) - distribution[index]).max() <= CLOSE


def test_the_hosts_process_is_started_again_when_it_dies(export):
    _, model = read_model(export("binary -> add-one -> binary"))
    codec = Codec(HOST, model)
    before, _ = codec.encode("a", ["0110"])
    codec._process.kill()
    codec._process.wait()
    after, error = codec.encode("a", ["0110"])
    codec.close()
    assert error is None
    assert before[0].tolist() == after[0].tolist() == [0, 1, 1, 0]
