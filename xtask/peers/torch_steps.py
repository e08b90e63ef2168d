"""One training step of the reference works in PyTorch, timed on the CPU.

usage: torch_steps.py W1|W2|W3|W4 [cl] [freeze] [fused] [threads=N] [steps=N]

W1 and W2 are the DCGANs of PyTorch's own example, W3 a multi-layer perceptron,
W4 one convolution forward and backward. A step is one update of the
discriminator on a real and on a generated batch, then one of the generator.
  cl      tensors are channels last
  freeze  the discriminator has no weight gradients in the generator's update
  fused   Adam in one kernel
Prints one JSON object: work, options, torch, median_ms, min_ms, images_per_second.
"""

import json
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn.functional import conv2d

BATCH = {"W1": 64, "W2": 64, "W3": 64, "W4": 8}
STEPS = {"W1": 8, "W2": 40, "W3": 100, "W4": 8}
WARM_UP = 3
LATENT = 100


def dcgan(channels, width, doublings):
    """Generator and discriminator whose sides double from 4, `doublings` times."""
    widths = [width << i for i in range(doublings)]
    up = [nn.ConvTranspose2d(LATENT, widths[-1], 4, 1, 0, bias=False)]
    for wide, narrow in zip(widths[:0:-1], widths[-2::-1]):
        up += [nn.BatchNorm2d(wide), nn.ReLU(True), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
    up += [nn.BatchNorm2d(width), nn.ReLU(True), nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh()]
    down = [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for narrow, wide in zip(widths, widths[1:]):
        down += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, True)]
    down += [nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)]
    for layer in up + down:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, 0.02)
    return nn.Sequential(*up), nn.Sequential(*down)


def perceptrons():
    def stack(*sizes):
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2, True)]
        return layers[:-1]

    return nn.Sequential(*stack(LATENT, 256, 512, 1024, 784), nn.Tanh()), nn.Sequential(*stack(784, 512, 256, 1))


def game(work, options):
    """The training step of a GAN."""
    if work == "W3":
        players, picture, latent = perceptrons(), (784,), (LATENT,)
    else:
        channels, width, doublings = {"W1": (3, 64, 4), "W2": (1, 32, 3)}[work]
        side = 4 << doublings
        players, picture, latent = dcgan(channels, width, doublings), (channels, side, side), (LATENT, 1, 1)
    batch = BATCH[work]
    real = torch.rand(batch, *picture) * 2 - 1
    if "cl" in options:
        *players, real = (part.to(memory_format=torch.channels_last) for part in (*players, real))
    generator, discriminator = players
    settings = {"lr": 2e-4, "betas": (0.5, 0.999)}
    if "fused" in options:
        settings["fused"] = True
    generator_adam, discriminator_adam = (torch.optim.Adam(p.parameters(), **settings) for p in players)
    loss, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(batch), torch.zeros(batch)

    def step():
        fake = generator(torch.randn(batch, *latent))
        discriminator_adam.zero_grad()
        loss(discriminator(real).view(-1), ones).backward()
        loss(discriminator(fake.detach()).view(-1), zeros).backward()
        discriminator_adam.step()
        generator_adam.zero_grad()
        discriminator.requires_grad_("freeze" not in options)
        loss(discriminator(fake).view(-1), ones).backward()
        generator_adam.step()
        discriminator.requires_grad_(True)

    return step


def convolution(options):
    """3x3, 256 channels to 256, on 8 pictures of 64x64, forward and backward."""
    x, weight, upstream = torch.randn(8, 256, 64, 64), torch.randn(256, 256, 3, 3) * 0.02, torch.randn(8, 256, 64, 64)
    if "cl" in options:
        x, weight, upstream = (t.contiguous(memory_format=torch.channels_last) for t in (x, weight, upstream))
    x.requires_grad_()
    weight.requires_grad_()

    def step():
        x.grad = weight.grad = None
        conv2d(x, weight, padding=1).backward(upstream)

    return step


def report(work, options, step, batch, steps):
    """Times steps after some untimed ones, and prints the outcome."""
    times = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    times = times[WARM_UP:]
    median = statistics.median(times)
    print(json.dumps({
        "work": work,
        "options": options,
        "torch": torch.__version__,
        "median_ms": round(median * 1e3, 3),
        "min_ms": round(min(times) * 1e3, 3),
        "images_per_second": round(batch / median, 1),
    }))


def numbers(options, steps):
    """The options that are numbers; threads are set and draws begin anew."""
    found = {"threads": 2, "steps": steps}
    found.update((name, int(value)) for name, value in (o.split("=") for o in options if "=" in o))
    torch.set_num_threads(found["threads"])
    torch.manual_seed(0)
    return found


def main():
    work, options = sys.argv[1], sys.argv[2:]
    steps = numbers(options, STEPS[work])["steps"]
    step = convolution(options) if work == "W4" else game(work, options)
    report(work, options, step, BATCH[work], steps)


if __name__ == "__main__":
    main()
