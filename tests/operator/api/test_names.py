"""Names of managed objects are valid names in Kubernetes."""

import re

from ocr_backend.config import model_catalog
from ocr_operator.api import names

MAX_LABEL = 63  # of RFC 1123: names of Services, values of labels


def test_every_name_derived_from_the_longest_name_fits_a_service() -> None:
    longest = "a" * names.MAX_NAME_LENGTH
    derived_names = [
        names.variant_name(longest, language, model_type)
        for language in model_catalog.LANGUAGES
        for model_type in model_catalog.MODEL_TYPES
    ]
    derived_names.append(names.claim_name(longest))
    assert max(map(len, derived_names)) <= MAX_LABEL


def test_every_derived_name_is_a_valid_service_name() -> None:
    for language in model_catalog.LANGUAGES:
        for model_type in model_catalog.MODEL_TYPES:
            assert re.fullmatch(
                r"[a-z]([-a-z0-9]*[a-z0-9])?", names.variant_name("ocr", language, model_type)
            )


def test_the_url_is_that_of_the_variants_service() -> None:
    key = names.NamespacedName("labs", "ocr")
    assert names.variant_name("ocr", "chinese_cht", "server") == "ocr-chinese-cht-server"
    assert names.variant_url(key, "korean", "mobile") == "http://ocr-korean-mobile.labs.svc:9090"
