"""What Ray adds to a row: the pipeline of deploy/ray with 1 and 2 workers against its own work done in one process."""

import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/ray"))

from deepfunctor_ray import __main__ as command  # noqa: E402
from deepfunctor_ray.model import read_model  # noqa: E402
from deepfunctor_ray.plan import as_row, plan  # noqa: E402
from deepfunctor_ray.worker import Task, Worker  # noqa: E402
import numpy  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

ROWS, GROUP, BATCH = 20_000, 1000, 64


def main(path: str) -> None:
    content, model = read_model(path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        random = numpy.random.default_rng(1)
        columns: dict = {"key": [str(index) for index in range(ROWS)]}
        for port, shape in model.inputs.items():
            values = random.random(ROWS * int(numpy.prod(shape)), numpy.float32)
            columns[port] = pyarrow.FixedSizeListArray.from_arrays(values, int(numpy.prod(shape)))
        given = folder / "questions.parquet"
        pyarrow.parquet.write_table(pyarrow.table(columns), given, row_group_size=GROUP)

        (folder / "alone").mkdir()
        work = plan(str(given), model, "key", GROUP)
        worker = Worker(content, Task(model, None, str(folder / "alone"), "key", BATCH))
        begun = time.perf_counter()
        for part in work.parts:
            worker(as_row(part))
        alone = time.perf_counter() - begun

        runs = []
        for workers in (1, 2):
            out = folder / f"ray-{workers}"
            begun = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                code = command.main([path, "--input", str(given), "--out", str(out), "--workers", str(workers)])
            assert code == 0
            seconds = time.perf_counter() - begun
            written = sorted(part.stat().st_mtime for part in out.glob("part-*.parquet"))
            # From the first part to the last, and as much again for the first as for each other.
            working = (written[-1] - written[0]) * len(written) / (len(written) - 1)
            runs.append({"workers": workers, "seconds": seconds, "working": working})
        print(json.dumps({"rows": ROWS, "parts": len(work.parts), "alone": alone, "runs": runs}))


main(sys.argv[1])
