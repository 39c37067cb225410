"""Times PyTorch's FFT and numpy's reading of NPZ files, one request at a time, for a benchmark that alternates.

Reads a JSON object per line from standard input and answers each with one of the same "id": {"ok": true, ...} or
{"ok": false, "error": "..."}; the first line says that it is ready. Requests name a `command`; files are raw little-endian complex64 or NPZ.
"""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np


class FftTimer:
    """A batch of planes on the device, and its transform."""

    def __init__(self) -> None:
        self.source = None
        self.result = None
        self.planes = None
        self.torch = None

    def prepare(self, path: str, size: int, distinct: int, planes: int, device: str) -> dict:
        import torch

        self.torch = torch
        self.planes = np.fromfile(path, dtype="<c8").reshape(distinct, size, size)
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        where = "cuda" if device == "gpu" and torch.cuda.is_available() else "cpu"
        part = torch.from_numpy(self.planes.copy()).to(where)
        self.source = part.repeat(planes // distinct, 1, 1)
        self.result = torch.empty_like(self.source)
        torch.fft.fft2(self.source, out=self.result)
        self._wait()
        return {
            "device": torch.cuda.get_device_name() if where == "cuda" else "cpu",
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "library": f"cuFFT, CUDA {torch.version.cuda}"
            if where == "cuda"
            else ("MKL" if torch.backends.mkl.is_available() else "pocketfft"),
        }

    def time(self, times: int) -> dict:
        torch = self.torch
        self._wait()
        begin = time.perf_counter()
        for _ in range(times):
            torch.fft.fft2(self.source, out=self.result)
        self._wait()
        return {"seconds": (time.perf_counter() - begin) / times}

    def check(self, path: str) -> dict:
        """Largest differences relative to the largest value: of ours from float64, of torch from float64."""
        truth = np.fft.fft2(self.planes.astype(np.complex128))
        scale = np.abs(truth).max()
        ours = np.fromfile(path, dtype="<c8").reshape(truth.shape)
        theirs = self.result[: len(truth)].cpu().numpy()
        return {
            "oursError": float(np.abs(ours - truth).max() / scale),
            "torchError": float(np.abs(theirs - truth).max() / scale),
            "difference": float(np.abs(ours - theirs).max() / scale),
        }

    def _wait(self) -> None:
        if self.source.is_cuda:
            self.torch.cuda.synchronize()


def load_npz(path: str) -> dict:
    """Reads every member, as a program does that works on them; gives a checksum of each."""
    begin = time.perf_counter()
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    seconds = time.perf_counter() - begin
    sums = {name: float(np.abs(array).sum(dtype=np.float64)) for name, array in arrays.items()}
    return {"seconds": seconds, "sums": sums, "numpy": np.__version__}


def main() -> None:
    timer = FftTimer()
    commands = {
        "fft-prepare": timer.prepare,
        "fft-time": timer.time,
        "fft-check": timer.check,
        "load": load_npz,
    }
    print(json.dumps({"id": 0, "ok": True, "ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        identity = request.pop("id")
        try:
            answer = {"id": identity, "ok": True, **commands[request.pop("command")](**request)}
        except Exception as error:  # noqa: BLE001 (the benchmark shows it)
            answer = {"id": identity, "ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
