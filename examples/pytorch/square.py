"""Learns the morphism `square`, a · a, in PyTorch: a belief is read, carried through a table, and written again."""

import torch

import package
from contract import Contract

SEED, STEPS, BATCH, SURE = 1, 2000, 256, 0.98


class Square(torch.nn.Module):
    """Latents [n, D] → latents [n, D]. The table is learned as logits, and made hard at the end."""

    def __init__(self, contract: Contract):
        super().__init__()
        self.contract, self.probe = contract, contract.probe
        count = len(contract.labels)
        self.logits = torch.nn.Parameter(0.5 * torch.randn(count, count))
        self.hard = None

    def table(self) -> torch.Tensor:
        return torch.softmax(self.logits, 1) if self.hard is None else self.hard

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.contract.write(self.contract.read(latent) @ self.table())


def learn(contract: Contract, table: torch.Tensor) -> tuple[Square, int]:
    model = Square(contract)
    adam = torch.optim.Adam([model.logits], lr=0.1)
    for step in range(1, STEPS + 1):
        latents, labels = contract.noised(BATCH)
        belief = contract.probe(model(latents))
        loss = torch.nn.functional.nll_loss((belief + 1e-6).log(), table[labels])
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % 25 == 0:
            rows = model.table().detach()
            print(f"\r{step} of at most {STEPS} steps, loss {loss.item():.4f}", end="", flush=True)
            if rows.max(1).values.min() >= SURE and bool((rows.argmax(1) == table).all()):
                model.hard = torch.eye(len(table))[table]
                print()
                return model, step
    raise SystemExit(f"\nThe learning has not converged after {STEPS} steps; nothing was written.")


@torch.no_grad()
def measured(contract: Contract, model: Square, table: torch.Tensor) -> dict[str, float]:
    """By rows of the reference sample that were kept."""
    latents, labels = contract.noised(5000, kept=True)
    right = (contract.probe(model(latents)).argmax(1) == table[labels]).float().mean()
    ambiguous = contract.latents[~contract.clear & contract.kept]
    pushed = contract.probe(ambiguous) @ model.table()
    variation = (contract.probe(model(ambiguous)) - pushed).abs().sum(1).mean() / 2
    return {
        "right on noised latents that were kept": round(right.item(), 6),
        "total variation to the push-forward, ambiguous latents that were kept": round(variation.item(), 6),
    }


def main() -> None:
    given = package.arguments(__doc__, "morphism-square")
    torch.manual_seed(SEED)
    contract = Contract(given.core / "categories" / given.category)

    values = [label["factors"]["value"] for label in contract.labels]
    table = torch.tensor([values.index(value * value % len(values)) for value in values])
    model, steps = learn(contract, table)
    onnx = package.exported(model, (contract.category["dimension"],), "latent_0", "latent")
    port = package.port(contract)
    manifest = {"kind": "morphism", "name": "square", "inputs": [port], "output": port, "table": table.tolist()}
    card = {
        "seed": SEED,
        "steps": steps,
        "data": "The clear latents of the reference sample with noise, and the table a · a.",
        "recipe": f"PyTorch {torch.__version__}: the probe, a table learned by cross-entropy, √belief on directions fitted to the sample.",
        "measured": measured(contract, model, table),
    }
    package.write(given.out, given.core, manifest, {"morphism": onnx}, card)


if __name__ == "__main__":
    main()
