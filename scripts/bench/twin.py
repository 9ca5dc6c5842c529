"""What both PyTorch twins share: Adam as packages/train/src/adam.ts has it, and the choice of threads."""
import time

import torch


class Adam:
    """Clipping by global norm, and an average of the weights that moves once in four steps."""

    def __init__(self, parameters, average, beta1=0.9, beta2=0.99, clip=10.0):
        self.parameters = list(parameters)
        self.inner = torch.optim.Adam(self.parameters, lr=1e-3, betas=(beta1, beta2), eps=1e-8, foreach=True)
        self.average, self.clip = average, clip
        self.averages = [p.detach().clone() for p in self.parameters]
        self.steps = 0

    def step(self, loss, rate):
        self.inner.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        for group in self.inner.param_groups:
            group["lr"] = rate
        self.inner.step()
        self.steps += 1
        if self.steps % 4 == 0:
            decay = min(self.average, (1 + self.steps) / (10 + self.steps)) ** 4
            # As of PyTorch 1.13, which has no lerp of many tensors.
            torch._foreach_mul_(self.averages, decay)
            torch._foreach_add_(self.averages, [p.detach() for p in self.parameters], alpha=1 - decay)
        return loss.item()


def fastest_threads(run):
    """The number of threads, one or two, with which `run` takes less time; it is set."""
    times = {}
    for threads in (1, 2, 1, 2):
        torch.set_num_threads(threads)
        begun = time.perf_counter()
        run()
        times[threads] = min(times.get(threads, 1e9), time.perf_counter() - begun)
    best = min(times, key=times.get)
    torch.set_num_threads(best)
    return best
