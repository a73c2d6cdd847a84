"""Exit codes, messages instead of tracebacks, and Ctrl-C."""

import difflib
import inspect
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from actorsup.errors import InputError

INTERRUPTED = "interrupted; what was finished is kept\n"
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
IMPORT_SYSTEM = "<frozen importlib._bootstrap>"


def run(work: Callable[[], int | None], is_program: bool = False) -> int:
    """Call a function and return the exit code: 0 or what it returns, 2 with one message for bad input, 130 for Ctrl-C.

    Bad input is an ``InputError``, an unknown part or option of a config, a ``ValueError`` of a part's constructor, a
    file that cannot be written or read, and what does not fit into memory. Every other exception is a defect and
    passes. With ``is_program`` the process ends at once if Ctrl-C is pressed while a module is imported.
    """
    with _every_name_is_printed():
        return _run(work, is_program)


def _run(work: Callable[[], int | None], is_program: bool) -> int:
    try:
        with _ctrl_c_ends_imports(is_program):
            status = work() or 0
            if launch := sys.modules.get("actorsup.engine.launch"):  # a command without torch has none
                launch.leave_distributed()
            sys.stdout.flush()
            return status
    except InputError as error:
        return _fail(_message(error))
    except (TypeError, KeyError) as error:
        if (message := _what_the_config_has_not(error)) is None:
            raise
        return _fail(f"config: {message}")
    except UnicodeEncodeError as error:
        around = error.object[max(0, error.start - 40) : error.end + 40]
        return _fail(
            f"{around!a} cannot be written in {error.encoding}; rename the file or folder that is called so, or set "
            "PYTHONUTF8=1"
        )
    except ValueError as error:
        if (part := _part_being_built(error)) is None:
            raise
        return _fail(f"config: {part}: {error}")
    except (RuntimeError, MemoryError) as error:
        if (message := _what_does_not_fit(error)) is None:
            raise
        return _fail(message)
    except BrokenPipeError:  # of `head`, for instance
        if is_program:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        return 141  # as a shell shows the signal that other programs end by
    except OSError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        sys.stderr.write(INTERRUPTED)
        return EXIT_INTERRUPTED


@contextmanager
def _every_name_is_printed() -> Iterator[None]:
    """Print escapes of what the console has no characters for, and of names of files that are no text."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            if not stream.closed:
                stream.reconfigure(errors=errors)


@contextmanager
def _ctrl_c_ends_imports(is_program: bool) -> Iterator[None]:
    """End the process at once when Ctrl-C comes while a module is imported; elsewhere raise, as always.

    A ``KeyboardInterrupt`` does not get through every import: extension modules turn it into an ``ImportError``, and
    callbacks of the import system print it and go on. A process that ignores the signal, under nohup, goes on doing so.
    """
    if not is_program or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if any(caller.f_code.co_filename == IMPORT_SYSTEM for caller, _ in traceback.walk_stack(frame)):
        os.write(2, INTERRUPTED.encode())
        os._exit(EXIT_INTERRUPTED)
    signal.default_int_handler(number, frame)


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return EXIT_BAD_INPUT


def _message(error: InputError) -> str:
    """The error's message, without the traceback that torch adds in a dataloader's worker."""
    message = str(error)
    marker = f"{type(error).__module__}.{type(error).__qualname__}: "
    return message.rsplit(marker, 1)[1].strip() if "Original Traceback" in message else message


def _what_does_not_fit(error: Exception) -> str | None:
    """What to do about memory that is too small; None for another error. Nothing is imported to tell."""
    if type(error).__name__ == "OutOfMemoryError":  # torch's
        where, more = "the GPU's memory", ", or give --amp in training"
    elif isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error):
        where, more = "memory", ""
    else:
        return None
    said = (str(error) or type(error).__name__).splitlines()[0]
    return (
        f"{where} is too small ({said}). Take less at once: "
        "a smaller batch_size of the dataloader, num_frames of SampleFrames, max_tubes of AttachTubes or size of "
        f"ResizeFrames{more}"
    )


def _what_the_config_has_not(error: Exception) -> str | None:
    """What is said of a part, or a setting of one, that there is not; None for another error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    places = [Path(frame.f_code.co_filename).parts[-3:] for frame in frames]
    for frame, place in zip(reversed(frames), reversed(places), strict=True):
        here = frame.f_locals
        if place == ("optim", "optimizer", "default_constructor.py") and here.get("optimizer_cls", 1) is None:
            return _no_part(here["optimizer_cfg"]["type"], sys.modules["mmengine.registry"].OPTIMIZERS)
        if place == ("mmengine", "registry", "build_functions.py") and "obj_cls" in here:
            if here["obj_cls"] is None:
                return _no_part(here["obj_type"], here["registry"])
            unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error))
            known = _settings(here["obj_cls"])
            if unexpected and unexpected[1] in here["args"].keys() - known:
                return f"{here['obj_cls'].__name__} has no setting {unexpected[1]!r}{_similar(unexpected[1], known)}"
            break
    return str(error.args[0]) if places[-1][:2] == ("mmengine", "registry") else None


def _no_part(name: str, registry) -> str:
    known = {*registry.module_dict, *(registry.parent.module_dict if registry.parent else ())}
    return (
        f"there is no {registry.name} {name!r}{_similar(name, known)}. A part of your own is registered where it is "
        "imported: custom_imports=dict(imports=['its_module'])"
    )


def _settings(part: type | Callable) -> set[str]:
    """Those of a function, or of a class and of what it inherits from."""
    functions = [vars(base).get("__init__") for base in part.__mro__] if inspect.isclass(part) else [part]
    return {name for each in functions if inspect.isfunction(each) for name in inspect.signature(each).parameters}


def _similar(name: str, known: set[str]) -> str:
    found = difflib.get_close_matches(name, sorted(known))
    return f"; similar: {', '.join(found)}" if found else ""


def _part_being_built(error: Exception) -> str | None:
    """The innermost part of a config in whose constructor an error was raised; None if in no constructor.

    A part is what a registry of mmengine's kind builds, or its Runner, from settings without a type.
    """
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        place, function = Path(frame.f_code.co_filename).parts[-3:], frame.f_code.co_name
        if place == ("mmengine", "registry", "build_functions.py"):
            kind = frame.f_locals["cfg"].get("type", "a part")
            return kind if isinstance(kind, str) else kind.__name__
        if place == ("mmengine", "runner", "runner.py") and (function == "__init__" or function.startswith("build_")):
            return "Runner" if function == "__init__" else function.removeprefix("build_")
    return None
