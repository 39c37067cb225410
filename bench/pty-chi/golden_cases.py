"""Runs pty-chi's LSQML on the inputs of golden files and writes or compares what comes out (`npm run bench:golden`).

Fields and their meaning are those of the golden files in fixtures/golden. CPU, one thread, float32 arithmetic.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import ptychi
import torch
from lsqml_worker import GatheredLoader, remove_step_perturbation
from ptychi.api import enums
from ptychi.api.options.lsqml import LSQMLOptions
from ptychi.api.task import PtychographyTask

Arrays = dict[str, np.ndarray]
STEP_PATCH = "torch.randn in get_psi_far_step_size replaced by zeros"


def set_options(target: Any, values: dict) -> None:
    """Sets options by pty-chi's names; groups inside groups, enumerations by their value."""
    for name, value in values.items():
        if name == "options_class_name":
            continue
        if not hasattr(target, name):
            raise ValueError(f"pty-chi {ptychi.__version__} has no option {name}")
        current = getattr(target, name)
        if isinstance(value, dict):
            set_options(current, value)
        elif isinstance(current, Enum) and value is not None:
            setattr(target, name, type(current)(value))
        else:
            setattr(target, name, math.inf if value == "inf" else value)


def build_task(case: Arrays, settings: dict) -> PtychographyTask:
    """The reconstruction of a golden file, before its first epoch."""
    options = LSQMLOptions()
    options.reconstructor_options.default_device = enums.Devices.CPU
    options.reconstructor_options.num_epochs = settings["num_epochs"]
    set_options(options, settings["options"])
    for name, group in (("wavelength_m", options.data_options), ("pixel_size_m", options.object_options)):
        if name in case:
            setattr(group, name, float(case[name]))
    optional = {}
    if "valid_pixel_mask" in case:
        optional["valid_pixel_mask"] = case["valid_pixel_mask"]
    if "opr_weights_initial" in case:
        optional["opr_mode_weights_data"] = case["opr_weights_initial"]
    positions_px = case["positions_yx_px"].astype(np.float32)
    task = PtychographyTask(
        options,
        diffraction_data=np.square(case["diffraction"]),
        object_data=case["object_initial"],
        probe_data=case["probe_initial"],
        probe_position_y_px=positions_px[:, 0],
        probe_position_x_px=positions_px[:, 1],
        **optional,
    )
    epochs = [[[int(i) for i in row if i >= 0] for row in epoch] for epoch in case["schedule"]]
    epochs = [[row for row in epoch if row] for epoch in epochs]
    task.reconstructor.dataloader = GatheredLoader(task.dataset, epochs)
    return task


def copy_array(tensor: torch.Tensor) -> np.ndarray:
    return np.array(tensor.detach().cpu().numpy())


class StepRecorder:
    """Keeps the intermediate quantities of the first minibatch that updates anything."""

    def __init__(self, task: PtychographyTask, poisson: bool) -> None:
        self.found: Arrays = {}
        self._reconstructor = task.reconstructor
        self._poisson = poisson
        self._open = True
        self._watch("run_reciprocal_space_step", lambda given, _: {"y_pred": given[0]})
        self._watch("calculate_update_vectors", lambda given, _: {"indices": given[0], "chi": given[1]})
        self._watch("calculate_object_update_directions", self._directions)
        self._watch("_record_probe_gradient", lambda given, _: {"probe_direction": given[0]})
        self._watch("apply_reconstruction_parameter_updates", self._after)

    def _watch(self, name: str, pick) -> None:
        original = getattr(self._reconstructor, name)

        def watched(*arguments, **keywords):
            result = original(*arguments, **keywords)
            if self._open:
                self.found.update({key: copy_array(value) for key, value in pick(arguments, result).items()})
            return result

        setattr(self._reconstructor, name, watched)

    def _directions(self, _, result) -> dict[str, torch.Tensor]:
        preconditioner = self._reconstructor.parameter_group.object.preconditioner
        return {
            "object_direction_raw": result[0],
            "object_direction_preconditioned": result[1],
            "preconditioner": preconditioner,
        }

    def _after(self, given, _) -> dict[str, torch.Tensor]:
        self._open = False
        indices = given[0]
        group, buffers = self._reconstructor.parameter_group, self._reconstructor.reconstructor_buffers
        found = {
            "alpha_object": buffers.alpha_object_all_pos_all_slices[indices],
            "alpha_probe": buffers.alpha_probe_all_pos[indices],
            "object_after": group.object.data,
            "probe_after": group.probe.data,
        }
        if self._poisson:
            found["alpha_psi_far"] = self._reconstructor.alpha_psi_far_all_pos[indices]
        return found


