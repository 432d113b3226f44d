"""This machine: what is installed, cores, memory, and the port."""

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
from ocr_backend.system import cgroup_memory
from ocr_backend.system.cpu_quota import usable_cores

_PACKAGES = ("openvino", "onnxruntime", "onnxruntime-gpu", "paddlepaddle", "paddlepaddle-gpu", "paddleocr")
_SECONDS = 5.0
_BYTES_PER_PIXEL = 3
_GIB = 2**30
_ANY_ADDRESS = ("0.0.0.0", "::")


def engine(settings: Settings) -> Iterator[Finding]:
    """What would read, and with which packages."""
    installed = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    have = f"Python {platform.python_version()}, {installed or 'no engine'}"
    try:
        plan = engine_factory.possible(settings)[0]
    except ModelError as error:
        yield bad("engine", f"nothing fits; there is {have}", str(error))
        return
    yield good("engine", f"{plan.engine} with models in {plan.form} form; {have}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def cores(settings: Settings) -> Iterator[Finding]:
    """Whether the slots of all workers have a core each."""
    there = usable_cores()
    slots = engine_factory.slots(settings)
    wanted = slots * settings.workers
    said = f"{there} usable; WORKERS={settings.workers}, each reads {slots} at the same moment"
    if wanted > there and not settings.use_gpu:
        yield warning("cores", said, f"{wanted} readings share {there} cores: lower WORKERS or OCR_SLOTS")
    else:
        yield good("cores", said)


def memory_left(settings: Settings, usable: int | None = None) -> Iterator[Finding]:
    """Whether the largest images that are allowed leave room for the models; `usable` is in bytes."""
    usable = cgroup_memory.usable_bytes() if usable is None else usable
    # Each worker holds one decoded image more than it reads.
    images = settings.workers * (engine_factory.slots(settings) + 1)
    needed = images * settings.max_image_pixels * _BYTES_PER_PIXEL
    said = (
        f"{usable / _GIB:.1f} GiB usable; {images} decoded images of the largest allowed size take "
        f"{needed / _GIB:.1f} GiB of it"
    )
    if usable and needed > usable / 2:
        yield warning("memory", said, "lower OCR_MAX_IMAGE_PIXELS, OCR_SLOTS or WORKERS, or give it more")
    else:
        yield good("memory", said)


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the port is free, or who listens there."""
    at = f"{settings.host}:{settings.port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except socket.gaierror:
        yield bad("port", f"{settings.host} is no address of this machine", "set OCR_HOST, or leave it out")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield _listener(settings)
        else:
            yield bad("port", f"{at} cannot be listened on: {error.strerror}", "set OCR_HOST and OCR_PORT")
    else:
        yield good("port", f"{at} is free")


def _listener(settings: Settings) -> Finding:
    host = "127.0.0.1" if settings.host in _ANY_ADDRESS else settings.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    foreign = bad("port", f"something else listens on {settings.port}", "end it, or set OCR_PORT")
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between this machine and itself
            answer = session.get(f"{url}/readyz", timeout=_SECONDS)
        told = answer.json()
    except (requests.RequestException, ValueError):
        return foreign
    if isinstance(told, dict) and told.get("status") == "READY":
        return good("port", f"a backend runs at {url} and is ready")
    if isinstance(told, dict) and answer.status_code == 503 and "detail" in told:
        return warning("port", f"a backend runs at {url}: {told['detail']}", "wait, or look at its log")
    return foreign
