"""Holds `fata judge --features inception:FILE` against pytorch-fid, on files.

    python pytorch_fid_features.py FATA FOLDER

Needs numpy, torch, torchvision, safetensors, pillow and pytorch-fid 0.3.0.
Nothing is downloaded: the whole network of pytorch-fid is filled with seeded
random weights and saved in its own layout, in both forms of PyTorch. Two sets
of pictures of each size are written to FOLDER; the binary FATA judges one
against the other, and its features (from its cache) and its distance are held
against pytorch-fid's of the same files.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pytorch_fid.fid_score import calculate_frechet_distance, get_activations
from safetensors.numpy import load_file

REPOSITORY = Path(__file__).parents[2]
# Enlarged by the network, and shrunk by it.
SIZES = {"small": 64, "large": 400}
COUNT = 60

# The weights are those of the committed fixture.
spec = importlib.util.spec_from_file_location("make", REPOSITORY / "crates/fata/fixtures/features/make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


def pictures(folder, side, grain, draws):
    """Smooth colours with noise on them."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(COUNT):
        coarse = draws.integers(0, 256, (side // grain, side // grain, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((side, side), Image.BICUBIC)).astype(int)
        noisy = (smooth + draws.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{index:03}.png")


def main(fata, place):
    place.mkdir(parents=True, exist_ok=True)
    network, pool = make.inception()
    weights = place / "inception.pth"
    torch.save(network.state_dict(), weights)
    torch.save(network.state_dict(), place / "legacy.pth", _use_new_zipfile_serialization=False)
    draws = np.random.default_rng(0)
    for name, side in SIZES.items():
        folders = [place / f"{name}-a", place / f"{name}-b"]
        for folder, grain in zip(folders, (16, 8)):
            pictures(folder, side, grain, draws)
        theirs = [get_activations(sorted(folder.glob("*.png")), pool, 20, 2048, "cpu", 0) for folder in folders]
        moments = [(rows.mean(0), np.cov(rows, rowvar=False)) for rows in theirs]
        distance = calculate_frechet_distance(*moments[0], *moments[1])
        for file in (weights, place / "legacy.pth"):
            cache = place / f"cache-{name}-{file.stem}"
            command = [fata, "judge", folders[1], "--against", folders[0], "--metrics", "fid", "--json"]
            command += ["--features", f"inception:{file}"]
            out = subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": str(cache)}, stdout=subprocess.PIPE, check=True)
            report = json.loads(out.stdout)
            (kept,) = cache.rglob("*.safetensors")
            ours = load_file(kept)["features"]
            difference = np.abs(ours - theirs[0]).max() / np.abs(theirs[0]).max()
            print(
                f"{name} ({side} pixels), {file.name}: features differ by {difference:.1e} of the largest, "
                f"fid {report['metrics']['fid']['value']:.6f} and {distance:.6f}, {report['features']}"
            )


main(sys.argv[1], Path(sys.argv[2]))
