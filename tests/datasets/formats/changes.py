"""Good contents with one value changed."""

import copy


def changed(good, path: str, value, separator: str = "."):
    """A copy with one value changed or, for KeyError, gone; the path is like ``videos.0.tubes.0.start``."""
    content = copy.deepcopy(good)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(separator)]
    place = content
    for key in parents:
        place = place[key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return content
