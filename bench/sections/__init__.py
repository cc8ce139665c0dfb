"""The sections of the report, in its order.

A section is a module here with three names:

    TITLE            its heading
    run()            measures, and returns what JSON can hold
    lines(stored)    the Markdown of what run returned, as a list of lines without the heading

What run returned is kept in bench/results/NAME.json, so that a section can be measured
again without the others; the report is put together from what is stored.
"""

SECTIONS = (
    "image",
    "progressive",
    "graphics",
    "animation",
    "many",
    "heif",
    "slideshow",
    "memory",
    "decode",
    "resample",
    "start",
    "profile",
    "wire",
    "clip",
    "clipcost",
    "audio",
)
