"""Which instruction sets the kernels use: asked once, kept in one word.

A level is a name: ``"portable"`` is plain C, ``"avx2"`` the vector code beside it.
All levels of a kernel give the same results to the byte, so a level changes the
time that things take and nothing else.

The environment variable ``TRANSCODE_CPU`` is read once, when this is imported: it
names the highest level to use. One that this machine has not is no error, a name
that is no level at all is (ValueError).
"""

def levels() -> tuple[str, ...]:
    """What can be run here, in ascending order; ``"portable"`` is always first."""

def level() -> str:
    """The level in use, in the whole process."""

def use(level: str) -> None:
    """Use this level from the next call of a kernel on, in the whole process.

    Raises:
        ValueError: it is none of ``levels()``.
    """
