"""mmengine's runner, whose console says what happens and leaves the rest to the log file."""

import io
import logging
import re
import warnings
from contextlib import redirect_stdout

from mmengine.logging import MMLogger
from mmengine.runner import Runner

# What mmengine says of itself, and the line of all numbers of a test, which tables show; beside what takes more than
# one line: environment, config, order of hooks, how weights begin.
FOR_THE_FILE = re.compile(
    r"Distributed training is not used, all SyncBatchNorm|Exp name: |paramwise_options -- |Load checkpoint from "
    r"|\S+ is skipped since its requires_grad=False"  # of each parameter of a frozen part
    r'|"FileClient" will be deprecated|"HardDiskBackend" is the alias|Epoch\(test\) \[\d+/\d+\] +(?! |eta)'
)

# A config's number of workers holds on every machine, for what they draw depends on it; torch advises one a core.
warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)


def is_for_the_console(record: logging.LogRecord) -> bool:
    """Whether a record is one that somebody at the console can use; all are in the log file."""
    message = record.getMessage()
    return not FOR_THE_FILE.match(message) and ("\n" not in message or record.levelno > logging.INFO)


class ConsoleRunner(Runner):
    """mmengine's ``Runner`` with a quiet console."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """The logger, whose handlers that write to no file leave out what is for the file alone."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_for_the_console)
        return logger

    def load_checkpoint(self, *args, **kwargs) -> dict:
        """Load one without printing how."""
        with redirect_stdout(io.StringIO()):
            return super().load_checkpoint(*args, **kwargs)
