"""Chooses what runs the networks, brings the models, and makes the reader: `open_reader` is the way in.

`plans` decides and is pure; `server` and the command line call `open_reader`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_backend.config import model_catalog
from ocr_backend.config.settings import Settings
from ocr_backend.models import builtin_models, custom_models, model_folder
from ocr_backend.models.hub import model_download
from ocr_backend.models.hub.download_progress import Progress
from ocr_backend.models.model_folder import Model, ModelError
from ocr_backend.ocr_types import Reader
from ocr_backend.system import cgroup_usage
from ocr_backend.system.cpu_quota import usable_cores

if TYPE_CHECKING:
    from ocr_backend.ocr.inference_runtime import Runtime

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Installed:
    """Which runtimes are there; `_gpu`: in a build that can use a GPU."""

    openvino: bool
    onnxruntime: bool
    onnxruntime_gpu: bool
    paddleocr: bool
    paddle: bool
    paddle_gpu: bool


@dataclass(frozen=True)
class Plan:
    """An engine, the form of the models that it would read with, and why."""

    engine: str
    form: str
    why: str


def plans(settings: Settings, installed: Installed) -> tuple[Plan, ...]:
    """The ways in which these settings can be met with what is installed, the best first; maybe none."""
    return tuple(plan for plan in _ways(settings, installed) if settings.engine in ("auto", plan.engine))


def _ways(settings: Settings, installed: Installed) -> Iterator[Plan]:
    device = "GPU" if settings.use_gpu else "CPU"
    has_onnxruntime = installed.onnxruntime_gpu if settings.use_gpu else installed.onnxruntime
    has_paddle = installed.paddle_gpu if settings.use_gpu else installed.paddle
    if installed.openvino and not settings.use_gpu and not settings.use_doc_unwarping:
        yield Plan("openvino", "onnx", "the quickest on the CPU for models in onnx form")
    if has_onnxruntime and not settings.use_doc_unwarping:
        yield Plan("onnxruntime", "onnx", f"reads on the {device} with models in onnx form")
    if installed.paddleocr and has_paddle:
        yield Plan("paddle", "paddle", f"PaddleOCR itself on the {device}, for models in paddle form")
    if installed.paddleocr and has_onnxruntime:
        yield Plan("paddle", "onnx", f"PaddleOCR itself on the {device}, through onnxruntime")


def possible(settings: Settings) -> tuple[Plan, ...]:
    """The plans, at least one, for what is installed here.

    Raises:
        ModelError: nothing that is installed fits; the message says what to install.
    """
    ways = plans(settings, _installed(settings.use_gpu))
    if not ways:
        raise ModelError(_nothing_fits(settings))
    return ways


@contextmanager
def brought(settings: Settings, progress: Progress | None = None) -> Iterator[tuple[Plan, dict[str, Model]]]:
    """The plan that is followed and its models by part, whole and in their folders; downloads if it must.

    What fills a volume needs no more than this; `progress` is told how far a download is. Builtin models are
    there only within the context.

    Raises:
        ModelError: a model or a runtime is missing or broken; the message says what to do.
    """
    ways = possible(settings)
    chosen = custom_models.chosen(settings)
    forms = custom_models.common_forms(chosen, tuple(dict.fromkeys(plan.form for plan in ways)))
    with _from_source(settings, model_folder.needed(settings), forms, progress) as official:
        form = next((model.form for model in official.values()), forms[0])
        custom = {choice.part: custom_models.opened(choice, form) for choice in chosen}
        yield next(plan for plan in ways if plan.form == form), custom | official


def open_reader(settings: Settings) -> Reader:
    """The reader that the settings ask for, with its networks loaded; takes seconds, or a download.

    Raises:
        ModelError: a model or a runtime is missing or broken; the message says what to do.
    """
    for note in model_catalog.model_set(settings.ocr_version, settings.language, settings.model_type).notes:
        logger.info("%s", note)
    with brought(settings) as (plan, found):
        logger.info("engine %s, set by OCR_ENGINE=%s: %s", plan.engine, settings.engine, plan.why)
        for model in found.values():
            logger.debug("%s %s, sha256 %s, in %s", model.part, model.name, model.digest, model.folder)
        return _made(plan.engine, found, settings)


def slots(settings: Settings) -> int:
    """How many images one worker is asked to read at the same moment."""
    return settings.slots or (1 if settings.use_gpu else usable_cores())


def _from_source(
    settings: Settings, names: dict[str, str], forms: Sequence[str], progress: Progress | None
) -> AbstractContextManager[dict[str, Model]]:
    root = Path(settings.model_dir)
    match settings.model_source:
        case "builtin":
            if "onnx" not in forms:
                raise ModelError("the builtin models need the package onnxruntime, which is not installed")
            return builtin_models.folders(names)
        case "dir":
            return nullcontext(model_folder.in_folder(root, names, forms))
        case _:
            hub = model_download.Hub.of(settings)
            return nullcontext(model_download.fetched(root, names, forms, hub, progress))


def _made(engine: str, found: dict[str, Model], settings: Settings) -> Reader:
    most = slots(settings)
    if engine == "paddle":
        _refuse_misfits(found)
        from ocr_backend.ocr.paddle_reader import PaddleReader

        return PaddleReader(found, most, settings.use_gpu)
    from ocr_backend.ocr.native_reader import NativeReader

    limit = cgroup_usage.memory_limit_bytes()
    share = limit // settings.workers if limit else None
    return NativeReader(found, most, _runtime(engine, most, settings), share)


def _refuse_misfits(found: dict[str, Model]) -> None:
    """PaddleOCR reads nonsense with a custom network that does not fit its description, and says nothing."""
    from ocr_backend.ocr import load_check

    for model in found.values():
        if model.chosen_by and (fault := load_check.fault(model)):
            raise model.unusable(fault)


def _runtime(engine: str, slots: int, settings: Settings) -> "Runtime":
    if engine == "openvino":
        from ocr_backend.ocr.openvino_runtime import OpenVino

        runtime = OpenVino(slots, is_exact=settings.precision == "f32")
        logger.info(
            "openvino computes in %s, set by OCR_PRECISION=%s", runtime.precision(), settings.precision
        )
        return runtime
    from ocr_backend.ocr.onnx_runtime import OnnxRuntime

    return OnnxRuntime(settings.use_gpu)


def _nothing_fits(settings: Settings) -> str:
    if settings.use_gpu:
        return (
            "PADDLEOCR_USE_GPU=true, but nothing installed here can use a GPU for OCR_ENGINE="
            f"{settings.engine}; install paddlepaddle-gpu or onnxruntime-gpu, or set it to false"
        )
    wanted = {"paddle": "paddlepaddle and paddleocr", "openvino": "openvino"}.get(
        settings.engine, "onnxruntime"
    )
    if settings.use_doc_unwarping:
        wanted = "paddlepaddle and paddleocr"
    return f"OCR_ENGINE={settings.engine} has nothing to run with here; install {wanted}"


def _installed(use_gpu: bool) -> Installed:
    has_onnxruntime, has_paddle = find_spec("onnxruntime") is not None, find_spec("paddle") is not None
    return Installed(
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
    # Not whether there is a GPU now: models may be fetched on a node without one. Loading will tell. Nor by
    # importing paddle, which takes a second and 300 MB that the other engine does not need.
    try:
        return bool(version("paddlepaddle-gpu"))
    except PackageNotFoundError:
        return False
