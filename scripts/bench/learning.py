"""The recipe of packages/train/src/learn/text.ts in PyTorch; one line of JSON for each that is read."""
import json
import math
import sys
import time

import numpy
import torch
import torch.nn.functional as F

from twin import Adam, fastest_threads

recipe = json.load(open(sys.argv[1]))
rows = torch.tensor(recipe["rows"], dtype=torch.float32)
beliefs = torch.tensor(recipe["beliefs"])  # [label, draw, label]
d, size = rows.shape
positions, symbols = recipe["positions"], recipe["symbols"]
BATCH, HIDDEN, CHECK, RATE = 16 * d, 64, 25, 0.02


def learn(steps):
    """Milliseconds of a step, from the end of the first one to the end."""
    random = numpy.random.default_rng(1)
    w1 = torch.nn.Parameter(torch.randn(size, HIDDEN) * math.sqrt(2 / size))
    b1 = torch.nn.Parameter(torch.zeros(HIDDEN))
    w2 = torch.nn.Parameter(torch.randn(HIDDEN, d) / math.sqrt(HIDDEN))
    b2 = torch.nn.Parameter(torch.zeros(d))
    free = torch.nn.Parameter(torch.randn(d, size) * 0.5)
    adam = Adam([w1, b1, w2, b2, free], average=0.9)
    labels = torch.arange(BATCH) % d
    wanted = rows[labels]
    target = torch.arange(d)

    def logits():
        return torch.relu(rows @ w1 + b1) @ w2 + b2

    def spelled():
        return torch.softmax(free.reshape(d, positions, symbols), 2).reshape(d, size)

    for step in range(steps):
        if step == 1:
            begun = time.perf_counter()
        drawn = beliefs[labels, torch.from_numpy(random.integers(beliefs.shape[1], size=BATCH))]
        drawn = drawn / drawn.sum(1, keepdim=True)
        shown = drawn @ spelled()
        wrong = -(wanted * torch.log(shown + 1e-7) + (1 - wanted) * torch.log(1 - shown + 1e-7)).mean()
        adam.step(F.cross_entropy(logits(), target) + wrong, RATE)
        if (step + 1) % CHECK == 0:
            with torch.no_grad():
                F.cross_entropy(logits(), target).item()
                (spelled() - rows).abs().max().item()
                spelled().round()
    return 1000 * (time.perf_counter() - begun) / (steps - 1)


for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("choose"):
        print(json.dumps({"threads": fastest_threads(lambda: learn(asked["steps"]))}), flush=True)
    else:
        print(json.dumps({"ms": learn(asked["steps"])}), flush=True)
