#!/bin/sh
# Expected: frame.reformat(dst_colorspace=ITU709) of PyAV makes a frame that says ITU709, and the encoder that is given it writes so.
# Seen: the frame says it, the file does not: its matrix is unknown, and PyAV itself reads it back by BT.601, with green 20 levels too low.
#   Only colorspace of the codec context, set before the first frame, reaches the file; then the colour comes back.
# Version: PyAV 18.1.0. Date: 2026-12-01. Source: the behaviour of the package, run as below.
. "$(dirname "$0")/start"
install av==18.1.0 numpy==2.4.6
cat > "$here/try.py" <<'EOF'
import io
import sys

import av
import numpy as np

av.logging.set_level(av.logging.ERROR)
picture = av.VideoFrame.from_ndarray(np.full((720, 1280, 3), (200, 40, 60), np.uint8), "rgb24")
seen = []
for matrix in (None, 1):
    frame = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
    frame.pts = 0
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as clip:
        stream = clip.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        if matrix is not None:
            stream.codec_context.colorspace = matrix
        clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    with av.open(io.BytesIO(file.getvalue())) as clip:
        back = next(clip.decode(video=0))
    colour = back.to_ndarray(format="rgb24")[300, 300].tolist()
    seen.append((int(frame.colorspace), int(back.colorspace), abs(colour[1] - 40) < 5))
    print(f"PyAV {av.__version__}: frame {seen[-1][0]}, context {matrix}, read back {seen[-1][1]}, (200, 40, 60) became {colour}")
sys.exit(seen != [(1, 2, False), (1, 1, True)])
EOF
"$here/venv/bin/python" "$here/try.py"
