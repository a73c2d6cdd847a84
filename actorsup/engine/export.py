"""A trained model as a file that runs without this package."""

import io
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from actorsup import __version__
from actorsup.errors import InputError
from actorsup.io.files import save
from actorsup.models.exported import INPUTS, METADATA, OUTPUTS, SUFFIX, ExportedLocalizer, require_onnx
from actorsup.structures import TubeBatch

from .checkpoint_match import trained_model
from .config import metainfo_of, required_datasets

FORMATS = {"onnx": SUFFIX, "torch": ".pt2"}
OPSET = 20
TOLERANCE = 1e-4  # of scores, and of their logarithms
EXAMPLE_TUBES = 5
INTERPOLATION = "bilinear; where no side grows, the mean of the area (cv2.INTER_AREA)"


def export_localizer(
    config: Config, checkpoint: str | Path, out: str | Path, format: str | None = None, any_size: bool = False
) -> Mapping:
    """Write a trained model for inference as a file, and return what the file says of itself (docs/export.md).

    The file takes one video: ``frames (N, 3, H, W)`` uint8, RGB, ``tubes (P, N, 4)`` float32 in pixels of these and
    ``weights (P, N)`` float32, 1 where a frame counts for a tube; a tube or more, and any number of frames unless the
    encoder takes clips. It gives ``tube_scores (P, K)``
    float64, logarithms, which rank the tubes, ``video_probabilities (K,)`` and, where the config's post-processing asks
    for them, ``frame_scores (P, N, K)``. It is run on a video of noise before it is written.

    Args:
        config: its test dataset says which frames the model is given.
        checkpoint: made by training that config.
        out: where to.
        format: ``onnx``, of ordinary operators alone, or ``torch``, a program of ``torch.export``; None: by the suffix
            of ``out``, ``.onnx`` or ``.pt2``.
        any_size: frames of any size, where they are otherwise of the one that the config resizes them to. ONNX only.

    Raises:
        InputError: if the model cannot be exported, or gives other scores then, with the reason.
    """
    format = _format(Path(out), format, any_size)
    dataset = next(required_datasets(config, "test_dataloader"))
    classes = dataset.get("classes") or metainfo_of(dataset).get("classes")
    classes, model = trained_model(config, checkpoint, classes)
    if isinstance(model, ExportedLocalizer):
        raise InputError(f"{checkpoint}: is exported already; give the checkpoint that training wrote")
    if model.precision == "bfloat16":
        raise InputError(
            f"{config.filename}: exported models compute in float32: --cfg-options model.precision=float32"
        )
    model = _OneVideo(model.eval().requires_grad_(False))
    size, num_frames = _frames_of(config, dataset, any_size)
    example = noise(EXAMPLE_TUBES, num_frames, size)
    program = _without_warnings(lambda: _exported(config, model, example, any_size))
    metadata = _metadata_of(config, model.localizer, classes, dataset, size if not any_size else None)
    if format == "onnx":
        content, run = _without_warnings(lambda: _as_onnx(config, program, metadata))
    else:
        content, run = _as_torch(program, metadata), program.module()
    for num_tubes in (1, EXAMPLE_TUBES):
        _require_equal(config, model, run, noise(num_tubes, num_frames, size))
    save(out, content)
    return metadata


