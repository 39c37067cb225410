"""pty-chi's side of `npm run bench:compare`: does what the lines on its input say, one JSON object per line.

A request is {"id", "command", ...}, its answer {"id", "ok": true, ...} or {"id", "ok": false, "error"}. Whatever
libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import ptychi
import ptychi.maths
import torch
from ptychi.api import enums
from ptychi.api.options.lsqml import LSQMLOptions
from ptychi.api.task import PtychographyTask
from ptychi.reconstructors.lsqml import LSQMLReconstructor


class ScheduleSampler(torch.utils.data.Sampler):
    """Minibatches of an explicit schedule for PyTorch's own loader, epoch after epoch."""

    def __init__(self, epochs: list[list[list[int]]]) -> None:
        self._epochs = epochs
        self._started = 0

    def __len__(self) -> int:
        """Minibatches of the epoch that runs now."""
        return len(self._epochs[max(self._started - 1, 0)])

    def __iter__(self) -> Iterator[list[int]]:
        self._started += 1
        return iter(self._epochs[self._started - 1])


class GatheredLoader:
    """Yields the same minibatches, each gathered by one indexing operation where the patterns are."""

    def __init__(self, dataset, epochs: list[list[list[int]]]) -> None:
        self._patterns = dataset.patterns
        # on both sides beforehand, so that no minibatch waits for a copy
        self._epochs = [
            [(indices, indices.to(self._patterns.device)) for indices in map(make_indices, epoch)] for epoch in epochs
        ]
        self._started = 0

    def __len__(self) -> int:
        return len(self._epochs[max(self._started - 1, 0)])

    def __iter__(self):
        self._started += 1
        for indices, indices_there in self._epochs[self._started - 1]:
            yield [indices, self._patterns[indices_there]]


def make_indices(minibatch: list[int]) -> torch.Tensor:
    return torch.tensor(minibatch, dtype=torch.long, device="cpu")


class TimedLoader:
    """Passes on minibatches and measures what lies between them: the minibatch code without loader and epoch's end."""

    def __init__(self, loader, synchronize: Callable[[], None]) -> None:
        self._loader = loader
        self._synchronize = synchronize
        self.compute_seconds = 0.0

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self):
        loading = 0.0
        self._synchronize()
        begin = time.perf_counter()
        iterator = iter(self._loader)
        while True:
            asked = time.perf_counter()
            batch = next(iterator, None)
            loading += time.perf_counter() - asked
            if batch is None:
                break
            yield batch
        self._synchronize()
        self.compute_seconds = time.perf_counter() - begin - loading


def remove_step_perturbation() -> None:
    """Takes the random numbers out of the Poisson step size, which no other engine could follow; same shape, same cost."""
    original = LSQMLReconstructor.get_psi_far_step_size

    def without_perturbation(self, *arguments, **keywords):
        drawn, torch.randn = torch.randn, torch.zeros
        try:
            return original(self, *arguments, **keywords)
        finally:
            torch.randn = drawn

    LSQMLReconstructor.get_psi_far_step_size = without_perturbation


def build_options(job: dict) -> LSQMLOptions:
    """pty-chi's defaults except for what the job says; the physical lengths do not matter."""
    settings = job["reference"]
    options = LSQMLOptions()
    options.data_options.wavelength_m = 1e-9
    options.data_options.save_data_on_device = settings["dataOnDevice"]
    options.object_options.pixel_size_m = 1e-8
    options.object_options.optimizable = True
    options.probe_options.optimizable = True
    reconstructor = options.reconstructor_options
    reconstructor.default_device = enums.Devices.GPU if settings["device"] == "cuda" else enums.Devices.CPU
    reconstructor.num_epochs = job["epochs"]
    reconstructor.batch_size = job["batchSize"]
    reconstructor.batching_mode = enums.BatchingModes.RANDOM
    poisson = job["noiseModel"] == "poisson"
    reconstructor.noise_model = enums.NoiseModels.POISSON if poisson else enums.NoiseModels.GAUSSIAN
    reconstructor.random_seed = 0
    if settings["fft"] != "default":
        reconstructor.use_double_precision_for_fft = settings["fft"] == "float64"
    return options


