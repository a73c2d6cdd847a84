"""What drawn training material is made of: textures, outlines, and a canvas to paint them on."""

from .canvas import Canvas
from .outlines import blob, capsule, polygon, rectangle
from .textures import make_textures, tinted

__all__ = ["Canvas", "blob", "capsule", "make_textures", "polygon", "rectangle", "tinted"]
