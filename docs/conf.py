"""How Sphinx makes the documentation: `make docs`."""

from actorsup import __version__

project = "actorsup"
version = release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

nb_execution_mode = "off"  # the tests run the notebook

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# What a class inherits from torch and mmengine is documented there.
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"actorsup {__version__}"
html_copy_source = False
