"""Times PyTorch's DCGAN step with a remedy of GAN training, beside the plain step, on the CPU.

usage: torch_remedies.py r1|gradient|diffaugment|ada|spectral [threads=N] [rounds=N] [steps=N]

The step is that of torch_steps.py on 3x32x32 pictures, batch 64, width 32, with a
discriminator that has biases where batch normalisation would be, since a gradient
penalty judges each sample alone. The remedies are what their official PyTorch code does, at
every step: R1 and WGAN-GP by double backward, DiffAugment's three policies, ADA's bgc
pipeline with every transform at probability 1/2, torch's own spectral normalisation.
Plain and remedied steps take turns, a block of each in a round. Prints one JSON object: remedy,
and for each round the medians of both blocks in milliseconds.
"""
import json
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, SIDE, WIDTH, LATENT = 64, 32, 32, 100


def players(spectral):
    g, m = [nn.ConvTranspose2d(LATENT, WIDTH * 4, 4, 1, 0, bias=False), nn.BatchNorm2d(WIDTH * 4), nn.ReLU(True)], 4
    while m > 1:
        g += [nn.ConvTranspose2d(WIDTH * m, WIDTH * m // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTH * m // 2), nn.ReLU(True)]
        m //= 2
    g += [nn.ConvTranspose2d(WIDTH, 3, 4, 2, 1, bias=False), nn.Tanh()]
    wrap = nn.utils.parametrizations.spectral_norm if spectral else (lambda layer: layer)
    d, m = [wrap(nn.Conv2d(3, WIDTH, 4, 2, 1)), nn.LeakyReLU(0.2)], 1
    while m < 4:
        d += [wrap(nn.Conv2d(WIDTH * m, WIDTH * m * 2, 4, 2, 1)), nn.LeakyReLU(0.2)]
        m *= 2
    d += [wrap(nn.Conv2d(WIDTH * m, 1, 4, 1, 0))]
    return nn.Sequential(*g), nn.Sequential(*d)


def diffaugment(x):
    """Colour, translation and cutout (Zhao et al. 2020, arXiv 2006.10738)."""
    n, _, h, w = x.shape
    x = x + (torch.rand(n, 1, 1, 1) - 0.5)
    mean = x.mean(1, keepdim=True)
    x = (x - mean) * (torch.rand(n, 1, 1, 1) * 2) + mean
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * (torch.rand(n, 1, 1, 1) + 0.5) + mean
    reach = h // 8
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    dy, dx = (torch.randint(-reach, reach + 1, (n, 1, 1)) for _ in "yx")
    y, c = (rows + dy + 1).clamp(0, h + 1), (columns + dx + 1).clamp(0, w + 1)
    padded = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    x = padded[torch.arange(n).view(n, 1, 1), y, c].permute(0, 3, 1, 2)
    top, left = (torch.randint(0, h + 1, (n, 1, 1)) - h // 4 for _ in "yx")
    hidden = (rows >= top) & (rows < top + h // 2) & (columns >= left) & (columns < left + w // 2)
    return x * (~hidden).unsqueeze(1)


# The sym6 wavelet's low-pass filter, by which ADA resamples (Karras et al. 2020, appendix B).
SYM6 = [0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148]


def filtered(x, taps, stride_up=False):
    """Separable filtering of each channel: doubled in size, or halved."""
    c = x.shape[1]
    if stride_up:
        n, _, h, w = x.shape
        x = torch.stack([x, torch.zeros_like(x)], 3).reshape(n, c, h * 2, w)
        x = torch.stack([x, torch.zeros_like(x)], 4).reshape(n, c, h * 2, w * 2)
    for shape in [(1, 1, 1, -1), (1, 1, -1, 1)]:
        kernel = taps.view(*shape).repeat(c, 1, 1, 1)
        pad = (6, 5) if shape[3] == -1 else (0, 0)
        pad += (6, 5) if shape[2] == -1 else (0, 0)
        stride = 1 if stride_up else ((1, 2) if shape[3] == -1 else (2, 1))
        x = F.conv2d(F.pad(x, pad), kernel, groups=c, stride=stride)
    return x


def ada(x, p=0.5):
    """Pixel blitting, geometry and colour (Karras et al. 2020, arXiv 2006.06676)."""
    n, c, h, w = x.shape
    eye = torch.eye(3).repeat(n, 1, 1)
    chosen = lambda: torch.rand(n) < p

    def then(matrix, **entries):
        step, use = eye.clone(), chosen()
        for place, value in entries.items():
            i, j = int(place[1]), int(place[2])
            step[:, i, j] = torch.where(use, value, step[:, i, j])
        return step @ matrix

    turn = lambda angle: dict(m00=torch.cos(angle), m01=-torch.sin(angle), m10=torch.sin(angle), m11=torch.cos(angle))
    m = then(eye, m00=1 - 2 * torch.randint(0, 2, (n,)).float())
    m = then(m, **turn(torch.randint(0, 4, (n,)) * (math.pi / 2)))
    m = then(m, m02=torch.round((torch.rand(n) * 2 - 1) * 0.125 * w) * 2 / w, m12=torch.round((torch.rand(n) * 2 - 1) * 0.125 * h) * 2 / h)
    scale = torch.exp2(torch.randn(n) * 0.2)
    m = then(m, m00=scale, m11=scale)
    m = then(m, **turn((torch.rand(n) * 2 - 1) * math.pi))
    stretch = torch.exp2(torch.randn(n) * 0.2)
    m = then(m, m00=stretch, m11=1 / stretch)
    m = then(m, **turn((torch.rand(n) * 2 - 1) * math.pi))
    m = then(m, m02=torch.randn(n) * 0.125 * 2, m12=torch.randn(n) * 0.125 * 2)
    margin = h // 2
    taps = torch.tensor(SYM6)
    taps = taps / taps.sum()
    wide = F.pad(x, (margin,) * 4, mode="reflect")
    wide = filtered(wide, taps * 2, stride_up=True)
    m[:, :2, :2] *= h / (h + 2 * margin) * (h + 6) / h
    m[:, :2, 2] *= h / (h + 2 * margin)
    grid = F.affine_grid(m[:, :2], [n, c, (h + 6) * 2, (w + 6) * 2], align_corners=False)
    x = F.grid_sample(wide, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    x = filtered(x, taps)[:, :, 3:-3, 3:-3]

    colour = torch.eye(4).repeat(n, 1, 1)
    v = torch.tensor([1.0, 1.0, 1.0, 0.0]) / math.sqrt(3)
    along, plain = torch.outer(v, v), torch.eye(4)

    def mixed(colour, step):
        return torch.where(chosen().view(n, 1, 1), step, plain.expand(n, 4, 4)) @ colour

    light = plain.repeat(n, 1, 1)
    light[:, :3, 3] = torch.randn(n, 1) * 0.2
    colour = mixed(colour, light)
    contrast = plain.repeat(n, 1, 1)
    contrast[:, :3, :3] *= torch.exp2(torch.randn(n) * 0.5).view(n, 1, 1)
    colour = mixed(colour, contrast)
    colour = mixed(colour, plain - 2 * along * torch.randint(0, 2, (n, 1, 1)))
    angle = (torch.rand(n, 1, 1) * 2 - 1) * math.pi
    cross = torch.zeros(4, 4)
    cross[:3, :3] = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0.0]]) / math.sqrt(3)
    kept = plain.clone()
    kept[3, 3] = 0
    hue = torch.cos(angle) * kept + torch.sin(angle) * cross + (1 - torch.cos(angle)) * along
    hue[:, 3, 3] = 1
    colour = mixed(colour, hue)
    colour = mixed(colour, along + (plain - along) * torch.exp2(torch.randn(n) * 1.0).view(n, 1, 1))
    flat = x.reshape(n, c, h * w)
    return (colour[:, :3, :3] @ flat + colour[:, :3, 3:]).reshape(n, c, h, w)


def penalty(d, x):
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def gan_step(remedy):
    g, d = players(remedy == "spectral")
    for net in (g, d):
        for layer in net:
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and remedy != "spectral":
                nn.init.normal_(layer.weight, 0, 0.02)
    real = torch.rand(BATCH, 3, SIDE, SIDE) * 2 - 1
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (g, d))
    bce, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(BATCH), torch.zeros(BATCH)
    seen = {"diffaugment": diffaugment, "ada": ada}.get(remedy, lambda x: x)

    def step():
        fake = g(torch.randn(BATCH, LATENT, 1, 1))
        opt_d.zero_grad()
        bce(d(seen(real)).view(-1), ones).backward()
        bce(d(seen(fake.detach())).view(-1), zeros).backward()
        if remedy == "r1":
            (penalty(d, real).square().sum(1).mean() * 0.5).backward()
        if remedy == "gradient":
            share = torch.rand(BATCH, 1, 1, 1)
            between = share * real + (1 - share) * fake.detach()
            ((penalty(d, between).norm(2, dim=1) - 1).square().mean() * 10).backward()
        opt_d.step()
        opt_g.zero_grad()
        bce(d(seen(fake)).view(-1), ones).backward()
        opt_g.step()

    return step


def block(step, steps):
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1e3, 3)


def main():
    remedy, opts = sys.argv[1], dict(o.split("=") for o in sys.argv[2:])
    torch.set_num_threads(int(opts.get("threads", 2)))
    torch.manual_seed(0)
    both, steps = [gan_step("plain"), gan_step(remedy)], int(opts.get("steps", 20))
    for step in both:
        block(step, 3)
    rounds = [[block(step, steps) for step in both] for _ in range(int(opts.get("rounds", 5)))]
    print(json.dumps({"remedy": remedy, "torch": torch.__version__, "rounds": rounds}))


main()
