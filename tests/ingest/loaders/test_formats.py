"""Every function that a format names is there: they are imported only when a file of that kind comes."""

import pytest

from ingest.loaders.formats import FORMATS, Format


@pytest.mark.parametrize("known", FORMATS, ids=lambda f: f.mime)
def test_what_a_format_names_can_be_imported(known: Format) -> None:
    for name in (known.loader, known.members, known.parts):
        assert name is None or callable(known._function(name))


def test_no_extension_is_claimed_twice() -> None:
    extensions = [extension for f in FORMATS for extension in f.extensions]
    assert len(extensions) == len(set(extensions))
