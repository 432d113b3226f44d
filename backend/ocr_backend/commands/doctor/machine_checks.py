"""Checks this machine: installed packages, cores, memory, and the port."""

import errno
import platform
import socket
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import requests

from ocr_backend.commands.doctor.findings import Finding, bad, good, warning
from ocr_backend.config.settings import Settings
from ocr_backend.models.model_folder import ModelError
from ocr_backend.ocr import engine_factory
from ocr_backend.ocr.memory_budget import DECODE_BYTES_PER_PIXEL, memory_plan
from ocr_backend.system import cgroup_memory
from ocr_backend.system.cgroup_cpu import usable_cores
from ocr_backend.system.http_session import http_session

_PACKAGES = ("openvino", "onnxruntime", "onnxruntime-gpu", "paddlepaddle", "paddlepaddle-gpu", "paddleocr")
_TIMEOUT_SECONDS = 5.0
_MIN_DETECTION_PIXELS = 4_000_000
"""Below it, the print of large pages gets too small for detection."""
_GIB = 2**30
_MEGA = 1_000_000
_ANY_ADDRESS = ("0.0.0.0", "::")


def check_engine(settings: Settings) -> Iterator[Finding]:
    """Which engine reads, and the installed packages."""
    packages = ", ".join(f"{name} {release}" for name in _PACKAGES if (release := _version(name)))
    installed = f"Python {platform.python_version()}, {packages or 'no engine'}"
    try:
        plan = engine_factory.usable_plans(settings)[0]
    except ModelError as error:
        yield bad("engine", f"no installed engine can be used; installed: {installed}", str(error))
        return
    yield good("engine", f"{plan.engine} with models in {plan.model_format} format; {installed}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def check_cores(settings: Settings) -> Iterator[Finding]:
    """Whether there is a core for each inference slot of each worker."""
    cores = usable_cores()
    slots = engine_factory.inference_slots(settings)
    needed = slots * settings.workers
    message = f"{cores} usable; WORKERS={settings.workers} with {slots} inference slots each"
    if needed > cores and not settings.use_gpu:
        yield warning(
            "cores", message, f"{needed} inference slots share {cores} cores: lower WORKERS or OCR_SLOTS"
        )
    else:
        yield good("cores", message)


def check_memory(settings: Settings, usable: int | None = None) -> Iterator[Finding]:
    """Whether the models leave memory for the largest allowed images; `usable` is in bytes, 0 if unknown."""
    usable = cgroup_memory.available_bytes() if usable is None else usable
    slots = engine_factory.inference_slots(settings)
    plan = memory_plan(
        _engine(settings), slots, settings.max_image_pixels, usable // settings.workers or None
    )
    largest = plan.decode_bytes // DECODE_BYTES_PER_PIXEL
    message = (
        f"{usable / _GIB:.1f} GiB usable; at a time, each worker opens images of "
        f"{largest // _MEGA} megapixels and finds text on {plan.detection_pixels // _MEGA}"
    )
    if largest < settings.max_image_pixels or plan.detection_pixels < _MIN_DETECTION_PIXELS:
        yield warning("memory", message, "lower OCR_MAX_IMAGE_PIXELS, OCR_SLOTS or WORKERS, or add memory")
    else:
        yield good("memory", message)


def _engine(settings: Settings) -> str:
    try:
        return engine_factory.usable_plans(settings)[0].engine
    except ModelError:
        return ""


def check_port(settings: Settings) -> Iterator[Finding]:
    """Whether the port is free, or what listens on it."""
    endpoint = f"{settings.host}:{settings.port}"
    try:
        _listen(settings)
    except socket.gaierror:
        message = f"{settings.host} is not an address of this machine"
        yield bad("port", message, "correct or unset OCR_HOST")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield _identify_listener(settings)
        else:
            message = f"cannot listen on {endpoint}: {error.strerror}"
            yield bad("port", message, "change OCR_HOST or OCR_PORT")
    else:
        yield good("port", f"{endpoint} is free")


def _listen(settings: Settings) -> None:
    addresses = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    family, _, _, _, address = addresses[0]
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def _identify_listener(settings: Settings) -> Finding:
    host = "127.0.0.1" if settings.host in _ANY_ADDRESS else settings.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    other_program = bad(
        "port", f"another program listens on port {settings.port}", "stop it, or change OCR_PORT"
    )
    try:
        with http_session() as session:
            session.trust_env = False  # the request stays on this machine, so it needs no proxy
            response = session.get(f"{url}/readyz", timeout=_TIMEOUT_SECONDS)
        content = response.json()
    except (requests.RequestException, ValueError):
        return other_program
    if not isinstance(content, dict):
        return other_program
    if content.get("status") == "READY":
        return good("port", f"a backend is running at {url} and is ready")
    if response.status_code == 503 and "detail" in content:
        message = f"a backend is running at {url}: {content['detail']}"
        return warning("port", message, "wait, or check its log")
    return other_program
