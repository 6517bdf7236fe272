"""Frames as MP4, by the ffmpeg that the user has."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fgan.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


def require_ffmpeg() -> str:
    """Return where ffmpeg is.

    Raises:
        DataError: where it is not on the PATH.
    """
    found = shutil.which("ffmpeg")
    if found is None:
        raise DataError(
            "an .mp4 needs ffmpeg, which is not on the PATH. Install it, or write a .gif, .webp or .apng instead."
        )
    return found


def encode_mp4(frames: Sequence[Image], fps: float) -> bytes:
    """Return frames as a video that browsers and chats play: H.264 where this ffmpeg has it, 4:2:0, even sides.

    Raises:
        DataError: where ffmpeg is missing or fails.
    """
    width, height = frames[0].size
    command = [
        require_ffmpeg(), "-y", "-nostdin", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{width}x{height}", "-r", str(fps), "-i", "pipe:0",
        # 4:2:0 has no odd sides.
        "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
    ]  # fmt: skip
    # ffmpeg goes back in its file to finish it, so it writes to a folder of its own.
    with tempfile.TemporaryDirectory(prefix="fgan-") as folder, tempfile.TemporaryFile() as said:
        out = Path(folder) / "video.mp4"
        try:
            process = subprocess.Popen([*command, str(out)], stdin=subprocess.PIPE, stderr=said)
        except OSError as error:
            raise DataError(f"ffmpeg could not be started ({error}). Choose a .gif instead.") from error
        try:
            _feed(process, frames)
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        if code or not out.is_file():
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"exit status {code}"
            raise DataError(f"ffmpeg could not write an .mp4: {reason}. Choose a .gif instead.")
        return out.read_bytes()


def _feed(process: subprocess.Popen[bytes], frames: Sequence[Image]) -> None:
    assert process.stdin is not None, "it was asked for"
    try:
        with process.stdin as pipe:
            for frame in frames:
                pipe.write(frame.convert("RGB").tobytes())
    except BrokenPipeError:
        return  # it has ended, and says why
