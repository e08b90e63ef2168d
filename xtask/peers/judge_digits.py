"""Judges samples of digits on a classifier that has nothing of Fata in it.

usage: judge_digits.py ASSETS SAMPLES...

ASSETS is the folder with the digits' IDX files; each of SAMPLES is a folder of
28x28 grey PNGs (`fata sample RUN -o DIR/ --count 10000`) or a .npy of bytes
[N, 28, 28]. A small convolutional network is trained on 8,000 digits (about 98.5 %
right on the other 2,000), kept beside this script as judge_digits.pt, and its 128
features before the last layer give the Frechet distance, precision and recall
(Kynkaanniemi et al. 2019, k 3), density and coverage (Naeem et al. 2020, k 5) of
10,000 samples against the 10,000 digits. One JSON line for each of SAMPLES; give
10,000, or the figures cannot be compared.
"""
import glob
import gzip
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


def idx(path):
    with gzip.open(path) as file:
        raw = file.read()
    sides = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(sides)


def digits(folder):
    return [idx(f"{folder}/digits-{kind}.gz") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]


def samples(path):
    if path.endswith(".npy"):
        return np.load(path)[:10000]
    files = sorted(glob.glob(path + "/*.png"))[:10000]
    return np.stack([np.array(Image.open(file).convert("L")) for file in files])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 24, 5, padding=2), nn.Conv2d(24, 48, 5, padding=2)
        self.dense, self.last, self.drop = nn.Linear(48 * 49, 128), nn.Linear(128, 10), nn.Dropout(0.4)

    def features(self, x):
        for layer in (self.first, self.second):
            x = F.max_pool2d(F.relu(layer(x)), 2)
        return F.relu(self.dense(self.drop(x.flatten(1))))

    def forward(self, x):
        return self.last(self.drop(self.features(x)))


def tensor(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels)).float().div(255).unsqueeze(1)


def train(pixels, labels):
    torch.manual_seed(1)
    order = np.random.RandomState(1).permutation(10000)
    x, y = tensor(pixels[order]), torch.from_numpy(labels[order].astype(np.int64))
    net, epochs = Classifier(), 14
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, epochs * 125)
    for _ in range(epochs):
        net.train()
        for i in torch.randperm(8000).split(64):
            count = len(i)
            turn, scale = (torch.rand(count) - 0.5) * 0.35, 1 + (torch.rand(count) - 0.5) * 0.2
            shift = (torch.rand(count, 2) - 0.5) * 0.2
            rows = [torch.stack([turn.cos() * scale, -turn.sin() * scale, shift[:, 0]], 1),
                    torch.stack([turn.sin() * scale, turn.cos() * scale, shift[:, 1]], 1)]
            places = F.affine_grid(torch.stack(rows, 1), (count, 1, 28, 28), align_corners=False)
            optimizer.zero_grad()
            F.cross_entropy(net(F.grid_sample(x[i], places, align_corners=False)), y[i]).backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        right = (net(x[8000:]).argmax(1) == y[8000:]).float().mean().item()
    print(f"the classifier is right on {100 * right:.1f} % of 2,000 held-out digits", file=sys.stderr)
    return net


def read(net, pixels):
    with torch.no_grad():
        features = torch.cat([net.features(tensor(some)) for some in np.array_split(pixels, 20)])
        return features, net.last(features).argmax(1).numpy()


def frechet(a, b):
    a, b = a.double().numpy(), b.double().numpy()
    of_a, of_b, apart = np.cov(a, rowvar=False), np.cov(b, rowvar=False), a.mean(0) - b.mean(0)
    values, vectors = np.linalg.eigh(of_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ of_b @ root).clip(0)).sum()
    return float(apart @ apart + np.trace(of_a) + np.trace(of_b) - 2 * cross)


def distances(a, b):
    return torch.cat([torch.cdist(some, b) for some in a.split(1000)])


def radius(a, k):
    return torch.cat([torch.cdist(some, a).topk(k + 1, largest=False).values[:, k] for some in a.split(1000)])


def main():
    folder, paths = sys.argv[1], sys.argv[2:]
    pixels, labels = digits(folder)
    kept = HERE + "/judge_digits.pt"
    net = Classifier()
    if os.path.exists(kept):
        net.load_state_dict(torch.load(kept))
    else:
        net = train(pixels, labels)
        torch.save(net.state_dict(), kept)
    net.eval()
    real, _ = read(net, pixels)
    near3, near5 = radius(real, 3), radius(real, 5)
    for path in paths:
        fake, classes = read(net, samples(path))
        apart = distances(fake, real)
        shares = np.bincount(classes, minlength=10) / len(classes) * 100
        print(json.dumps({
            "samples": path,
            "count": len(fake),
            "frechet": round(frechet(fake, real), 2),
            "precision": round((apart <= near3).any(1).float().mean().item(), 3),
            "recall": round((apart <= radius(fake, 3)[:, None]).any(0).float().mean().item(), 3),
            "density": round((apart <= near5).float().sum(1).mean().item() / 5, 3),
            "coverage": round((apart.min(0).values <= near5).float().mean().item(), 3),
            "shares": [round(float(share), 1) for share in shares],
        }))


main()
