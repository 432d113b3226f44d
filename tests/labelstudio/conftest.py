"""A real Label Studio and a real backend with the builtin models, both started once, and projects."""

import base64
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from subprocess import Popen

import pytest
from PIL import Image, ImageDraw, ImageFont

from backend_process import BUILTIN, running_backend
from faulty_relay import FaultyRelay
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from label_studio_regions import Box
from loopback import ImageFiles, Relay, serving
from prelabel_process import Prelabel, ProcessResult, end, start
from scripted_server import Reply

Handler = Callable[[BaseHTTPRequestHandler], None]

IMAGES = Path(__file__).parents[1] / "data" / "images"


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Writes a line to the terminal at once, although pytest captures the output of tests."""
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(line)

    return write


@pytest.fixture(scope="session")
def label_studio(
    tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[LabelStudio]:
    with running_label_studio(tmp_path_factory.mktemp("label-studio"), say) as running:
        yield running


@pytest.fixture(scope="session")
def api(label_studio: LabelStudio) -> Iterator[Api]:
    api = Api(label_studio.url, label_studio.legacy_token)
    yield api
    api.close()


@pytest.fixture(scope="session")
def settings(label_studio: LabelStudio) -> dict[str, str]:
    """The environment of a backend with the legacy token; it may fetch images from loopback."""
    return {
        **BUILTIN,
        "LABEL_STUDIO_URL": label_studio.url,
        "LABEL_STUDIO_API_KEY": label_studio.legacy_token,
        "OCR_FETCH_ALLOW": "127.0.0.1",
    }


@pytest.fixture(scope="session")
def backend_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backend") / "backend.log"


@pytest.fixture(scope="session")
def backend(settings: dict[str, str], backend_log: Path) -> Iterator[str]:
    with running_backend({**settings, "LOG_LEVEL": "DEBUG"}, backend_log) as url:
        yield url


@pytest.fixture(scope="session")
def guarded_backend(settings: dict[str, str], label_studio: LabelStudio) -> Iterator[str]:
    """A backend that requires user `ocr` and password `right`, and has the personal access token."""
    guard = {"BASIC_AUTH_USER": "ocr", "BASIC_AUTH_PASS": "right"}
    token = {"LABEL_STUDIO_API_KEY": label_studio.personal_token}
    with running_backend({**settings, **guard, **token}) as url:
        yield url


@pytest.fixture(scope="session")
def hasty_backend(settings: dict[str, str]) -> Iterator[str]:
    """A backend that answers after 5 s with the tasks that it has read, and keeps lines with a low score."""
    with running_backend({**settings, "OCR_PREDICT_TIMEOUT": "5", "PADDLEOCR_SCORE_THRESHOLD": "0.3"}) as url:
        yield url


@pytest.fixture
def relay(backend: str) -> Iterator[Relay]:
    """The same backend behind a relay that records requests and responses."""
    with serving(Relay(backend)) as relay:
        yield relay


@pytest.fixture
def image_server() -> Iterator[ImageFiles]:
    """An HTTP server for images."""
    with serving(ImageFiles()) as server:
        yield server
        server.release()


@pytest.fixture(scope="session")
def password_protected() -> Callable[[bytes], Handler]:
    """`password_protected(content)`: answers with the content if user and password are `me` and `p@ss`."""

    def protect(content: bytes) -> Handler:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            is_right = handler.headers.get("Authorization") == "Basic bWU6cEBzcw=="
            (Reply(content) if is_right else Reply(b"no", 401))(handler)

        return answer

    return protect


@pytest.fixture
def project(api: Api) -> Project:
    """A project with the guide's label config and no backend."""
    return Project(api)


@pytest.fixture
def connected_project(project: Project, backend: str) -> Project:
    project.connect(backend)
    return project


@pytest.fixture(scope="session")
def image_path() -> Callable[[str], Path]:
    """`image_path(name)`: the path of a real image."""
    return lambda name: IMAGES / name


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Box]]:
    """A drawn page: its file, and the box of each of its lines in reading order."""
    image = Image.new("RGB", (900, 600), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=44)
    positions = {"Invoice 4711": (500, 60), "Delivered on Monday": (60, 250), "Total 1250 EUR": (240, 450)}
    for text, position in positions.items():
        draw.text(position, text, fill="black", font=font)
    file = tmp_path_factory.mktemp("page") / "page.png"
    image.save(file)
    return file, {text: draw.textbbox(position, text, font=font) for text, position in positions.items()}


@pytest.fixture(scope="session")
def as_data_uri() -> Callable[[Path], str]:
    """`as_data_uri(path)`: an image as a data URI."""

    def data_uri(image_path: Path) -> str:
        png = BytesIO()
        with Image.open(image_path) as image:
            image.save(png, "PNG")
        return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"

    return data_uri


@pytest.fixture
def prelabel(project: Project, settings: dict[str, str], tmp_path: Path) -> Prelabel:
    """Runs the command for the project, with additional environment variables, and waits for its end."""

    def run(*arguments: object, **env: str) -> ProcessResult:
        return end(start(["--project", project.id, *arguments], {**settings, **env}, tmp_path))

    return run


@pytest.fixture
def word_image(image_server: ImageFiles) -> Callable[[str], str]:
    """`word_image(word)`: the URL of a small image with the word on it."""

    def url(word: str) -> str:
        image, file = Image.new("RGB", (160, 44), "white"), BytesIO()
        ImageDraw.Draw(image).text((8, 4), word, fill="black", font=ImageFont.load_default(size=30))
        image.save(file, "PNG")
        return image_server.put(f"{word}.png", file.getvalue())

    return url


@pytest.fixture
def label_studio_relay(label_studio: LabelStudio) -> Iterator[FaultyRelay]:
    """A relay between the command and Label Studio."""
    with serving(FaultyRelay(label_studio.url)) as relay:
        yield relay


@pytest.fixture
def start_prelabel(
    project: Project, label_studio_relay: FaultyRelay, settings: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., Popen[str]]]:
    """Starts the command for the project; a command that still runs is killed after the test."""
    processes = []

    def start_one(*arguments: object, **env: str) -> Popen[str]:
        variables = {**settings, "LABEL_STUDIO_URL": label_studio_relay.url, **env}
        processes.append(start(["--project", project.id, *arguments], variables, tmp_path))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def blank_image(image_server: ImageFiles) -> str:
    """URL of a small image without text."""
    file = BytesIO()
    Image.new("RGB", (64, 32), "white").save(file, "PNG")
    return image_server.put("blank.png", file.getvalue())
