"""Reconstructs a contract NPZ with pty-chi's LSQML, with the options `ptycho reconstruct` has by default.

Reference side of comparisons: calls pty-chi's public API only. Frames and names follow the result NPZ of
`ptycho reconstruct`, so both results go through the same `phase_error.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from pathlib import Path

import numpy as np
import ptychi
import torch
from ptychi.api import enums
from ptychi.api.options.lsqml import LSQMLOptions
from ptychi.api.task import PtychographyTask

PATTERN_KEYS = ("diffraction", "diff3d")


class ObservedLoader:
    """Passes on the minibatches of pty-chi's own loader and remembers their pattern indices."""

    def __init__(self, loader) -> None:
        self._loader = loader
        self.epochs: list[list[list[int]]] = []

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self):
        minibatches: list[list[int]] = []
        self.epochs.append(minibatches)
        for batch in self._loader:
            minibatches.append(batch[0].tolist())
            yield batch


class ScheduledLoader:
    """Yields the minibatches of an explicit schedule (batching.md section 6) instead of random ones."""

    def __init__(self, dataset, schedule: dict) -> None:
        self._dataset = dataset
        self._schedule = schedule
        self._started = 0
        self.epochs: list[list[list[int]]] = []

    def _minibatches(self, epoch: int) -> list[list[int]]:
        epochs = self._schedule["epochs"]
        if epoch < len(epochs):
            return epochs[epoch]
        repeat = self._schedule.get("repeat", "error")
        if repeat == "error":
            raise SystemExit(f"the schedule lists {len(epochs)} epochs, epoch {epoch} was asked for")
        return epochs[-1] if repeat == "last" else epochs[epoch % len(epochs)]

    def __len__(self) -> int:
        """Minibatches of the epoch that runs now."""
        return len(self._minibatches(max(self._started - 1, 0)))

    def __iter__(self):
        minibatches = self._minibatches(self._started)
        self._started += 1
        self.epochs.append(minibatches)
        for indices in minibatches:
            index_tensor = torch.tensor(indices, dtype=torch.long, device="cpu")
            yield [index_tensor, self._dataset.patterns[index_tensor]]


def read_scan(path: Path, intensity: bool, first: int | None) -> dict[str, np.ndarray]:
    """Reads intensity [n, h, w] float32, positions [n, 2] (y, x) float64 and probe [1, mode, h, w] complex64.

    `first` keeps so many patterns from the start.
    """
    with np.load(path, allow_pickle=False) as archive:
        key = next((name for name in PATTERN_KEYS if name in archive.files), None)
        if key is None:
            raise SystemExit(f"{path}: no member {' or '.join(PATTERN_KEYS)}")
        stored = archive[key]
        if stored.dtype.kind in "iu" and not intensity:
            raise SystemExit(f"{path}: {key} is {stored.dtype}: counts need --intensity")
        values = stored.astype(np.float32)
        positions_px = np.stack([archive["ycoords"], archive["xcoords"]], axis=1).astype(np.float64)
        probe = archive["probeGuess"]
    probe = probe.astype(np.complex64)
    probe = probe[None, None] if probe.ndim == 2 else probe[None] if probe.ndim == 3 else probe
    if values.shape[0] != positions_px.shape[0] or probe.shape[-2:] != values.shape[-2:]:
        raise SystemExit(f"{path}: patterns {values.shape}, positions {positions_px.shape}, probe {probe.shape} differ")
    values, positions_px = values[:first], positions_px[:first]
    return {"intensity": values if intensity else values**2, "positions_px": positions_px, "probe": probe}


def plan_canvas(positions_px: np.ndarray, probe_shape: tuple[int, int], extra_px: int) -> dict[str, np.ndarray]:
    """Places the scan on a canvas of ceil(range) + probe + extra_px, moved by whole pixels so that its middle is near 0.

    Origin rule `support` of pty-chi since 2.1 (conventions.md section 5): for even patterns the pixel h//2 of a patch
    lies on canvas pixel round(p) + round(H/2). Odd patterns depend on the parity of round(p) and are refused.
    """
    if any(size % 2 for size in probe_shape):
        raise SystemExit(f"patterns of {probe_shape}: odd sizes have no single canvas origin in pty-chi")
    lowest, highest = positions_px.min(axis=0), positions_px.max(axis=0)
    canvas = np.array([math.ceil(span) + size + extra_px for span, size in zip(highest - lowest, probe_shape)])
    # Whole pixels leave the fractional parts, and with them the subpixel shifts, as they are in the data.
    middle_px = np.rint((lowest + highest) / 2)
    return {
        "shape": canvas,
        "centred_px": positions_px - middle_px,
        "origin_px": middle_px - np.rint(canvas / 2),
    }