def replay(case: Arrays, checkpoints: list[int], with_step: bool) -> Arrays:
    """Runs a case; returns its checkpoints, losses, position origin and, when asked for, its first update."""
    settings = json.loads(str(case["options_json"]))
    torch.set_num_threads(1)
    task = build_task(case, settings)
    poisson = settings["options"].get("reconstructor_options", {}).get("noise_model") == "poisson"
    recorder = StepRecorder(task, poisson) if with_step else None
    buffers = task.reconstructor.reconstructor_buffers
    kept: dict[str, list[np.ndarray]] = {}
    for epoch in range(1, settings["num_epochs"] + 1):
        task.run(1)
        if epoch not in checkpoints:
            continue
        state = {name: task.get_data(name) for name in ("object", "probe")}
        state["positions_yx_px"] = task.get_data("probe_positions")
        state["opr_weights"] = task.get_data("opr_mode_weights")
        state["alpha_object"] = buffers.alpha_object_all_pos_all_slices
        state["alpha_probe"] = buffers.alpha_probe_all_pos
        if poisson:
            state["alpha_psi_far"] = task.reconstructor.alpha_psi_far_all_pos
        for name, tensor in state.items():
            kept.setdefault(f"ckpt_{name}", []).append(copy_array(tensor))
    results: Arrays = {"ckpt_epochs": np.array(checkpoints, dtype=np.int32)}
    results.update({name: np.stack(values) for name, values in kept.items()})
    results["loss"] = np.array(task.reconstructor.loss_tracker.table["loss"], dtype=np.float64)
    origin = copy_array(task.reconstructor.parameter_group.object.pos_origin_coords)
    results["position_origin_yx"] = origin.astype(np.float64)
    if recorder is not None:
        for name, value in recorder.found.items():
            results[f"step_{name}"] = value.astype(np.int32) if name == "indices" else value
    return results


def read_case(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def relative_error(actual: np.ndarray, expected: np.ndarray, weights: np.ndarray | None = None) -> float:
    """sqrt(sum w |a - b|^2 / sum w |b|^2), in float64."""
    if actual.shape != expected.shape:
        return math.nan
    weight = 1.0 if weights is None else weights.astype(np.float64)
    difference = (weight * np.abs(actual.astype(np.complex128) - expected) ** 2).sum()
    total = (weight * np.abs(expected.astype(np.complex128)) ** 2).sum()
    return float(np.sqrt(difference / total)) if total > 0 else float(np.sqrt(difference))


def compare(found: Arrays, case: Arrays) -> dict:
    """Errors as the tolerances of manifest.json want them: per checkpoint, and once for everything else."""
    per_checkpoint = {
        name: [
            relative_error(found[f"ckpt_{name}"][c], case[f"ckpt_{name}"][c], weights)
            for c in range(len(case["ckpt_epochs"]))
        ]
        for name, weights in (("object", case["illumination"]), ("probe", None))
    }
    loss_errors = np.abs(found["loss"] - case["loss"]) / np.abs(case["loss"])
    per_checkpoint["loss"] = [float(loss_errors[:epochs].max()) for epochs in case["ckpt_epochs"]]
    others = ["ckpt_positions_yx_px", "ckpt_opr_weights", "position_origin_yx"]
    others += [name for name in case if name.startswith("ckpt_alpha_")]
    steps = [name for name in case if name.startswith("step_")]
    return {
        **per_checkpoint,
        "largest": {name: float(np.abs(found[name] - case[name]).max()) for name in others},
        "step": {name: step_error(found.get(name), case[name]) for name in steps},
    }


def step_error(found: np.ndarray | None, expected: np.ndarray) -> float:
    """Some fields hold only the first patterns of the minibatch."""
    return math.nan if found is None else relative_error(found[: len(expected)], expected)


def rerun(case: Arrays, checkpoints: list[int]) -> dict[str, list[float]]:
    """How far rounding alone moves the results: FFTs in single precision, minibatches the other way round."""
    reference = {**case, **replay(case, checkpoints, False)}
    settings = json.loads(str(case["options_json"]))
    double = settings["options"]["reconstructor_options"].get("use_double_precision_for_fft", False)
    settings["options"]["reconstructor_options"]["use_double_precision_for_fft"] = not double
    variants = [
        {**case, "options_json": np.array(json.dumps(settings))},
        {**case, "schedule": case["schedule"][:, :, ::-1]},
    ]
    errors = [compare(replay(variant, checkpoints, False), reference) for variant in variants]
    names = ("object", "probe", "loss")
    return {name: [max(values) for values in zip(*(error[name] for error in errors), strict=True)] for name in names}


def write_case(source: Path, target: Path) -> dict:
    """Adds results to the inputs in `source`; returns what the manifest needs beside the arrays."""
    case = read_case(source)
    settings = json.loads(str(case["options_json"]))
    checkpoints = [int(epochs) for epochs in case.pop("ckpt_epochs")]
    versions = {"ptychi": ptychi.__version__, "torch": torch.__version__, "numpy": np.__version__}
    settings["made_with"] = {**versions, "python": platform.python_version()}
    poisson = settings["options"]["reconstructor_options"].get("noise_model") == "poisson"
    settings["patches"] = [STEP_PATCH] if poisson else []
    with_step = bool(settings.pop("with_step", False))
    case["options_json"] = np.array(json.dumps(settings, sort_keys=True))
    results = replay(case, checkpoints, with_step)
    np.savez_compressed(target, **case, **results)
    losses = [float(results["loss"][0]), float(results["loss"][-1])]
    return {"made_with": settings["made_with"], "rounding": rerun(case, checkpoints), "loss_first_last": losses}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="inputs (NPZ) to a golden file")
    write.add_argument("source", type=Path)
    write.add_argument("target", type=Path)
    check = commands.add_parser("check", help="run the inputs of golden files and print how far their numbers are")
    check.add_argument("files", type=Path, nargs="+")
    arguments = parser.parse_args()
    remove_step_perturbation()
    if arguments.command == "write":
        print(json.dumps(write_case(arguments.source, arguments.target)))
        return
    for path in arguments.files:
        case = read_case(path)
        checkpoints = [int(epochs) for epochs in case["ckpt_epochs"]]
        found = replay(case, checkpoints, any(name.startswith("step_") for name in case))
        print(json.dumps({"file": path.name, **compare(found, case)}))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
