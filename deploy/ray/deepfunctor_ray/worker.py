"""What an actor does: one session of the chain, one process of the host's codecs, and one file for each part."""

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy
import pyarrow
import pyarrow.parquet
import ray

from .codec import Codec, Host
from .model import Model, session_of
from .plan import Part, of_row
from .told import Told


@dataclass(frozen=True)
class Task:
    model: Model
    host: Host | None  #: None where the rows are tensors already
    out: str
    key: str
    batch: int


#: Keys, and for each row its inputs (and style), or why it has none.
Batch = tuple[list[str], list[list | str]]


class Worker:
    def __init__(self, content: ray.ObjectRef | bytes, task: Task):
        self.task = task
        self.session = session_of(content if isinstance(content, bytes) else ray.get(content))
        self.codec = None if task.host is None else Codec(task.host, task.model)
        self.schema = schema_of(task.model)

    def __call__(self, row: dict) -> dict:
        """Do one part. Its file appears whole, under a name that a second try gives it too."""
        part = of_row(row)
        path = os.path.join(self.task.out, part.name)
        if not os.path.exists(path):
            self._write(part, path)
        errors = pyarrow.parquet.read_table(path, columns=["error"])["error"]
        return {"name": part.name, "rows": len(errors), "errors": len(errors) - errors.null_count, "pid": os.getpid()}

    def _write(self, part: Part, path: str) -> None:
        # Readers of a Parquet set leave out names that begin with a dot.
        staged = os.path.join(self.task.out, f".{part.name}.{uuid.uuid4()}.tmp")
        try:
            with open(staged, "xb") as file:
                with pyarrow.parquet.ParquetWriter(file, self.schema) as writer:
                    for batch in read(part, self.task):
                        writer.write_batch(self._answer(*batch))
                file.flush()
                os.fsync(file.fileno())
            os.replace(staged, path)
        except BaseException as error:
            if os.path.exists(staged):
                os.remove(staged)
            if isinstance(error, OSError):
                what = f"A part of the results cannot be made: {error.strerror or error}."
                raise Told("OUTPUT_UNWRITABLE", what, path, "Check the folder and the disk; run it again to go on.") from error
            raise

    def _answer(self, keys: list[str], rows: list[list | str]) -> pyarrow.RecordBatch:
        model = self.task.model
        errors: list[str | None] = [None] * len(keys)
        tensors: list[list[numpy.ndarray]] = []
        styles: list[numpy.ndarray | None] = []
        for index, row in enumerate(rows):
            error = row if isinstance(row, str) else None
            if error is None:
                *inputs, style = row
                found, error = self.codec.encode(keys[index], inputs) if self.codec else fitting(inputs, model)
                error = error or (None if style is None else fitting_style(style, model))
            errors[index] = error
            if error is None:
                tensors.append(found)
                styles.append(style)
        good = numpy.array([error is None for error in errors])
        found = self._run(tensors, styles) if tensors else {}
        columns = [pyarrow.array(keys)]
        for name, shape in model.outputs.items():
            values = numpy.zeros((len(keys), int(numpy.prod(shape))), numpy.float32)
            if tensors:
                values[good] = found[name].reshape(len(tensors), -1)
            columns.append(
                pyarrow.FixedSizeListArray.from_arrays(values.ravel(), values.shape[1], mask=pyarrow.array(~good))
            )
            if name == "distribution":
                columns.append(pyarrow.array(values.argmax(1).astype(numpy.int32), mask=~good))
        columns.append(pyarrow.array(errors, pyarrow.string()))
        return pyarrow.RecordBatch.from_arrays(
            [column.cast(field.type) for column, field in zip(columns, self.schema)], schema=self.schema
        )

    def _run(self, tensors: list[list[numpy.ndarray]], styles: list) -> dict[str, numpy.ndarray]:
        model = self.task.model
        feeds = {name: numpy.stack([row[i] for row in tensors]) for i, name in enumerate(model.inputs)}
        if model.style is not None:
            # 0 is the canonical hand.
            canonical = numpy.zeros(model.style, numpy.float32)
            feeds["style"] = numpy.stack([canonical if style is None else style for style in styles])
        names = list(model.outputs)
        return dict(zip(names, self.session.run(names, feeds)))


def schema_of(model: Model) -> pyarrow.Schema:
    """Columns of the results: key, the outputs (flat; `shape` in the metadata of the field), likeliest, error."""
    fields = [pyarrow.field("key", pyarrow.string())]
    for name, shape in model.outputs.items():
        kind = pyarrow.list_(pyarrow.float32(), int(numpy.prod(shape)))
        fields.append(pyarrow.field(name, kind, metadata={"shape": json.dumps(shape)}))
        if name == "distribution":
            fields.append(pyarrow.field("likeliest", pyarrow.int32()))
    fields.append(pyarrow.field("error", pyarrow.string()))
    return pyarrow.schema(fields, metadata={"deepfunctor.chain": model.chain, "deepfunctor.sha256": model.sha256})


def read(part: Part, task: Task) -> Iterator[Batch]:
    """The rows of a part, `batch` at a time: the inputs of each and at last its style, or its error."""
    if part.group is None:
        for at in range(0, len(part.paths), task.batch):
            keys = part.paths[at : at + task.batch]
            yield [key.replace(os.sep, "/") for key in keys], [_picture(os.path.join(part.root, key)) for key in keys]
        return
    names = list(task.model.inputs)
    with pyarrow.parquet.ParquetFile(os.path.join(part.root, part.paths[0])) as table:
        style = ["style"] if task.model.style is not None and "style" in table.schema_arrow.names else []
        columns = [task.key, *names, *style]
        for batch in table.iter_batches(task.batch, row_groups=[part.group], columns=list(dict.fromkeys(columns))):
            keys = [str(key) for key in batch[task.key].to_pylist()]
            cells = [_cells(batch[name]) for name in [*names, *style]]
            rows = [[column[i] for column in cells] + ([] if style else [None]) for i in range(len(keys))]
            missing = ["An input is missing. [INPUT_COUNT]" if any(c is None for c in row[: len(names)]) else row for row in rows]
            yield keys, missing


def _cells(column: pyarrow.Array) -> list:
    """The values of a column; those of lists as float32."""
    if not pyarrow.types.is_list(column.type) and not pyarrow.types.is_fixed_size_list(column.type):
        return column.to_pylist()
    return [numpy.asarray(cell.values, numpy.float32) if cell.is_valid else None for cell in column]


def _picture(path: str) -> list | str:
    try:
        with open(path, "rb") as file:
            return [file.read(), None]
    except OSError as error:
        return f"The input cannot be opened: {error.strerror}. [INPUT_MISSING]"


def fitting(inputs: list[numpy.ndarray], model: Model) -> tuple[list[numpy.ndarray], str | None]:
    """Flat tensors in the shapes of their ports, or why not."""
    for values, (name, shape) in zip(inputs, model.inputs.items()):
        if values.size != numpy.prod(shape):
            return [], f"The tensor “{name}” does not fit: it has {values.size} values. [INPUT_TENSOR]"
        if not numpy.isfinite(values).all():
            return [], f"The tensor “{name}” does not fit: a value is not finite. [INPUT_TENSOR]"
    return [values.reshape(shape) for values, shape in zip(inputs, model.inputs.values())], None


def fitting_style(style: numpy.ndarray, model: Model) -> str | None:
    fits = style.shape == model.style and numpy.isfinite(style).all()
    return None if fits else f"The tensor “style” does not fit: it has {style.size} values. [INPUT_TENSOR]"
