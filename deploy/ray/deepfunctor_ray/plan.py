"""
The work as parts, each of which becomes one file of results.

A part's name is made of the chain and of what the part reads. So a part that is done twice, because a worker died or
the whole run was begun again, writes the same file, and whatever is there already needs no work.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass

import pyarrow
import pyarrow.parquet

from .model import Model
from .told import Told

#: Results of another layout get other names.
LAYOUT = 1


@dataclass(frozen=True)
class Part:
    """Pictures (`paths`, relative to `root`), or the row group `group` of the Parquet file `paths[0]`."""

    name: str
    root: str
    paths: list[str]
    group: int | None
    rows: int


@dataclass(frozen=True)
class Plan:
    """`forms`: whether the rows are pictures and texts, which the host's codecs read, or tensors."""

    parts: list[Part]
    forms: bool

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def plan(path: str, model: Model, key: str, rows: int) -> Plan:
    """
    The parts of a folder of PNG files (`rows` in each), of a Parquet file or of a folder of them (a row group in each).
    Errors: INPUT_MISSING, DATA_BROKEN, USAGE.
    """
    root, files = _files(os.path.abspath(path))
    pictures = [each for each in files if each.lower().endswith(".png")]
    tables = [each for each in files if each.endswith(".parquet")]
    if bool(pictures) == bool(tables):
        what = "There are both PNG and Parquet files." if pictures else "There is no PNG or Parquet file."
        raise Told("DATA_BROKEN", what, path, "Give a folder of one of the two.")
    if pictures:
        if len(model.inputs) != 1:
            what = f"The chain takes {len(model.inputs)} inputs, but a folder of pictures gives one."
            raise Told("DATA_BROKEN", what, path, f"Give a Parquet set with the columns {', '.join(model.inputs)}.")
        groups = [(pictures[at : at + rows], None) for at in range(0, len(pictures), rows)]
        return Plan([_part(model, i, root, paths, None, len(paths)) for i, (paths, _) in enumerate(groups)], True)
    return _plan_tables(model, root, tables, key)


def _files(path: str) -> tuple[str, list[str]]:
    if os.path.isfile(path):
        return os.path.dirname(path), [os.path.basename(path)]
    if not os.path.isdir(path):
        raise Told("INPUT_MISSING", "The input cannot be opened: it is not there.", path, "Check the path.")
    found = [
        os.path.relpath(os.path.join(folder, name), path)
        for folder, _, names in os.walk(path)
        for name in names
        if not name.startswith((".", "_"))
    ]
    return path, sorted(found)


def _plan_tables(model: Model, root: str, tables: list[str], key: str) -> Plan:
    parts: list[Part] = []
    kinds: set[bool] = set()
    for name in tables:
        where = os.path.join(root, name)
        try:
            table = pyarrow.parquet.ParquetFile(where)
        except (OSError, pyarrow.ArrowException) as error:
            raise Told("DATA_BROKEN", f"The file cannot be read: {error}.", where, "Write it again.") from error
        with table:
            kinds |= {_is_form(table.schema_arrow, column, where) for column in model.inputs}
            if key not in table.schema_arrow.names:
                raise Told("DATA_BROKEN", f"There is no column “{key}”.", where, "Name the keys' column with --key.")
            for group in range(table.num_row_groups):
                parts.append(_part(model, len(parts), root, [name], group, table.metadata.row_group(group).num_rows))
    if len(kinds) > 1:
        what = "Some inputs are tensors, and some are pictures or texts."
        raise Told("DATA_BROKEN", what, root, "Give all as tensors, or none.")
    return Plan(parts, kinds == {True})


def _is_form(schema: pyarrow.Schema, column: str, where: str) -> bool:
    kind = schema.field(column).type if column in schema.names else None
    if kind is not None and (pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)):
        return True
    if kind is not None and (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
        return True
    if kind is not None and (pyarrow.types.is_list(kind) or pyarrow.types.is_fixed_size_list(kind)):
        if kind.value_type == pyarrow.float32():
            return False
    found = "is missing" if kind is None else f"is {kind}"
    todo = "Give bytes of PNG files, texts, or flat lists of float32."
    raise Told("DATA_BROKEN", f"The column “{column}” {found}.", where, todo)


def _part(model: Model, index: int, root: str, paths: list[str], group: int | None, rows: int) -> Part:
    states = [os.stat(os.path.join(root, path)) for path in paths]
    content = [[path, state.st_size, state.st_mtime_ns] for path, state in zip(paths, states)]
    made_of = json.dumps([LAYOUT, model.sha256, content, group])
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    return Part(f"part-{index:06d}-{digest}.parquet", root, paths, group, rows)


def as_row(part: Part) -> dict:
    """A part as Ray carries it."""
    return {"part": json.dumps(asdict(part))}


def of_row(row: dict) -> Part:
    return Part(**json.loads(row["part"]))
