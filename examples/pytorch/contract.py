"""What a category publishes, read as files: labels, norm, reference sample and probe. Nothing else is known of the space."""

import hashlib
import json
from pathlib import Path

import numpy
import onnx
import torch
from onnx import numpy_helper
from safetensors.numpy import load

# The operators that a probe is made of here; a file with others is refused by name.
OPERATORS = {
    "Add": torch.add,
    "Div": torch.div,
    "Identity": lambda x: x,
    "MatMul": torch.matmul,
    "Mul": torch.mul,
    "ReduceSum": lambda x, axes, keepdims=1: torch.sum(x, axes, keepdim=bool(keepdims)),
    "Relu": torch.relu,
    "Softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
}


class Graph(torch.nn.Module):
    """An ONNX graph of one input and one output as a module, its weights fixed."""

    def __init__(self, model: onnx.ModelProto):
        super().__init__()
        self.graph = model.graph
        # Whole numbers are axes: part of the program, no weights.
        self.axes = {}
        for i, weight in enumerate(self.graph.initializer):
            values = numpy.array(numpy_helper.to_array(weight))
            if values.dtype.kind == "i":
                self.axes[weight.name] = values.tolist()
            else:
                self.register_buffer(f"weight_{i}", torch.from_numpy(values))
        for node in self.graph.node:
            if node.op_type not in OPERATORS:
                raise SystemExit(f"The probe has the operator {node.op_type}: add it to OPERATORS in contract.py.")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.graph.initializer
        values = {each.name: getattr(self, f"weight_{i}", None) for i, each in enumerate(weights)}
        values |= self.axes
        values[self.graph.input[0].name] = x
        for node in self.graph.node:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes)
        return values[self.graph.output[0].name]


class Contract:
    """A category's release. `latents` [N, D], `beliefs` [N, K] and `clear` [N] are its reference sample."""

    def __init__(self, folder: Path):
        self.category = json.loads((folder / "category.json").read_text())
        self.labels = self.category["labels"]
        self.norm = self.category["norm"]["value"]
        sample = load(self._file(folder, "reference"))
        self.latents = torch.from_numpy(sample["latents"])
        self.beliefs = torch.from_numpy(sample["distributions"])
        self.clear = torch.from_numpy(sample["clear"]) == 1
        self.probe = Graph(onnx.load_from_string(self._file(folder, "probe")))
        # One row in five is kept to measure by.
        self.kept = torch.rand(len(self.latents), generator=torch.Generator().manual_seed(0)) < 0.2
        # How the space writes a belief: on a direction for each label, by the amplitude √p (docs/decisions/0002).
        used = ~self.kept
        self.directions = torch.linalg.lstsq(self.beliefs[used].sqrt(), self.latents[used]).solution
        error = (self.write(self.beliefs[self.kept]) - self.latents[self.kept]).square().mean().sqrt() / self.norm
        if error > 0.05:
            raise SystemExit(f"This space does not write amplitudes: the sample is off by {error:.3f} of its norm.")

    def _file(self, folder: Path, name: str) -> bytes:
        entry = self.category["files"][name]
        content = (folder / entry["path"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise SystemExit(f"{folder / entry['path']} is not the file that category.json names.")
        return content

    def read(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents [n, D] → beliefs [n, K] without what is below 0.0005: small errors must not add up over a chain."""
        belief = self.probe(latents)
        belief = torch.where(belief > 5e-4, belief, torch.zeros_like(belief))
        return belief / belief.sum(1, keepdim=True)

    def write(self, beliefs: torch.Tensor) -> torch.Tensor:
        """Beliefs [n, K] → latents [n, D] of the norm."""
        latents = beliefs.sqrt() @ self.directions
        return latents * self.norm / latents.square().mean(1, keepdim=True).sqrt()

    def noised(self, count: int, kept: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Clear latents of the sample with noise of up to half the norm, and the index of the label of each."""
        rows = torch.nonzero(self.clear & (self.kept == kept)).flatten()
        rows = rows[torch.randint(len(rows), (count,))]
        latents = self.latents[rows]
        latents = latents + 0.5 * self.norm * torch.rand(count, 1) * torch.randn_like(latents)
        latents = latents * self.norm / latents.square().mean(1, keepdim=True).sqrt()
        return latents, self.beliefs[rows].argmax(1)
