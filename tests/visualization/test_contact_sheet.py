import numpy as np
import pytest

from actorsup.visualization import contact_sheet


def test_pictures_of_any_size_stand_in_rows_of_one_height():
    wide = np.full((30, 90, 3), 200, np.uint8)
    small = np.full((10, 10, 3), 100, np.uint8)
    sheet = contact_sheet([wide, small, small], num_columns=2, height=20)
    assert sheet.shape == (40, 80, 3)
    assert (sheet[:20, :60] == 200).all()
    assert (sheet[:20, 60:] == 100).all()
    assert (sheet[20:, :20] == 100).all()
    assert (sheet[20:, 20:] == 0).all()


def test_a_sheet_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="needs a picture"):
        contact_sheet([])
