"""The second half of `landscape.rowan`, a group of its own because it takes as long."""

from landscape.rowan import run_safeguarded as run

__all__ = ["run"]
