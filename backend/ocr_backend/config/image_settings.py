"""Settings of images: where they may come from, the image cache, and limits."""

from dataclasses import dataclass

from ocr_backend.config.setting_fields import setting


@dataclass(frozen=True)
class ImageSettings:
    """Downloads, caches and limits of images."""

    allowed_hosts: tuple[str, ...] = setting(
        (),
        "OCR_FETCH_ALLOW",
        "Hosts and networks (CIDR) with private addresses that images may come from, separated by commas",
    )
    fetch_timeout_seconds: float = setting(
        20.0, "OCR_FETCH_TIMEOUT", "Maximum seconds for the download of one image", minimum=0.1, maximum=600
    )
    image_cache_bytes: int = setting(
        2**29,
        "OCR_IMAGE_CACHE_BYTES",
        "Maximum bytes of downloaded images in the image cache on disk; 0 turns the cache off",
        minimum=0,
        maximum=2**40,
    )
    image_cache_seconds: float = setting(
        600.0,
        "OCR_IMAGE_CACHE_SECONDS",
        "Seconds after which a cached image is downloaded again",
        minimum=1,
        maximum=1e7,
    )
    image_cache_dir: str = setting(
        "", "OCR_IMAGE_CACHE_DIR", "Folder of the image cache; empty uses a temporary folder"
    )
    max_image_bytes: int = setting(
        50 * 2**20, "OCR_MAX_IMAGE_BYTES", "Maximum bytes of an image file", minimum=1024, maximum=2**31
    )
    max_image_pixels: int = setting(
        80_000_000, "OCR_MAX_IMAGE_PIXELS", "Maximum pixels of one image", minimum=1, maximum=10**9
    )
    max_pages: int = setting(
        500, "OCR_MAX_PAGES", "Maximum pages of one task, in a PDF or a list", minimum=1, maximum=100_000
    )
    pdf_dpi: int = setting(
        150, "OCR_PDF_DPI", "Dots per inch at which PDF pages are rendered", minimum=36, maximum=600
    )
    result_cache_lines: int = setting(
        100_000,
        "OCR_RESULT_CACHE",
        "Maximum number of text lines in the result cache of one worker, which saves reading the same image "
        "again; 0 turns the cache off",
        minimum=0,
        maximum=10**8,
    )
