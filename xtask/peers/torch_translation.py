"""One training step of pix2pix or CycleGAN at 256x256 in PyTorch, timed on the CPU.

usage: torch_translation.py pix2pix|cyclegan [cl] [fused] [threads=N] [steps=N]

Networks, losses and the order of updates are those of the published implementation: one picture a step,
pix2pix with a U-Net and 100 times L1, CycleGAN with two ResNets of nine blocks, cycle 10 and identity
half of it; discriminators of 70x70 patches, which have no weight gradients in the generators' update.
  cl      tensors are channels last
  fused   Adam in one kernel
Prints one JSON object: work, options, torch, median_ms, min_ms, images_per_second.
"""

import itertools
import random
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from torch_steps import numbers, report

sys.path.insert(0, str(Path(__file__).parents[2] / "crates/fata/fixtures/translation"))
from networks import Resnet, Unet, patches

SIDE, WIDTH, POOL = 256, 64, 50


def prepared(options, *networks):
    """Weights as the published implementation draws them, in the layout that is asked for."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, 0, 0.02)
        if "cl" in options:
            network.to(memory_format=torch.channels_last)
    return networks


def picture(options):
    x = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    return x.contiguous(memory_format=torch.channels_last) if "cl" in options else x


def adam(options, *networks):
    parameters = itertools.chain(*(network.parameters() for network in networks))
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999), fused="fused" in options)


def pix2pix(options):
    generator, judge = prepared(options, Unet(3, 3, 8, WIDTH, nn.BatchNorm2d), patches(6, WIDTH, 3, nn.BatchNorm2d))
    generator_adam, judge_adam = adam(options, generator), adam(options, judge)
    a, b = picture(options), picture(options)

    def loss(answers, real):
        return F.binary_cross_entropy_with_logits(answers, torch.full_like(answers, float(real)))

    def step():
        fake = generator(a)
        judge.requires_grad_(True)
        judge_adam.zero_grad()
        on_fake = loss(judge(torch.cat([a, fake.detach()], 1)), False)
        on_real = loss(judge(torch.cat([a, b], 1)), True)
        ((on_fake + on_real) * 0.5).backward()
        judge_adam.step()
        judge.requires_grad_(False)
        generator_adam.zero_grad()
        (loss(judge(torch.cat([a, fake], 1)), True) + 100 * F.l1_loss(fake, b)).backward()
        generator_adam.step()

    return step


def cyclegan(options):
    generators = prepared(options, *(Resnet(3, 3, 9, WIDTH, nn.InstanceNorm2d) for _ in "ab"))
    judges = prepared(options, *(patches(3, WIDTH, 3, nn.InstanceNorm2d) for _ in "ab"))
    generator_adam, judge_adam = adam(options, *generators), adam(options, *judges)
    real = [picture(options), picture(options)]
    pools = [[], []]

    def loss(answers, true):
        return F.mse_loss(answers, torch.full_like(answers, float(true)))

    def older(pool, fake):
        if len(pool) < POOL:
            pool.append(fake)
            return fake
        if random.random() < 0.5:
            return fake
        at = random.randrange(POOL)
        pool[at], fake = fake, pool[at]
        return fake

    def step():
        for judge in judges:
            judge.requires_grad_(False)
        generator_adam.zero_grad()
        fakes = [generators[there](real[there]) for there in (0, 1)]
        total = 0
        for there, back in ((0, 1), (1, 0)):
            total += loss(judges[there](fakes[there]), True)
            total += 10 * F.l1_loss(generators[back](fakes[there]), real[there])
            total += 5 * F.l1_loss(generators[there](real[back]), real[back])
        total.backward()
        generator_adam.step()
        for judge in judges:
            judge.requires_grad_(True)
        judge_adam.zero_grad()
        for there, back in ((0, 1), (1, 0)):
            shown = older(pools[there], fakes[there].detach())
            ((loss(judges[there](real[back]), True) + loss(judges[there](shown), False)) * 0.5).backward()
        judge_adam.step()

    return step


def main():
    work, options = sys.argv[1], sys.argv[2:]
    steps = numbers(options, 5)["steps"]
    step = {"pix2pix": pix2pix, "cyclegan": cyclegan}[work](options)
    report(work, options, step, 1, steps)


if __name__ == "__main__":
    main()
