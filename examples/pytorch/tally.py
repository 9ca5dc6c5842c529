"""Learns the functor `tally` in PyTorch: a label as tally marks, `#` for five strokes and `-` for none."""

import torch

import package
from contract import Contract

SEED, STEPS, BATCH, DONE, SURE = 1, 2000, 256, 5e-4, 0.98


class Encode(torch.nn.Module):
    """One-hot symbols [n, L, A] → latents [n, D]."""

    def __init__(self, contract: Contract, size: int):
        super().__init__()
        self.contract = contract
        self.logits = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(size, 64), torch.nn.ReLU(), torch.nn.Linear(64, len(contract.labels))
        )

    def forward(self, symbols: torch.Tensor) -> torch.Tensor:
        return self.contract.write(torch.softmax(self.logits(symbols), 1))


class Decode(torch.nn.Module):
    """Latents [n, D] → probabilities of symbols [n, L, A]: a text for each label, mixed by the belief."""

    def __init__(self, contract: Contract, length: int, alphabet: int):
        super().__init__()
        self.contract, self.probe = contract, contract.probe
        self.shape = (length, alphabet)
        self.texts = torch.nn.Parameter(0.5 * torch.randn(len(contract.labels), length, alphabet))
        self.hard = None

    def spelled(self) -> torch.Tensor:
        return torch.softmax(self.texts, 2) if self.hard is None else self.hard

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        mixed = self.contract.read(latent) @ self.spelled().flatten(1)
        return mixed.reshape(-1, *self.shape)


def learn(contract: Contract, texts: torch.Tensor) -> tuple[Encode, Decode, int]:
    """`texts` [K, L, A]: the one-hot symbols of each label."""
    encode, decode = Encode(contract, texts[0].numel()), Decode(contract, *texts.shape[1:])
    adam = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=0.02)
    own = torch.arange(len(texts))
    for step in range(1, STEPS + 1):
        latents, labels = contract.noised(BATCH)
        reading = torch.nn.functional.cross_entropy(encode.logits(texts), own)
        showing = torch.nn.functional.binary_cross_entropy(decode(latents).clamp(0, 1), texts[labels])
        adam.zero_grad()
        (reading + showing).backward()
        adam.step()
        if step % 25 == 0:
            print(f"\r{step} of at most {STEPS} steps, loss {(reading + showing).item():.4f}", end="", flush=True)
            if reading < DONE and (decode.spelled() - texts).abs().max() < 1 - SURE:
                decode.hard = decode.spelled().detach().round()
                print()
                return encode, decode, step
    raise SystemExit(f"\nThe learning has not converged after {STEPS} steps; nothing was written.")


@torch.no_grad()
def measured(contract: Contract, encode: Encode, decode: Decode, texts: torch.Tensor) -> dict[str, float]:
    """By rows of the reference sample that were kept."""
    latents, labels = contract.noised(5000, kept=True)
    shown = decode(latents)
    right = (shown.argmax(2) == texts[labels].argmax(2)).all(1).float().mean()
    again = (contract.probe(encode(shown)).argmax(1) == labels).float().mean()
    return {
        "spelled right, of noised latents that were kept": round(right.item(), 6),
        "read again what it shows": round(again.item(), 6),
    }


def main() -> None:
    given = package.arguments(__doc__, "functor-tally")
    torch.manual_seed(SEED)
    contract = Contract(given.core / "categories" / given.category)

    values = [label["factors"]["value"] for label in contract.labels]
    marks = ["#" * (value // 5) + "|" * (value % 5) or "-" for value in values]
    # The first symbol of an alphabet is the padding.
    alphabet = ["", *sorted(set("".join(marks)))]
    length = max(map(len, marks))
    places = torch.tensor([[alphabet.index(mark[i : i + 1]) for i in range(length)] for mark in marks])
    texts = torch.nn.functional.one_hot(places, len(alphabet)).float()
    encode, decode, steps = learn(contract, texts)
    models = {
        "encode": package.exported(encode, (length, len(alphabet)), "input", "latent"),
        "decode": package.exported(decode, (contract.category["dimension"],), "latent", "output"),
    }
    manifest = {
        "kind": "functor",
        "name": "tally",
        "port": package.port(contract),
        "domain": [label["name"] for label in contract.labels],
        "codec": {"kind": "symbols", "version": 1, "length": length, "alphabet": alphabet, "values": marks},
    }
    card = {
        "seed": SEED,
        "steps": steps,
        "data": f"{len(marks)} texts, and the clear latents of the reference sample with noise.",
        "recipe": f"PyTorch {torch.__version__}. encode: one hidden layer, √belief on directions fitted to the sample; decode: a text for each label, mixed by the belief that the probe reads.",
        "measured": measured(contract, encode, decode, texts),
    }
    package.write(given.out, given.core, manifest, models, card)


if __name__ == "__main__":
    main()