def peak_bytes() -> int:
    """Largest resident set of this process so far."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Worker:
    """Holds one reconstruction at a time."""

    def __init__(self) -> None:
        self._task: PtychographyTask | None = None
        self._loader: TimedLoader | None = None
        self._on_gpu = False
        self._epoch = 0

    def _synchronize(self) -> None:
        if self._on_gpu:
            torch.cuda.synchronize()

    def prepare(self, job: dict) -> dict:
        begin = time.perf_counter()
        settings = job["reference"]
        self._task = self._loader = None
        self._on_gpu = settings["device"] == "cuda"
        if self._on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        torch.set_num_threads(settings["threads"])
        schedule = json.loads(Path(job["schedule"]).read_text())
        with np.load(job["scan"], allow_pickle=False) as scan:
            intensity = scan["diffraction"]
            start_object = scan["objectGuess"]
            probe = scan["probeGuess"]
            y_px, x_px = scan["ycoords"].astype(np.float32), scan["xcoords"].astype(np.float32)
        np.square(intensity, out=intensity)
        if probe.ndim == 2:
            probe = probe[None]
        if start_object.shape != tuple(job["canvasShape"]):
            raise ValueError(f"start object {start_object.shape}, canvas {job['canvasShape']}")
        self._task = PtychographyTask(
            build_options(job),
            diffraction_data=intensity,
            object_data=start_object[None],
            probe_data=probe[None],
            probe_position_y_px=y_px,
            probe_position_x_px=x_px,
        )
        self._set_loader(schedule["epochs"], settings["gathered"])
        self._epoch = 0
        self._synchronize()
        return {
            "seconds": time.perf_counter() - begin,
            "doublePrecisionFft": ptychi.maths.get_use_double_precision_for_fft(),
            "threads": torch.get_num_threads(),
            "gpu": torch.cuda.get_device_name(0) if self._on_gpu else None,
        }

    def _set_loader(self, epochs: list[list[list[int]]], gathered: bool) -> None:
        reconstructor = self._task.reconstructor
        if gathered:
            loader = GatheredLoader(self._task.dataset, epochs)
        else:
            # As pty-chi makes it for minibatches that it has chosen itself.
            loader = torch.utils.data.DataLoader(
                dataset=self._task.dataset,
                batch_sampler=ScheduleSampler(epochs),
                generator=torch.Generator(device=torch.get_default_device()),
            )
        self._loader = TimedLoader(loader, self._synchronize)
        reconstructor.dataloader = self._loader

    def epochs(self, first: int, count: int) -> dict:
        if first != self._epoch:
            raise ValueError(f"epoch {self._epoch} is next, {first} was asked for")
        seconds, compute_seconds, loss = [], [], []
        for _ in range(count):
            self._synchronize()
            begin = time.perf_counter()
            self._task.run(1)
            self._synchronize()
            seconds.append(time.perf_counter() - begin)
            compute_seconds.append(self._loader.compute_seconds)
            loss.append(float(self._task.reconstructor.loss_tracker.table["loss"].iloc[-1]))
            self._epoch += 1
        return {"seconds": seconds, "computeSeconds": compute_seconds, "loss": loss}

    def state(self, path: str) -> dict:
        object_, probe = (self._task.get_data_to_cpu(name, as_numpy=True) for name in ("object", "probe"))
        np.savez(path, object=object_[0].astype(np.complex64), probe=probe[0].astype(np.complex64))
        return {}

    def memory(self) -> dict:
        device_bytes = torch.cuda.max_memory_allocated() if self._on_gpu else None
        return {"peakBytes": peak_bytes(), "deviceBytes": device_bytes}

    def deflate(self, source: str, target: str) -> dict:
        """Writes the arrays of an archive into a compressed one."""
        with np.load(source, allow_pickle=False) as arrays:
            np.savez_compressed(target, **{name: arrays[name] for name in arrays.files})
        return {}


COMMANDS = ("prepare", "epochs", "state", "memory", "deflate")


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(reply: dict) -> None:
        answers.write(json.dumps(reply) + "\n")

    remove_step_perturbation()
    worker = Worker()
    versions = {"ptychi": ptychi.__version__, "torch": torch.__version__, "numpy": np.__version__}
    default_fft = LSQMLOptions().reconstructor_options.use_double_precision_for_fft
    facts = {"versions": {**versions, "python": platform.python_version()}, "doublePrecisionFftByDefault": default_fft}
    answer({"id": 0, "ok": True, "ready": True, **facts})
    for line in sys.stdin:
        request = json.loads(line)
        identity, command = request.pop("id"), request.pop("command")
        try:
            if command not in COMMANDS:
                raise ValueError(f"no command {command}")
            answer({"id": identity, "ok": True, **getattr(worker, command)(**request)})
        except Exception as error:  # noqa: BLE001 (whatever it is, the other side has to know)
            answer({"id": identity, "ok": False, "error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
