"""Settings of the HTTP server and its log."""

from dataclasses import dataclass

from ocr_backend.config.setting_fields import setting


@dataclass(frozen=True)
class ServerSettings:
    """Processes, log, authentication and limits of requests."""

    host: str = setting("0.0.0.0", "OCR_HOST", "Address that the server listens on")
    port: int = setting(9090, "OCR_PORT", "Port that the server listens on", minimum=1, maximum=65535)
    health_port: int = setting(
        0,
        "OCR_HEALTH_PORT",
        "Another port for /health, /livez, /readyz and /metrics, where slow clients cannot delay them; "
        "0 opens none",
        minimum=0,
        maximum=65535,
    )
    workers: int = setting(
        1,
        "WORKERS",
        "Number of worker processes; each loads its own copy of the models",
        minimum=1,
        maximum=64,
    )
    threads: int = setting(
        8,
        "THREADS",
        "Maximum number of images that one worker downloads and reads at the same time; others wait. "
        "The default becomes two per inference slot if that is more; drawn boxes have two "
        "further threads",
        minimum=1,
        maximum=256,
    )
    log_level: str = setting(
        "INFO",
        "LOG_LEVEL",
        "Lowest level of messages in the log",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    )
    log_format: str = setting(
        "text",
        "OCR_LOG_FORMAT",
        "Format of the log: text for people, json for log collectors",
        choices=("text", "json"),
    )
    basic_auth_user: str = setting(
        "", "BASIC_AUTH_USER", "User name that Label Studio must send; empty turns authentication off"
    )
    basic_auth_pass: str = setting("", "BASIC_AUTH_PASS", "Password of that user", secret=True)
    predict_timeout_seconds: float = setting(
        90.0,
        "OCR_PREDICT_TIMEOUT",
        "Seconds after which a request is answered with the images that are read by then; Label Studio waits "
        "for 100 seconds",
        minimum=1,
        maximum=3600,
    )
    max_request_bytes: int = setting(
        64 * 2**20, "OCR_MAX_REQUEST_BYTES", "Maximum bytes of one request", minimum=1024, maximum=2**31
    )
    max_tasks: int = setting(
        10_000, "OCR_MAX_TASKS", "Maximum number of tasks in one request", minimum=1, maximum=10**6
    )
    has_ui: bool = setting(True, "OCR_UI", "Serve the page /ui, where a user can try an image")
