"""Phase RMS error of a result NPZ against a scan's `truth_object`, over the scanned box, without constant and ramp.

Works on results of `ptycho reconstruct` and of run_lsqml.py. Nothing is registered: canvas pixel c lies on data
coordinate c + canvas_origin_px, truth_object[y, x] on data coordinate (y, x). Needs numpy only.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

FIT_PASSES = 20


def scanned_box(positions_px: np.ndarray, margin_px: int = 0) -> tuple[slice, slice]:
    """Rows and columns (data coordinates) that lie within the positions [n, 2] (y, x), ends included."""
    first = np.ceil(positions_px.min(axis=0)).astype(int) + margin_px
    last = np.floor(positions_px.max(axis=0)).astype(int) - margin_px
    return slice(first[0], last[0] + 1), slice(first[1], last[1] + 1)


def cut_box(image: np.ndarray, box: tuple[slice, slice], origin_px: np.ndarray, name: str) -> np.ndarray:
    """The box (data coordinates) of an image [y, x] whose pixel [0, 0] lies on the data coordinate origin_px."""
    whole = np.rint(origin_px).astype(int)
    if np.abs(origin_px - whole).max() > 1e-6:
        raise SystemExit(f"{name}: origin {origin_px} is not on whole pixels")
    rows, columns = (slice(part.start - start, part.stop - start) for part, start in zip(box, whole))
    if min(rows.start, columns.start) < 0 or rows.stop > image.shape[0] or columns.stop > image.shape[1]:
        raise SystemExit(f"{name}: box {box} reaches beyond the image {image.shape} at {whole}")
    return image[rows, columns]


def remove_constant_and_ramp(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Phase [y, x] of a complex field without its best plane (least squares, equal weights), and that plane's
    coefficients (rad, rad per row, rad per column). Wraps are resolved around the plane, so a ramp of several turns
    is found: the start is the largest Fourier component."""
    height, width = field.shape
    y, x = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    unit = np.exp(1j * np.angle(field))
    padded = (4 * height, 4 * width)
    spectrum = np.abs(np.fft.fft2(unit, padded))
    peak = np.unravel_index(np.argmax(spectrum), padded)
    slopes = [2 * np.pi * np.fft.fftfreq(size)[index] for size, index in zip(padded, peak)]
    constant = np.angle(np.sum(unit * np.exp(-1j * (slopes[0] * y + slopes[1] * x))))
    coefficients = np.array([constant, *slopes])
    design = np.stack([np.ones(y.size), y.ravel(), x.ravel()], axis=1)
    for _ in range(FIT_PASSES):
        residual = np.angle(unit * np.exp(-1j * (design @ coefficients).reshape(field.shape)))
        change = np.linalg.lstsq(design, residual.ravel(), rcond=None)[0]
        coefficients = coefficients + change
        if np.abs(change).max() < 1e-10:
            break
    return np.angle(unit * np.exp(-1j * (design @ coefficients).reshape(field.shape))), coefficients


def measure(result_path: Path, scan_path: Path, margin_px: int = 0) -> dict[str, object]:
    """Errors of one result: phase RMS (rad) without constant and ramp, amplitude RMS relative to the truth's after the
    best scale, the removed plane, and the box (data coordinates, ends included)."""
    with np.load(scan_path, allow_pickle=False) as scan:
        truth = np.squeeze(scan["truth_object"])
        data_px = np.stack([scan["ycoords"], scan["xcoords"]], axis=1)
    with np.load(result_path, allow_pickle=False) as result:
        image = np.squeeze(result["reconstructed_object"])
        origin_px = np.asarray(result["canvas_origin_px"], dtype=np.float64)
        positions_px = np.asarray(result["positions_px"], dtype=np.float64) + origin_px
        loss = float(result["loss"][-1])
    if positions_px.shape != data_px.shape or np.abs(positions_px - data_px).max() > 1e-3:
        raise SystemExit(f"{result_path}: positions_px + canvas_origin_px are not the positions of {scan_path}")
    box = scanned_box(data_px, margin_px)
    found = cut_box(image, box, origin_px, str(result_path)).astype(np.complex128)
    true = cut_box(truth, box, np.zeros(2), str(scan_path)).astype(np.complex128)
    phase, plane = remove_constant_and_ramp(found * np.conj(true))
    amplitude, true_amplitude = np.abs(found), np.abs(true)
    scale = np.vdot(amplitude, true_amplitude) / np.vdot(amplitude, amplitude)
    difference = scale * amplitude - true_amplitude
    return {
        "result": str(result_path),
        "phase_rms_rad": float(np.sqrt(np.mean(phase**2))),
        "amplitude_rms_relative": float(np.sqrt(np.mean(difference**2) / np.mean(true_amplitude**2))),
        "final_loss": loss,
        "plane_rad": [float(value) for value in plane],
        "box_yx": [[box[0].start, box[0].stop - 1], [box[1].start, box[1].stop - 1]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scan", type=Path, help="scan NPZ with truth_object, xcoords, ycoords")
    parser.add_argument("results", type=Path, nargs="+", help="result NPZ files")
    parser.add_argument("--margin", type=int, default=0, help="pixels to leave out inside the scanned box")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    arguments = parser.parse_args()
    for path in arguments.results:
        report = measure(path, arguments.scan, arguments.margin)
        if arguments.json:
            print(json.dumps(report))
        else:
            print(
                f"{path}: phase RMS {report['phase_rms_rad']:.5f} rad, "
                f"amplitude RMS {report['amplitude_rms_relative']:.5f}, loss {report['final_loss']:.6g}"
            )


if __name__ == "__main__":
    main()
