"""The host's codecs, in a process of `deepfunctor tensors`: pictures and texts become tensors in one program only."""

import base64
import json
import subprocess
from dataclasses import dataclass

import numpy

from .model import Model
from .told import Told


@dataclass(frozen=True)
class Host:
    """How the command is called, and the project in which the plugins of the chain are installed."""

    command: tuple[str, ...]
    project: str


class Codec:
    """One process, asked row by row. Errors of the start: ENGINE_MISSING, DATA_BROKEN."""

    def __init__(self, host: Host, model: Model):
        self._host, self._model = host, model
        self._start()

    def _start(self) -> None:
        call = [*self._host.command, "tensors", self._model.chain]
        where = f"{' '.join(call[:-1])} “{call[-1]}”, in {self._host.project}"
        try:
            self._process = subprocess.Popen(
                call, cwd=self._host.project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            told = json.loads(self._process.stdout.readline())
        except OSError as error:
            todo = "Install Node and deepfunctor on every machine, or name them with --host and --project."
            raise Told("ENGINE_MISSING", f"The host cannot be started: {error.strerror}.", where, todo) from error
        except ValueError as error:
            said = self._process.communicate()[1].decode().strip().splitlines()
            todo = "Run this command by hand, and install what it misses."
            raise Told("ENGINE_MISSING", f"The host does not know the chain: {' '.join(said[:2])}", where, todo) from error
        for (name, shape), port in zip(self._model.inputs.items(), told["inputs"], strict=True):
            if tuple(port["shape"]) != shape or port["encode"] not in self._model.parts:
                self.close()
                what = f"The file was made with another version of “{port['functor']}” than is installed: {name} differs."
                raise Told("DATA_BROKEN", what, where, "Install that version, or export the chain again.")

    def encode(self, key: str, forms: list[bytes | str]) -> tuple[list[numpy.ndarray], str | None]:
        """The tensors of a row, one for each input, or the error that it has. A process that died is started again."""
        inputs = [form if isinstance(form, str) else {"png": base64.b64encode(form).decode()} for form in forms]
        line = json.dumps({"key": key, "inputs": inputs}).encode() + b"\n"
        try:
            answer = self._ask(line)
        except (OSError, ValueError):
            self.close()
            self._start()
            answer = self._ask(line)
        if "error" in answer:
            return [], f"{answer['error']['what']} [{answer['error']['code']}]"
        shapes = self._model.inputs.values()
        tensors = [numpy.frombuffer(base64.b64decode(each), "<f4") for each in answer["tensors"]]
        return [values.reshape(shape) for values, shape in zip(tensors, shapes, strict=True)], None

    def _ask(self, line: bytes) -> dict:
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
