from pathlib import Path

import pytest

from ingest.loaders import LoadError, is_supported, parts_of


@pytest.mark.parametrize("data", [b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 locked", b"\x00\x01\x02"])
def test_a_binary_workbook_is_refused_by_its_name_with_advice(data: bytes) -> None:
    (part,) = parts_of("Sales.XLSB", data)
    with pytest.raises(LoadError, match=r"save it as \.xlsx"):
        part.load()
    assert is_supported(Path("not/there.xlsb"))
