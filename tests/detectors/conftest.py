"""The tests of this folder that import mmdet themselves do so where mmcv has no operators, too."""

import pytest

from actorsup.detectors.mmcv_compatibility import provide_mmcv_operators


@pytest.fixture(scope="session", autouse=True)
def operators():
    provide_mmcv_operators()
