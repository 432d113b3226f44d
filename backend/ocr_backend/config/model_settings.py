"""Settings of the models: which ones, where they come from, and what runs them."""

from dataclasses import dataclass

from ocr_backend.config import language_names, model_catalog
from ocr_backend.config.setting_fields import setting


@dataclass(frozen=True)
class ModelSettings:
    """The models of a worker and how they are used."""

    ocr_version: str = setting(
        "PP-OCRv5",
        "PADDLEOCR_VERSION",
        "OCR version: the series of PaddleOCR models",
        choices=model_catalog.OCR_VERSIONS,
    )
    model_type: str = setting(
        "server",
        "PADDLEOCR_MODEL_TYPE",
        "Model type: server is more accurate, mobile is smaller and faster",
        choices=model_catalog.MODEL_TYPES,
    )
    language: str = setting(
        "ch",
        "PADDLEOCR_LANG",
        "Language or script of the text in the images",
        choices=tuple(model_catalog.LANGUAGES),
        synonyms=language_names.CODES,
    )
    use_gpu: bool = setting(False, "PADDLEOCR_USE_GPU", "Run the models on the GPU instead of the CPU")
    use_doc_orientation: bool = setting(
        False,
        "PADDLEOCR_USE_DOC_ORIENTATION",
        "Detect pages that are rotated by 90, 180 or 270 degrees and turn them upright before reading",
    )
    use_doc_unwarping: bool = setting(
        False, "PADDLEOCR_USE_DOC_UNWARPING", "Flatten photos of bent or curved pages before reading"
    )
    use_textline_orientation: bool = setting(
        True,
        "PADDLEOCR_USE_TEXTLINE_ORIENTATION",
        "Detect text lines that are upside down and read them correctly",
    )
    score_threshold: float = setting(
        0.5,
        "PADDLEOCR_SCORE_THRESHOLD",
        "Minimum score of a text line; lines with a lower score are left out",
        minimum=0,
        maximum=1,
    )
    model_source: str = setting(
        "hub",
        "OCR_MODEL_SOURCE",
        "Source of the models: hub downloads the official models into MODEL_DIR, dir uses the models in "
        "MODEL_DIR and never the network, builtin uses the small models of the installation",
        choices=("hub", "dir", "builtin"),
    )
    model_dir: str = setting("/data/models", "MODEL_DIR", "Folder of the models")
    detection_model: str = setting(
        "",
        "OCR_DETECTION_MODEL",
        "Folder below MODEL_DIR with a custom model for detection; empty uses the official model",
    )
    recognition_model: str = setting(
        "",
        "OCR_RECOGNITION_MODEL",
        "Folder below MODEL_DIR with a custom model for recognition; empty uses the official model",
    )
    model_hub: str = setting(
        "huggingface",
        "OCR_MODEL_HUB",
        "Hub to try first; the other hubs are tried after it",
        choices=("huggingface", "aistudio", "modelscope", "bos"),
    )
    model_mirror: str = setting("", "OCR_MODEL_MIRROR", "URL of a mirror to use instead of Hugging Face")
    offline: bool = setting(
        False,
        "OCR_OFFLINE",
        "Never download models; a model that is missing in MODEL_DIR is an error",
    )
    engine: str = setting(
        "auto",
        "OCR_ENGINE",
        "Engine that runs the models; auto chooses it by model format and device",
        choices=("auto", "openvino", "onnxruntime", "paddle"),
    )
    precision: str = setting(
        "auto",
        "OCR_PRECISION",
        "Number format of the engine openvino: auto uses bfloat16 on CPUs that support it, nearly twice as "
        "fast and as accurate; f32 gives the same scores on every CPU",
        choices=("auto", "f32"),
    )
    slots: int = setting(
        0,
        "OCR_SLOTS",
        "Maximum number of images that one worker reads at the same time; 0 means one per CPU core that the "
        "container may use, and one on a GPU",
        minimum=0,
        maximum=256,
    )
    golden_check: bool = setting(
        True,
        "OCR_GOLDEN_CHECK",
        "Become ready only after the golden sample was read correctly; false accepts any result",
    )

    @property
    def needs_paddle(self) -> bool:
        """Whether only PaddleOCR's own engine runs these models; those of a folder may have either format."""
        has_onnx = self.model_source != "hub" or "onnx" in model_catalog.published_formats(self.ocr_version)
        return self.engine == "paddle" or self.use_doc_unwarping or not has_onnx
