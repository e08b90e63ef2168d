"""Trains PyTorch's DCGAN on the built-in digits for some minutes, as its own
example does, and writes samples: what `fata train digits` is held against.

usage: torch_digits.py ASSETS MINUTES OUT.npy [threads=N] [seed=N]

ASSETS is the folder with the digits' IDX files. The networks are the example's at
32x32 and half its width (28x28 digits padded by their edges), Adam(2e-4, 0.5,
0.999), batch 64, channels last, the discriminator frozen in the generator's step
and fused Adam: its fastest variant. Samples come from the last weights, without a
moving average, as the example leaves them; 10,000 of 28x28 as bytes.
"""
import gzip
import sys
import time

import numpy as np
import torch
from torch import nn


def digits(folder):
    with gzip.open(folder + "/digits-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    padded = np.pad(pixels, ((0, 0), (2, 2), (2, 2)), mode="edge")
    return torch.from_numpy(padded).float().div(127.5).sub(1).unsqueeze(1)


def networks(latent=100, width=32):
    g = [nn.ConvTranspose2d(latent, 4 * width, 4, 1, 0, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU(True)]
    for wide in (4 * width, 2 * width):
        g += [nn.ConvTranspose2d(wide, wide // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(wide // 2), nn.ReLU(True)]
    g += [nn.ConvTranspose2d(width, 1, 4, 2, 1, bias=False), nn.Tanh()]
    d = [nn.Conv2d(1, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for wide in (width, 2 * width):
        d += [nn.Conv2d(wide, 2 * wide, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * wide), nn.LeakyReLU(0.2, True)]
    d += [nn.Conv2d(4 * width, 1, 4, 1, 0, bias=False)]
    nets = nn.Sequential(*g), nn.Sequential(*d)
    for net in nets:
        for layer in net:
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(layer.weight, 0, 0.02)
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, 1, 0.02)
    return nets


def main():
    folder, minutes, out = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    settings = dict(option.split("=") for option in sys.argv[4:])
    torch.set_num_threads(int(settings.get("threads", 2)))
    torch.manual_seed(int(settings.get("seed", 0)))
    data = digits(folder).contiguous(memory_format=torch.channels_last)
    g, d = (net.to(memory_format=torch.channels_last) for net in networks())
    adam = dict(lr=2e-4, betas=(0.5, 0.999), fused=True)
    opt_g, opt_d = torch.optim.Adam(g.parameters(), **adam), torch.optim.Adam(d.parameters(), **adam)
    bce, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(64), torch.zeros(64)
    began, seen, order = time.time(), 0, torch.randperm(len(data))
    while time.time() - began < 60 * minutes:
        at = seen % (len(data) // 64 * 64)
        if at == 0:
            order = torch.randperm(len(data))
        real, fake = data[order[at:at + 64]], g(torch.randn(64, 100, 1, 1))
        opt_d.zero_grad()
        bce(d(real).view(-1), ones).backward()
        bce(d(fake.detach()).view(-1), zeros).backward()
        opt_d.step()
        opt_g.zero_grad()
        d.requires_grad_(False)
        bce(d(fake).view(-1), ones).backward()
        opt_g.step()
        d.requires_grad_(True)
        seen += 64
    g.eval()
    with torch.no_grad():
        samples = torch.cat([g(torch.randn(500, 100, 1, 1)) for _ in range(20)])[:, 0, 2:-2, 2:-2]
    np.save(out, ((samples + 1) * 127.5).round().clamp(0, 255).byte().numpy())
    print(f"{seen} images in {time.time() - began:.0f} s")


main()
