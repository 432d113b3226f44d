"""Every setting of the backend: name, variable, default, limits and the sentence that users read.

The environment is read in `from_env` and nowhere else; the operator writes it with `to_env`. The CRD, the
chart's schema and the manual are made from `SETTINGS`. Standard library only; raises `SettingsError`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_backend.config import environment, model_catalog, settings_validation
from ocr_backend.config.setting_fields import Problem, setting, table_of


class SettingsError(ValueError):
    """All that is wrong with the settings, one `Problem` each, in the order of the table."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """One run's settings; construction raises `SettingsError` on bad values and combinations."""

    # What is read, and with which models
    ocr_version: str = setting(
        "PP-OCRv5",
        "PADDLEOCR_VERSION",
        "Generation of the models",
        choices=model_catalog.OCR_VERSIONS,
    )
    model_type: str = setting(
        "server",
        "PADDLEOCR_MODEL_TYPE",
        "Size of the models: server reads best, mobile is small and quick",
        choices=model_catalog.MODEL_TYPES,
    )
    language: str = setting(
        "ch",
        "PADDLEOCR_LANG",
        "Language or script of the text in the images",
        choices=tuple(model_catalog.LANGUAGES),
    )
    use_gpu: bool = setting(False, "PADDLEOCR_USE_GPU", "Read on the GPU instead of the CPU")
    use_doc_orientation: bool = setting(
        False,
        "PADDLEOCR_USE_DOC_ORIENTATION",
        "Find out how a page is turned (by 90, 180 or 270 degrees) before it is read",
    )
    use_doc_unwarping: bool = setting(
        False, "PADDLEOCR_USE_DOC_UNWARPING", "Flatten photographed, bent pages before they are read"
    )
    use_textline_orientation: bool = setting(
        True,
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION",
        "Find out which lines stand upside down and read those too",
    )
    score_threshold: float = setting(
        0.5,
        "PADDLEOCR_SCORE_THRESHOLD",
        "Lines that the recogniser is less sure of than this are left out",
        minimum=0,
        maximum=1,
    )

    # Where the models come from, and what runs them
    model_source: str = setting(
        "hub",
        "OCR_MODEL_SOURCE",
        "Where the models come from: hub downloads the official ones into MODEL_DIR, dir takes what is in "
        "MODEL_DIR and never uses the network, builtin takes the small ones in the installation",
        choices=("hub", "dir", "builtin"),
    )
    model_dir: str = setting("/data/models", "MODEL_DIR", "Folder of the models")
    detection_model: str = setting(
        "",
        "OCR_DETECTION_MODEL",
        "Folder below MODEL_DIR with a custom model that finds the lines, in place of the official one",
    )
    recognition_model: str = setting(
        "",
        "OCR_RECOGNITION_MODEL",
        "Folder below MODEL_DIR with a custom model that reads the lines, in place of the official one",
    )
    model_hub: str = setting(
        "huggingface",
        "OCR_MODEL_HUB",
        "Hub that is asked first; the others follow",
        choices=("huggingface", "aistudio", "modelscope", "bos"),
    )
    model_mirror: str = setting(
        "", "OCR_MODEL_MIRROR", "URL of a mirror that is asked in place of Hugging Face"
    )
    offline: bool = setting(
        False,
        "OCR_OFFLINE",
        "Never use the network for models: one that is not in MODEL_DIR is an error at once",
    )
    engine: str = setting(
        "auto",
        "OCR_ENGINE",
        "What runs the networks; auto takes what fits the models and the device",
        choices=("auto", "openvino", "onnxruntime", "paddle"),
    )
    precision: str = setting(
        "auto",
        "OCR_PRECISION",
        "Numbers that the engine openvino computes with: auto is bfloat16 on CPUs that have it, nearly twice "
        "as fast and no worse; f32 gives the same scores on every CPU",
        choices=("auto", "f32"),
    )
    slots: int = setting(
        0,
        "OCR_SLOTS",
        "Images that one worker reads at the same moment; 0 is one per core that the container may use",
        minimum=0,
        maximum=256,
    )

    golden_check: bool = setting(
        True,
        "OCR_GOLDEN_CHECK",
        "Serve only once the golden sample has been read rightly; false: once it has been read at all",
    )

    # Names in the labelling configuration; None = not set, then the configuration itself is asked
    image_data_key: str | None = setting(
        None, "IMAGE_DATA_KEY", "Key of the task's data that holds the image", manual_default="image"
    )
    image_to_name: str | None = setting(
        None, "IMAGE_TO_NAME", "Name of the Image tag", manual_default="image"
    )
    bbox_from_name: str | None = setting(
        None, "BBOX_FROM_NAME", "Name of the Rectangle tag", manual_default="bbox"
    )
    label_from_name: str | None = setting(
        None, "LABEL_FROM_NAME", "Name of the Labels tag", manual_default="label"
    )
    text_from_name: str | None = setting(
        None, "TEXT_FROM_NAME", "Name of the TextArea tag", manual_default="transcription"
    )
    predicted_label: str | None = setting(
        None, "PREDICTED_LABEL", "Label given to the text that was found", manual_default="Text"
    )

    # Label Studio and the images
    label_studio_url: str = setting(
        "",
        "LABEL_STUDIO_URL",
        "URL of Label Studio, from which uploaded and stored images are fetched",
        aliases=("LABEL_STUDIO_HOST",),
    )
    label_studio_api_key: str = setting(
        "",
        "LABEL_STUDIO_API_KEY",
        "Access token of Label Studio, personal or legacy",
        aliases=("LABEL_STUDIO_ACCESS_TOKEN",),
        secret=True,
    )
    verify_ssl: bool = setting(
        True, "VERIFY_SSL", "Check the certificates of the servers that images come from"
    )
    local_files_document_root: str = setting(
        "",
        "LOCAL_FILES_DOCUMENT_ROOT",
        "Folder in which Label Studio's local files lie; empty fetches them from Label Studio",
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "OCR_FETCH_ALLOW",
        "Hosts and networks (CIDR) with private addresses that images may come from, parted by commas",
    )
    fetch_timeout_seconds: float = setting(
        20.0, "OCR_FETCH_TIMEOUT", "Seconds that fetching one image may take", minimum=0.1, maximum=600
    )
    image_cache_bytes: int = setting(
        2**29,
        "OCR_IMAGE_CACHE_BYTES",
        "Bytes of images kept on disk; 0 keeps none",
        minimum=0,
        maximum=2**40,
    )
    image_cache_seconds: float = setting(
        600.0,
        "OCR_IMAGE_CACHE_SECONDS",
        "Seconds until a kept image is fetched anew",
        minimum=1,
        maximum=1e7,
    )
    image_cache_dir: str = setting(
        "", "OCR_IMAGE_CACHE_DIR", "Folder of the kept images; empty takes one among the temporary files"
    )
    max_image_bytes: int = setting(
        50 * 2**20, "OCR_MAX_IMAGE_BYTES", "Bytes that an image's file may have", minimum=1024, maximum=2**31
    )
    max_image_pixels: int = setting(
        80_000_000, "OCR_MAX_IMAGE_PIXELS", "Pixels that one image may have", minimum=1, maximum=10**9
    )
    max_pages: int = setting(
        500, "OCR_MAX_PAGES", "Pages that a task may have, in a PDF or a list", minimum=1, maximum=100_000
    )
    pdf_dpi: int = setting(
        150, "OCR_PDF_DPI", "Dots per inch at which the pages of a PDF are drawn", minimum=36, maximum=600
    )
    result_cache_lines: int = setting(
        100_000,
        "OCR_RESULT_CACHE",
        "Lines of text that a worker remembers of images, so as not to read the same one again; 0 turns "
        "that off",
        minimum=0,
        maximum=10**8,
    )

    # The server
    host: str = setting("0.0.0.0", "OCR_HOST", "Address on which the server listens")
    port: int = setting(9090, "OCR_PORT", "Port on which the server listens", minimum=1, maximum=65535)
    workers: int = setting(
        1, "WORKERS", "Processes; each holds the models in its own memory", minimum=1, maximum=64
    )
    threads: int = setting(
        8,
        "THREADS",
        "Images that one worker fetches and reads side by side; further ones wait their turn",
        minimum=1,
        maximum=256,
    )
    log_level: str = setting(
        "INFO",
        "LOG_LEVEL",
        "Least important messages that are logged",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_format: str = setting(
        "text",
        "OCR_LOG_FORMAT",
        "Form of the log: text for people, json for collectors",
        choices=("text", "json"),
    )
    basic_auth_user: str = setting(
        "", "BASIC_AUTH_USER", "User that Label Studio must name; empty asks for none"
    )
    basic_auth_pass: str = setting("", "BASIC_AUTH_PASS", "Password of that user", secret=True)
    predict_timeout_seconds: float = setting(
        90.0,
        "OCR_PREDICT_TIMEOUT",
        "Seconds after which a request is answered with what has been read; Label Studio waits for 100",
        minimum=1,
        maximum=3600,
    )
    max_request_bytes: int = setting(
        64 * 2**20, "OCR_MAX_REQUEST_BYTES", "Bytes that one request may have", minimum=1024, maximum=2**31
    )
    max_tasks: int = setting(
        10_000, "OCR_MAX_TASKS", "Tasks that one request may have", minimum=1, maximum=10**6
    )
    has_ui: bool = setting(True, "OCR_UI", "Serve the page /ui, on which an image can be tried")

    def __post_init__(self) -> None:
        problems = tuple(settings_validation.problems(self, SETTINGS))
        if problems:
            raise SettingsError(problems)


SETTINGS = table_of(Settings)


def from_env(variables: Mapping[str, str]) -> Settings:
    """Settings that the environment asks for; an empty variable counts as unset.

    Raises:
        SettingsError: with everything that is wrong, unknown names of ours included.
    """
    own = environment.without_service_links(variables)
    values, problems = environment.values(SETTINGS, own)
    problems += tuple(environment.unknown_names(SETTINGS, own))
    try:
        settings = Settings(**values)
    except SettingsError as error:
        problems += error.problems
    if problems:
        raise SettingsError(problems)
    return settings


def to_env(settings: Settings) -> dict[str, str]:
    """The variables that make `from_env` give these settings: those that differ from the defaults.

    Secrets are among them; who writes the answer down takes out those of the rows marked `secret`.
    """
    chosen = ((row, getattr(settings, row.name)) for row in SETTINGS)
    return {row.env: row.write(value) for row, value in chosen if value != row.default}