def build_options(arguments: argparse.Namespace, intensity: np.ndarray) -> LSQMLOptions:
    """pty-chi's defaults except: the device, epochs, minibatches of 96, a flat start; the physical lengths do not matter."""
    options = LSQMLOptions()
    options.data_options.wavelength_m = 1e-9
    options.object_options.pixel_size_m = 1e-8
    options.object_options.optimizable = True
    options.probe_options.optimizable = True
    reconstructor = options.reconstructor_options
    reconstructor.default_device = enums.Devices.GPU if arguments.device == "cuda" else enums.Devices.CPU
    reconstructor.num_epochs = arguments.epochs
    reconstructor.batch_size = arguments.batch_size
    reconstructor.batching_mode = enums.BatchingModes.RANDOM
    reconstructor.noise_model = enums.NoiseModels.GAUSSIAN
    reconstructor.random_seed = arguments.seed
    if arguments.probe_power:
        power = options.probe_options.power_constraint
        power.enabled = True
        power.probe_power = float(np.median(intensity.sum(axis=(1, 2), dtype=np.float64)))
        power.scale_object = True
    return options


def choose_loader(task: PtychographyTask, arguments: argparse.Namespace):
    """Sets the minibatch order: of a schedule file, of --order-seed, or pty-chi's own (the same in every run)."""
    own = task.reconstructor.dataloader
    if arguments.schedule is not None:
        loader = ScheduledLoader(task.dataset, json.loads(arguments.schedule.read_text()))
    else:
        if arguments.order_seed is not None:
            # pty-chi makes its generator with the library's fixed seed, whatever random_seed says (batching.md section 2).
            own.generator.manual_seed(arguments.order_seed)
        loader = ObservedLoader(own)
    task.reconstructor.dataloader = loader
    return loader


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scan", type=Path, help="contract NPZ: diffraction (or diff3d), xcoords, ycoords, probeGuess")
    parser.add_argument("--output", type=Path, required=True, help="result NPZ")
    parser.add_argument("--intensity", action="store_true", help="the patterns are counts or intensity, not amplitude")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--first-patterns", type=int, help="use only so many patterns from the start")
    parser.add_argument(
        "--probe-power",
        action="store_true",
        help="power constraint with the median total intensity, as `ptycho reconstruct --probe-power`",
    )
    parser.add_argument("--batch-size", type=int, default=96)
    parser.add_argument("--canvas-extra", type=int, default=50, help="canvas pixels beyond scan range and probe")
    parser.add_argument(
        "--seed", type=int, default=0, help="pty-chi's random_seed; does not change the minibatch order"
    )
    parser.add_argument("--order-seed", type=int, help="seed of the minibatch order; default: pty-chi's fixed order")
    parser.add_argument("--schedule", type=Path, help="explicit schedule (JSON) instead of random minibatches")
    parser.add_argument("--export-schedule", type=Path, help="write the minibatches that were used as such a schedule")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where pty-chi computes")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: PyTorch finds no CUDA GPU here")
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    scan = read_scan(arguments.scan, arguments.intensity, arguments.first_patterns)
    canvas = plan_canvas(scan["positions_px"], scan["probe"].shape[-2:], arguments.canvas_extra)
    started = time.monotonic()
    task = PtychographyTask(
        build_options(arguments, scan["intensity"]),
        diffraction_data=scan["intensity"],
        object_data=np.ones((1, *canvas["shape"]), dtype=np.complex64),
        probe_data=scan["probe"],
        probe_position_y_px=canvas["centred_px"][:, 0].astype(np.float32),
        probe_position_x_px=canvas["centred_px"][:, 1].astype(np.float32),
    )
    loader = choose_loader(task, arguments)
    losses: list[float] = []
    for epoch in range(arguments.epochs):
        task.run(1)
        losses.append(float(task.reconstructor.loss_tracker.table["loss"].iloc[-1]))
        if epoch < 3 or (epoch + 1) % 10 == 0:
            print(f"epoch {epoch}: loss {losses[-1]:.6g}  ({time.monotonic() - started:.0f} s)", file=sys.stderr)
    seconds = time.monotonic() - started

    probe = task.get_data_to_cpu("probe", as_numpy=True)[0]
    versions = {"ptychi": ptychi.__version__, "torch": torch.__version__, "numpy": np.__version__}
    versions["python"] = platform.python_version()
    np.savez(
        arguments.output,
        reconstructed_object=task.get_data_to_cpu("object", as_numpy=True)[0],
        reconstructed_probe=probe[0] if probe.shape[0] == 1 else probe,
        loss=np.array(losses, dtype=np.float64),
        canvas_origin_px=canvas["origin_px"],
        positions_px=scan["positions_px"] - canvas["origin_px"],
        reconstruction_time=np.float64(seconds),
        algorithm=np.array("pty-chi LSQML"),
        versions=np.array(json.dumps(versions)),
        options=np.array(json.dumps(vars(arguments), default=str)),
    )
    if arguments.export_schedule is not None:
        schedule = {"version": 1, "n": len(scan["positions_px"]), "mode": "random", "repeat": "error"}
        arguments.export_schedule.write_text(json.dumps({**schedule, "epochs": loader.epochs}))
    print(f"final loss {losses[-1]:.6g} after {arguments.epochs} epochs, {seconds:.1f} s -> {arguments.output}")


if __name__ == "__main__":
    main()
