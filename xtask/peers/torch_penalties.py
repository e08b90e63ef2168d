"""What PyTorch makes of the critics that `cargo xtask penalties` writes: their
penalties' gradients by double backward, in f32 and f64, and how long an update
takes with the penalty and without.

usage: python torch_penalties.py FOLDER THREADS UPDATES

Reads every FOLDER/NAME.in.safetensors and writes FOLDER/NAME.out.safetensors.
An update is the answers on real and generated samples in one pass, the
non-saturating loss, and its gradients; with a penalty, those of both together.
"""

import json
import pathlib
import statistics
import sys
import time

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "crates/fata/fixtures/penalties"))
from critics import answers, gradients, load, penalty, save, tracked  # noqa: E402


def update(critic, leaves, real, fake, labels, term):
    logits = answers(critic, leaves, torch.cat([real, fake]), None if labels is None else torch.cat([labels, labels]))
    on_real, on_fake = logits.chunk(2)
    loss = functional.softplus(-on_real).mean() + functional.softplus(on_fake).mean()
    if term is not None:
        loss = loss + term()
    return gradients(loss, leaves)


def seconds(work, updates):
    times = []
    for _ in range(updates + 2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def main():
    folder, threads, updates = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    for file in sorted(folder.glob("*.in.safetensors")):
        tensors, metadata = load(file)
        critic = json.loads(metadata["critic"])
        weights = {name.removeprefix("weight/"): x for name, x in tensors.items() if name.startswith("weight/")}
        real, fake, x, labels = (tensors.get(name) for name in ("real", "fake", "x", "labels"))

        def term(leaves, kind, x=x, labels=labels, critic=critic):
            at = None if labels is None else labels.to(kind)
            return penalty(critic, leaves, x.to(kind), at, critic["penalty"], critic["weight"])

        out = {}
        for label, kind in (("f32", torch.float32), ("f64", torch.float64)):
            leaves = tracked(weights, kind)
            found = gradients(term(leaves, kind), leaves)
            out |= {f"{label}/{name}": gradient for name, gradient in found.items()}
        leaves = tracked(weights, torch.float32)
        plain = seconds(lambda: update(critic, leaves, real, fake, labels, None), updates)
        with_penalty = seconds(
            lambda: update(critic, leaves, real, fake, labels, lambda: term(leaves, torch.float32)), updates
        )
        out |= {"plain": torch.tensor([plain]), "penalised": torch.tensor([with_penalty])}
        save(folder / file.name.replace(".in.", ".out."), out)


if __name__ == "__main__":
    main()
