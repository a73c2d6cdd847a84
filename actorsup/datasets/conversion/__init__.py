"""Other formats, and folders of videos, as ``VideoCollection``: what an annotation file is written of.

Reading a file is the business of ``annotation``; here is what a data set is made of: which videos there are, which of
them are for testing, what their classes are called.
"""

from .a2d import convert_a2d
from .conversion import Conversion
from .folder import convert_folder
from .table import convert_table
from .thumos13 import convert_thumos13
from .ucf_sports import convert_ucf_sports

__all__ = [
    "Conversion",
    "convert_a2d",
    "convert_folder",
    "convert_table",
    "convert_thumos13",
    "convert_ucf_sports",
]
