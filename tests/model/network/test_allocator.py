"""A read finds the memory of the read before it, instead of asking the kernel for it page by page."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT_PAGE_FAULTS = """
import resource
from model.reader.grounded import GroundedReader
from ingest.resources import shipped
reader = GroundedReader.load(shipped("models/reader"))
faults = []
for _ in range(8):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    reader.read("How often is the pump cleaned?", ["The pump is cleaned every week. " * 25] * 8)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
def test_reading_again_takes_hardly_a_page_from_the_kernel() -> None:
    found = subprocess.run([sys.executable, "-c", COUNT_PAGE_FAULTS], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 1000  # thousands when freed memory is given back
