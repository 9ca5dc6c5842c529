"""An exported chain: its ports, what it is made of, and a session of it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import onnxruntime

from .told import Told

# Runs of one row each, as `docs/using.md` has it: everything float32, the first axis dynamic.
FLOAT = "tensor(float)"


@dataclass(frozen=True)
class Model:
    """`inputs`, `outputs` and `style`: the shape of a row by the name of its port. `parts`: SHA-256 of every file in it."""

    sha256: str
    chain: str
    parts: frozenset[str]
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    style: tuple[int, ...] | None


def session_of(model: bytes) -> onnxruntime.InferenceSession:
    """A session on one thread: there are as many workers as processors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def read_model(path: str) -> tuple[bytes, Model]:
    """Errors: INPUT_MISSING, DATA_BROKEN."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise Told("INPUT_MISSING", f"The model cannot be opened: {error.strerror}.", path, "Check the path.") from error
    remedy = 'Write it with deepfunctor export "CHAIN" --out FILE.onnx.'
    try:
        session = session_of(content)
        about = session.get_modelmeta().custom_metadata_map
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise Told("DATA_BROKEN", f"This is not a usable ONNX model: {reason}.", path, remedy) from error
    if "deepfunctor.chain" not in about:
        raise Told("DATA_BROKEN", "This model is no exported chain: its metadata name none.", path, remedy)
    for port in [*session.get_inputs(), *session.get_outputs()]:
        if port.type != FLOAT or isinstance(port.shape[0], int):
            raise Told("DATA_BROKEN", f"The port “{port.name}” is no batch of float32.", path, remedy)
    inputs = {port.name: tuple(port.shape[1:]) for port in session.get_inputs()}
    style = inputs.pop("style", None)
    outputs = {port.name: tuple(port.shape[1:]) for port in session.get_outputs()}
    parts = frozenset(part["sha256"] for part in json.loads(about["deepfunctor.parts"]))
    digest = hashlib.sha256(content).hexdigest()
    return content, Model(digest, about["deepfunctor.chain"], parts, inputs, outputs, style)
