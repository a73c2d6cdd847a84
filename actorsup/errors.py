"""Errors of what the user gave."""


class InputError(ValueError):
    """A file, value or setting from outside that is missing or malformed.

    The message names the file and the value and says what to do. The commands print it alone and exit with 2;
    everything else that is raised is a defect of this package.
    """


class VideoError(InputError):
    """A video that cannot be opened, holds no frame, or ends before its header says."""


class MissingSplitError(InputError):
    """A split that a dataset does not have."""


class StoreError(InputError):
    """A store that is missing, or was made by another configuration than the one that asks for it."""
