"""The real Label Studio, the real backend with its small weights, both started once, and projects."""

import base64
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from backend_process import BUILTIN, running_backend
from label_studio import LabelStudio, running_label_studio
from label_studio_project import Api, Project
from label_studio_regions import Box
from loopback import ImageFiles, Relay, serving

IMAGES = Path(__file__).parents[1] / "data" / "images"


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Shows one line at once, though the output of tests is captured."""
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def shown(line: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(line)

    return shown


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
    """The backend's environment, with the legacy token; images on loopback may be fetched."""
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
    """One that asks for user `ocr` and password `right`, and has the personal access token."""
    guard = {"BASIC_AUTH_USER": "ocr", "BASIC_AUTH_PASS": "right"}
    token = {"LABEL_STUDIO_API_KEY": label_studio.personal_token}
    with running_backend({**settings, **guard, **token}) as url:
        yield url


@pytest.fixture(scope="session")
def hasty_backend(settings: dict[str, str]) -> Iterator[str]:
    """One that answers after 5 s with what it has, and keeps lines of which it is quite unsure."""
    with running_backend({**settings, "OCR_PREDICT_TIMEOUT": "5", "PADDLEOCR_SCORE_THRESHOLD": "0.3"}) as url:
        yield url


@pytest.fixture
def relay(backend: str) -> Iterator[Relay]:
    """The same backend, with what goes over the wire remembered."""
    with serving(Relay(backend)) as relay:
        yield relay


@pytest.fixture
def served() -> Iterator[ImageFiles]:
    with serving(ImageFiles()) as image_files:
        yield image_files
        image_files.release()


@pytest.fixture
def project(api: Api) -> Project:
    """With the guide's labelling config and no backend."""
    return Project(api)


@pytest.fixture
def connected(project: Project, backend: str) -> Project:
    project.connect(backend)
    return project


@pytest.fixture(scope="session")
def image_path() -> Callable[[str], Path]:
    """The file of a real image, by its name."""
    return lambda name: IMAGES / name


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Box]]:
    """A drawn page: its file, and where each of its lines is, in reading order."""
    image = Image.new("RGB", (900, 600), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=44)
    places = {"Invoice 4711": (500, 60), "Delivered on Monday": (60, 250), "Total 1250 EUR": (240, 450)}
    for text, place in places.items():
        draw.text(place, text, fill="black", font=font)
    file = tmp_path_factory.mktemp("page") / "page.png"
    image.save(file)
    return file, {text: draw.textbbox(place, text, font=font) for text, place in places.items()}


@pytest.fixture(scope="session")
def as_data_uri() -> Callable[[Path], str]:
    def uri(image_path: Path) -> str:
        png = BytesIO()
        with Image.open(image_path) as image:
            image.save(png, "PNG")
        return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"

    return uri
