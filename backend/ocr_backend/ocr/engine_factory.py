"""Chooses the engine, obtains the models, and creates the reader: `open_reader` does all three.

`engine_plans` decides and is pure. The server and the command line call `open_reader`.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.config.settings import Settings
from ocr_backend.models import builtin_models, custom_models, model_folder, model_roles
from ocr_backend.models.hub import model_download
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.hub.hub_candidates import HubOptions
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr import memory_budget
from ocr_backend.ocr_types import Reader
from ocr_backend.system.cgroup_cpu import usable_cores

if TYPE_CHECKING:
    from ocr_backend.ocr.inference_runtime import Runtime

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class InstalledPackages:
    """Which packages are installed; `_gpu`: in a build that supports GPUs."""

    openvino: bool
    onnxruntime: bool
    onnxruntime_gpu: bool
    paddleocr: bool
    paddle: bool
    paddle_gpu: bool


@dataclass(frozen=True)
class EnginePlan:
    """An engine, the format of the models that it would read with, and the reason."""

    engine: str
    model_format: str
    reason: str


def engine_plans(settings: Settings, installed: InstalledPackages) -> tuple[EnginePlan, ...]:
    """The engines that these settings and packages allow, the best first; may be empty."""
    return tuple(plan for plan in _all_plans(settings, installed) if settings.engine in ("auto", plan.engine))


def _all_plans(settings: Settings, installed: InstalledPackages) -> Iterator[EnginePlan]:
    device = "GPU" if settings.use_gpu else "CPU"
    has_onnxruntime = installed.onnxruntime_gpu if settings.use_gpu else installed.onnxruntime
    has_paddle = installed.paddle_gpu if settings.use_gpu else installed.paddle
    if installed.openvino and not settings.use_gpu and not settings.use_doc_unwarping:
        yield EnginePlan("openvino", "onnx", "fastest on the CPU for models in onnx format")
    if has_onnxruntime and not settings.use_doc_unwarping:
        yield EnginePlan("onnxruntime", "onnx", f"for models in onnx format, on the {device}")
    if installed.paddleocr and has_paddle:
        yield EnginePlan("paddle", "paddle", f"PaddleOCR on the {device}, for models in paddle format")
    if installed.paddleocr and has_onnxruntime:
        yield EnginePlan("paddle", "onnx", f"PaddleOCR with onnxruntime on the {device}")


def usable_plans(settings: Settings) -> tuple[EnginePlan, ...]:
    """The plans for the packages that are installed, at least one.

    Raises:
        ModelError: no installed engine fits; the message says what to install.
    """
    plans = engine_plans(settings, _installed_packages(settings.use_gpu))
    if not plans:
        raise ModelError(_no_engine(settings))
    return plans


@contextmanager
def resolve_models(
    settings: Settings, progress: Progress | None = None
) -> Iterator[tuple[EnginePlan, dict[str, Model]]]:
    """The engine plan and its complete models by role; downloads missing models if the settings allow it.

    Also used by `models fetch`, which needs no engine; a download is reported to `progress`. Builtin models
    exist only within the context.

    Raises:
        ModelError: a model or an engine is missing or broken; the message says what to do.
    """
    plans = usable_plans(settings)
    custom = custom_models.configured(settings)
    formats = custom_models.common_formats(custom, tuple(dict.fromkeys(plan.model_format for plan in plans)))
    with _official_models(settings, formats, progress) as official:
        model_format = next((model.model_format for model in official.values()), formats[0])
        models = {each.role: custom_models.open_model(each, model_format) for each in custom} | official
        yield next(plan for plan in plans if plan.model_format == model_format), models


def _official_models(
    settings: Settings, formats: Sequence[str], progress: Progress | None
) -> AbstractContextManager[dict[str, Model]]:
    root, names = Path(settings.model_dir), model_roles.required_models(settings)
    match settings.model_source:
        case "builtin":
            if "onnx" not in formats:
                raise ModelError("the builtin models need the package onnxruntime, which is not installed")
            return builtin_models.folders(names)
        case "dir":
            return nullcontext(model_folder.load_models(root, names, formats))
        case _:
            hub = HubOptions.from_settings(settings)
            return nullcontext(model_download.ensure_models(root, names, formats, hub, progress))


def open_reader(settings: Settings) -> Reader:
    """The reader for the settings, with its networks loaded; takes seconds, or the time of a download.

    Raises:
        ModelError: a model or an engine is missing or broken; the message says what to do.
    """
    for note in model_roles.language_models(settings).notes:
        logger.info("%s", note)
    with resolve_models(settings) as (plan, models):
        logger.info("engine %s (OCR_ENGINE=%s): %s", plan.engine, settings.engine, plan.reason)
        for model in models.values():
            logger.debug("%s %s, sha256 %s, in %s", model.role, model.name, model.digest, model.folder)
        return create_reader(plan.engine, models, settings)


def create_reader(engine: str, models: Mapping[str, Model], settings: Settings) -> Reader:
    """A reader with this engine and these models; loads the networks."""
    slots = inference_slots(settings)
    if engine == "paddle":
        _validate_custom_models(models)
        from ocr_backend.ocr.paddle_reader import PaddleReader

        return PaddleReader(models, slots, settings.use_gpu)
    from ocr_backend.ocr.native_reader import NativeReader

    plan = memory_budget.worker_plan(engine, slots, settings)
    return NativeReader(models, slots, _create_runtime(engine, slots, settings), plan.detection_pixels)


def inference_slots(settings: Settings) -> int:
    """How many images one worker reads at the same time."""
    return settings.slots or (1 if settings.use_gpu else usable_cores())


def _validate_custom_models(models: Mapping[str, Model]) -> None:
    """PaddleOCR itself reads nonsense, without an error, if a network does not fit its description."""
    from ocr_backend.ocr import load_check

    for model in models.values():
        if model.variable and (problem := load_check.load_problem(model)):
            raise model.unusable(problem)


def _create_runtime(engine: str, slots: int, settings: Settings) -> "Runtime":
    if engine == "openvino":
        from ocr_backend.ocr.openvino_runtime import OpenVino

        runtime = OpenVino(slots, is_exact=settings.precision == "f32")
        logger.info("openvino computes in %s (OCR_PRECISION=%s)", runtime.precision(), settings.precision)
        return runtime
    from ocr_backend.ocr.onnx_runtime import OnnxRuntime

    return OnnxRuntime(settings.use_gpu)


def _no_engine(settings: Settings) -> str:
    if settings.use_gpu:
        return (
            "PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU for OCR_ENGINE="
            f"{settings.engine}; install paddlepaddle-gpu or onnxruntime-gpu, or set PADDLEOCR_USE_GPU=false"
        )
    needs_paddle = settings.engine == "paddle" or settings.use_doc_unwarping
    other = "openvino" if settings.engine == "openvino" else "onnxruntime"
    packages = "paddlepaddle and paddleocr" if needs_paddle else other
    return f"no installed engine can be used with OCR_ENGINE={settings.engine}; install {packages}"


def _installed_packages(use_gpu: bool) -> InstalledPackages:
    has_onnxruntime, has_paddle = find_spec("onnxruntime") is not None, find_spec("paddle") is not None
    return InstalledPackages(
        openvino=find_spec("openvino") is not None,
        onnxruntime=has_onnxruntime,
        onnxruntime_gpu=use_gpu and has_onnxruntime and _onnxruntime_has_cuda(),
        paddleocr=find_spec("paddleocr") is not None,
        paddle=has_paddle,
        paddle_gpu=use_gpu and has_paddle and _paddle_has_cuda(),
    )


def _onnxruntime_has_cuda() -> bool:
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _paddle_has_cuda() -> bool:
    # Does not check for a GPU: models may be downloaded on a node without one, and loading them checks it.
    # Does not import paddle: that takes a second and 300 MB, which the other engines do not need.
    try:
        return bool(version("paddlepaddle-gpu"))
    except PackageNotFoundError:
        return False
