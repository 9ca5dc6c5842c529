"""The joint founding of packages/train/src/fuzzy-digits (networks.ts, founding.ts) in PyTorch; one line of JSON for each read."""
import json
import math
import sys
import time

import numpy
import torch
import torch.nn.functional as F

from twin import Adam, fastest_threads

recipe = json.load(open(sys.argv[1]))
K, D, SIDE, BITS = 10, 32, 28, 4
PIXELS = SIDE * SIDE
SEEN = {"digits": [32, 48, 64, 128], "dots": [32, 32, 64, 64]}
FINE, POOLED, HIDDEN, NOISE, BELIEF, REACH = 12, 4.0, 128, 0.6, 4.0, 3.2
SHARE = {"dots": 16, "digits": 8, "binary": 16}
STYLE, TABLES, PATHS = recipe["styles"], recipe["tables"], [tuple(path) for path in recipe["paths"]]
N, PER = recipe["size"], recipe["perLabel"]
parameters = {}


def get(name, shape, scale):
    if name not in parameters:
        parameters[name] = torch.nn.Parameter(torch.randn(*shape) * scale)
    return parameters[name]


def dense(name, x, out, relu=False, gain=math.sqrt(2)):
    kernel = get(f"{name}/kernel", (x.shape[1], out), gain / math.sqrt(x.shape[1]))
    y = torch.addmm(get(f"{name}/bias", (out,), 0), x, kernel)
    return torch.relu(y) if relu else y


def conv(name, x, out, size, stride=1, relu=True, gain=math.sqrt(2)):
    inputs = x.shape[1]
    kernel = get(f"{name}/kernel", (out, inputs, size, size), gain / math.sqrt(size * size * inputs))
    y = F.conv2d(x, kernel, get(f"{name}/bias", (out,), 0), stride, size // 2)
    return torch.relu(y) if relu else y


def normalise(z):
    return z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-12)


def write(name, amplitude):
    return normalise(amplitude @ get(f"{name}/code", (K, D), 1))


def read(name, z):
    return dense(f"{name}/read", z, K, gain=2)


def amplitudes(logits):
    half = torch.softmax(logits / 2, 1)
    return half / half.square().sum(1, keepdim=True).sqrt()


def see(functor, x, keep=None):
    name = f"{functor}/encode"
    if functor == "binary":
        return dense(f"{name}/dense2", dense(f"{name}/dense1", 2 * x - 1, 64, True), K, gain=1)
    c1, c2, c3, c4 = SEEN[functor]
    counts = functor == "dots"
    h = x.reshape(-1, 1, SIDE, SIDE)
    if counts:
        h = conv(f"{name}/fine", h, FINE, 3)
    h = conv(f"{name}/conv1", h, c1, 3 if counts else 5, 2)
    near = conv(f"{name}/conv2", h, c2, 3)
    far = conv(f"{name}/conv4", conv(f"{name}/conv3", near, c3, 3, 2), c4, 3)
    features = F.max_pool2d(far, 2, ceil_mode=True).flatten(1)
    if counts:
        features = torch.cat([features, near.mean((2, 3)) * POOLED, far.mean((2, 3)) * POOLED], 1)
    f = dense(f"{name}/dense1", features, HIDDEN, True)
    return dense(f"{name}/dense2", f if keep is None else f * keep, K, gain=1)


def see_style(functor, x, belief):
    name = f"{functor}/style"
    h = conv(f"{name}/conv2", conv(f"{name}/conv1", x.reshape(-1, 1, SIDE, SIDE), 16, 5, 2), 32, 5, 2)
    f = dense(f"{name}/dense1", torch.cat([h.flatten(1), belief], 1), 96, True)
    return dense(f"{name}/mean", f, STYLE[functor], gain=1), dense(f"{name}/logvar", f, STYLE[functor], gain=0.1)


def morphism(name, z):
    table = torch.softmax(get(f"{name}/table", (K, K), 1), 1)
    belief = torch.softmax(read(name, z), 1) @ table
    return write(name, torch.sqrt(belief + 1e-7))


def within(style):
    distance = torch.sqrt(style.square().sum(1, keepdim=True) + 1e-12)
    return style * (REACH / distance.clamp(min=REACH))


def show(functor, z, style=None):
    name = f"{functor}/decode"
    if functor == "binary":
        return dense(f"{name}/dense2", dense(f"{name}/dense1", z, 64, True), BITS, gain=1)
    x = torch.cat([z, within(style) if functor == "digits" else style], 1)
    h = dense(f"{name}/dense1", x, 256 if functor == "dots" else 128, True)
    if functor == "dots":
        return dense(f"{name}/dense3", dense(f"{name}/dense2", h, 384, True), PIXELS, gain=1)
    g = dense(f"{name}/dense2", h, 7 * 7 * 48, True).reshape(-1, 48, 7, 7)
    g = F.pixel_shuffle(conv(f"{name}/conv1", g, 4 * 32, 3), 2)
    g = F.pixel_shuffle(conv(f"{name}/conv2", g, 4 * 16, 3), 2)
    return conv(f"{name}/conv3", g, 1, 3, relu=False, gain=1).flatten(1)


