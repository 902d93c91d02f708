"""What the scripts of this folder share."""

import pathlib
import re
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def image_settings():
    """The settings of the allocator that the image has, as environment variables."""
    settings = re.findall(r"^ENV (GLIBC_TUNABLES)=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return dict(settings) or sys.exit("the Dockerfile sets no GLIBC_TUNABLES")