class _OneVideo(nn.Module):
    def __init__(self, localizer: nn.Module) -> None:
        super().__init__()
        self.localizer = localizer

    def forward(self, frames: Tensor, tubes: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
        return self.localizer.score_video(frames, tubes, weights)


def noise(num_tubes: int, num_frames: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Frames, tubes and weights of a video of noise, of ``size`` ``(width, height)``, the same each time."""
    random = torch.Generator().manual_seed(num_tubes)
    frames = torch.randint(256, (num_frames, 3, *size[::-1]), dtype=torch.uint8, generator=random)
    corners = torch.rand((num_tubes, num_frames, 2, 2), generator=random).sort(dim=2).values * torch.tensor(size)
    weights = (torch.rand((num_tubes, num_frames), generator=random) < 0.8).float()
    weights[:, 0] = 1  # every tube covers a frame
    return frames, corners.flatten(2), weights


def _format(out: Path, format: str | None, any_size: bool) -> str:
    by_suffix = {suffix: name for name, suffix in FORMATS.items()}
    format = format or by_suffix.get(out.suffix)
    if format is None or by_suffix.get(out.suffix, format) != format:
        expected = ", ".join(f"{name}: {suffix}" for name, suffix in FORMATS.items())
        raise InputError(f"{out}: expected the suffix of a format ({expected})")
    if format == "onnx":
        require_onnx("export to ONNX", "onnx", "onnxscript", "onnxruntime")
    elif any_size:
        raise InputError("--any-size is for ONNX: a program of torch.export is made for sizes of one parity alone")
    return format


def _frames_of(config: Config, dataset: Mapping, any_size: bool) -> tuple[tuple[int, int], int]:
    """Width and height of the frames that the model is given, and how many."""
    sizes = [step["size"] for step in dataset["pipeline"] if step["type"] == "ResizeFrames"]
    if not sizes and not any_size:
        raise InputError(f"{config.filename}: its test pipeline has no ResizeFrames, which says the size: --any-size")
    counts = [step.get("num_frames", 16) for step in dataset["pipeline"] if step["type"] == "SampleFrames"]
    return tuple(sizes[-1]) if sizes else (320, 240), counts[-1] if counts else 16


def _exported(config: Config, model: nn.Module, example: tuple, any_size: bool) -> ExportedProgram:
    in_time = () if model.localizer.encoder.takes_clips else (0,)
    dimensions = {"frames": (*in_time, *((2, 3) if any_size else ()))}
    dimensions |= dict.fromkeys(("tubes", "weights"), (0, *(axis + 1 for axis in in_time)))
    dimensions = {name: dict.fromkeys(axes, Dim.DYNAMIC) for name, axes in dimensions.items()}
    try:
        return torch.export.export(model, example, dynamic_shapes=dimensions, strict=False)
    except Exception as error:  # torch raises what the model's code meets
        raise _refusal(config, model.localizer, error) from error


def _as_onnx(config: Config, program: ExportedProgram, metadata: Mapping) -> tuple[bytes, Callable]:
    """The file's content, and a function that runs it."""
    import onnxruntime

    given = {"input_names": INPUTS, "output_names": OUTPUTS[: len(program.graph_signature.user_outputs)]}
    try:
        written = torch.onnx.export(
            program, opset_version=OPSET, custom_translation_table=_precise(), verbose=False, **given
        ).model_proto
    except Exception as error:
        raise InputError(f"{config.filename}: the model cannot be written as ONNX: {_reason(error)}") from error
    _name_dimensions(written)
    written.metadata_props.add(key=METADATA, value=json.dumps(metadata))
    content = written.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(*inputs: Tensor) -> list[Tensor]:
        named = {name: tensor.numpy() for name, tensor in zip(INPUTS, inputs, strict=True)}
        return list(map(torch.from_numpy, session.run(None, named)))

    return content, run


def _precise() -> Mapping:
    """ONNX for functions that torch's exporter writes so that scores near 0 and 1 are rounded to one another.

    ONNX has neither ``log1p`` nor ``expm1``: these are Kahan's formulas, whose errors cancel.
    """
    from onnxscript import opset20 as op

    def log1p(x):
        one = op.CastLike(1.0, x)
        rounded = op.Add(x, one)  # what it differs from 1 + x by, the quotient makes up for
        quotient = op.Div(op.Mul(op.Log(rounded), x), op.Sub(rounded, one))
        return op.Where(op.Equal(rounded, one), x, quotient)

    def expm1(x):
        one = op.CastLike(1.0, x)
        rounded = op.Exp(x)
        above = op.Sub(rounded, one)
        quotient = op.Div(op.Mul(above, x), op.Log(rounded))
        of_small = op.Equal(above, op.CastLike(0.0, x))
        return op.Where(of_small, x, op.Where(op.Equal(above, op.Neg(one)), above, quotient))

    def log_sigmoid(x):
        return op.Sub(op.Min(x, op.CastLike(0.0, x)), log1p(op.Exp(op.Neg(op.Abs(x)))))

    aten = torch.ops.aten
    return {aten.log1p.default: log1p, aten.expm1.default: expm1, aten.log_sigmoid.default: log_sigmoid}


def _name_dimensions(model) -> None:
    """Name the sizes that differ from video to video, in inputs and outputs."""
    frames, tubes = (each.type.tensor_type.shape.dim for each in model.graph.input[:2])
    dimensions = zip(("num_frames", "height", "width", "num_tubes"), (*frames[:1], *frames[2:], tubes[0]), strict=True)
    names = {dimension.dim_param: name for name, dimension in dimensions if dimension.dim_param}
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in names:
                dimension.dim_param = names[dimension.dim_param]


def _as_torch(program: ExportedProgram, metadata: Mapping) -> bytes:
    content = io.BytesIO()
    torch.export.save(program, content, extra_files={f"{METADATA}.json": json.dumps(metadata)})
    return content.getvalue()


def _require_equal(config: Config, model: nn.Module, run: Callable, inputs: tuple[Tensor, ...]) -> None:
    with torch.no_grad():
        expected = model(*inputs)
        given = run(*inputs)
    for name, ours, theirs in zip(OUTPUTS, expected, given, strict=False):
        if not torch.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE):
            difference = (ours - theirs).abs().max()
            raise InputError(
                f"{config.filename}: exported, the model gives other {name} (by {difference:.2g} of {len(inputs[1])} "
                "tubes): its code computes something that depends on the number of tubes or on their values"
            )


def _metadata_of(
    config: Config, localizer: nn.Module, classes: Sequence[str], dataset: Mapping, size: tuple[int, int] | None
) -> dict:
    preprocessor = localizer.data_preprocessor
    statistics = {
        name: getattr(preprocessor, name).flatten().tolist() for name in ("mean", "std") if hasattr(preprocessor, name)
    }
    nothing = torch.zeros((0, *localizer.head.pooled_shape))
    empty = TubeBatch(torch.zeros((0, 1, 4)), torch.zeros((0, 1)), torch.zeros(0, dtype=torch.int64), 1)
    with torch.no_grad():
        ((_, without_tubes),) = localizer.head.predict(nothing, empty)
    versions = {"actorsup": __version__, "torch": torch.__version__, "numpy": np.__version__}
    return {
        "classes": list(classes),
        "size": None if size is None else list(size),
        "interpolation": INTERPOLATION,
        "normalization": {**statistics, "note": "of RGB intensities in [0, 1]; the model does it"},
        "pipeline": [dict(step) for step in dataset["pipeline"]],
        "frame_window": localizer.frame_window,
        "probabilities_without_tubes": without_tubes.tolist(),
        "config": config.pretty_text,
        "versions": versions,
    }


def _without_warnings(work: Callable):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporters warn of their own code
        return work()


def _refusal(config: Config, localizer: nn.Module, error: Exception) -> InputError:
    parts = ", ".join(type(part).__name__ for part in (localizer.encoder, localizer.pooling, localizer.head))
    return InputError(
        f"{config.filename}: the model ({parts}) cannot be exported, for its code depends on values or sizes of its "
        f"inputs in a way that no graph has: {_reason(error)}"
    )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()[:60])}"