def noisy(z):
    return normalise(z + torch.randn(N, D) * (torch.rand(N, 1) * NOISE))


def shown_loss(g, z, labels, batch):
    if g == "binary":
        return F.binary_cross_entropy_with_logits(show(g, z), bits_of(labels))
    rows = labels * PER + torch.randint(PER, labels.shape)
    if g == "dots":
        pixels = show(g, z, batch["targetStyles"][rows])
        return F.binary_cross_entropy_with_logits(pixels, batch["targetDots"][rows]) * PIXELS / 100
    target = batch["targetDigits"][rows]
    mean, logvar = see_style(g, target, F.one_hot(labels, K).float())
    style = mean + torch.exp(logvar / 2) * torch.randn_like(mean)
    divergence = (logvar.exp() + mean.square() - logvar - 1).sum(1).mean() * 0.5
    pixels = F.binary_cross_entropy_with_logits(show(g, z, style), target) * PIXELS
    return (pixels + divergence) / 100


def bits_of(labels):
    return ((labels[:, None] >> torch.arange(BITS - 1, -1, -1)) & 1).float()


def founding_loss(batch):
    inputs = {
        "dots": (batch["dots"], batch["dotLabels"]),
        "digits": (batch["digits"], batch["digitLabels"]),
        "binary": (batch["bits"], batch["bitLabels"]),
    }
    beliefs, losses = [], []
    shown = {g: ([], []) for g in recipe["functors"]}
    for f in recipe["functors"]:
        mine = [path for path in PATHS if path[0] == f]
        if not mine:
            continue
        x, every = inputs[f]
        keep = None if f == "binary" else (torch.rand(len(every), HIDDEN) >= 0.3).float() / 0.7
        logits = see(f, x, keep)
        beliefs.append(F.cross_entropy(logits, every))
        labels = every[:N]
        z = write(f"{f}/encode", amplitudes(logits[:N]))
        losses.append(F.cross_entropy(read("probe", noisy(z)), labels))
        for m in recipe["morphisms"]:
            targets = [path[2] for path in mine if path[1] == m]
            if not targets:
                continue
            after = noisy(morphism(m, noisy(z)))
            carried = torch.tensor(TABLES[m])[labels]
            losses.append(F.cross_entropy(read("probe", after), carried))
            for g in targets:
                rows = N // 2 if len(PATHS) == 1 else SHARE[g]
                start = int(torch.randint(N - rows + 1, ()))
                shown[g][0].append(after[start : start + rows])
                shown[g][1].append(carried[start : start + rows])
    for g, (z, labels) in shown.items():
        if z:
            losses.append(shown_loss(g, torch.cat(z), torch.cat(labels), batch))
    if any(path[0] == "dots" for path in PATHS):
        styled = batch["styled"]
        belief = F.one_hot(batch["dotLabels"][:styled], K).float()
        losses.append(0.3 * F.mse_loss(see_style("dots", batch["dots"][:styled], belief)[0], batch["dotStyles"]))
    return BELIEF * sum(beliefs) + sum(losses)


WIDTH = {"digits": PIXELS, "dots": PIXELS, "bits": BITS, "targetDigits": PIXELS, "targetDots": PIXELS}
WIDTH |= {"dotStyles": STYLE["dots"], "targetStyles": STYLE["dots"]}


def loaded(name, told):
    if isinstance(told, int):
        return told
    values = torch.from_numpy(numpy.fromfile(told["path"], told["type"]))
    return values.long() if told["type"] == "uint8" else values.reshape(-1, WIDTH[name])


batches = [{name: loaded(name, told) for name, told in batch.items()} for batch in recipe["batches"]]
founding_loss(batches[0])
adam = Adam(parameters.values(), average=0.998)
at = 0


def train(steps):
    global at
    begun = time.perf_counter()
    for _ in range(steps):
        loss = adam.step(founding_loss(batches[at % len(batches)]), recipe["rate"] / 10)
        at += 1
    assert math.isfinite(loss)
    return 1000 * (time.perf_counter() - begun) / steps


for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("choose"):
        threads = fastest_threads(lambda: train(asked["steps"]))
        weights = sum(p.numel() for p in parameters.values())
        print(json.dumps({"threads": threads, "weights": weights}), flush=True)
    else:
        print(json.dumps({"ms": train(asked["steps"])}), flush=True)
