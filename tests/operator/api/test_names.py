"""Names of managed objects are valid names in Kubernetes."""

from ocr_operator.api import names

MAX_LABEL = 63  # of RFC 1123: names of Services, values of labels


def test_every_name_derived_from_the_longest_names_fits_a_service() -> None:
    longest, variant = "a" * names.MAX_NAME_LENGTH, "b" * names.MAX_VARIANT_NAME_LENGTH
    assert len(names.child_name(longest, variant)) <= MAX_LABEL
    assert len(names.claim_name(longest)) <= MAX_LABEL


def test_the_url_is_that_of_the_variants_service() -> None:
    key = names.NamespacedName("labs", "ocr")
    assert names.child_name("ocr", "korean-mobile") == "ocr-korean-mobile"
    assert names.variant_url(key, "korean-mobile") == "http://ocr-korean-mobile.labs.svc:9090"
