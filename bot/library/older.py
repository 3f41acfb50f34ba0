"""Lays out an older version of the roadmaps, a folder's or a git revision's, so that it can be compared."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

GIT_TIMEOUT = 60
"""Seconds git may take for one answer: a clone without its blobs fetches them first."""

ROADMAP_FILES = (".yaml", ".yml", ".lock")


class NotComparable(Exception):
    """There is nothing to compare with; the message says why, in words for an author."""


def older(name: str, folder: Path, into: Path) -> Path:
    """An older version of the roadmaps in `folder`: a folder of that name, else a git revision, copied to `into`.

    A revision is one of the repository that `folder` lies in: `main`, `HEAD~3`, a tag. Raises NotComparable when
    there is no such revision, and when git cannot be asked.
    """
    if Path(name).is_dir():
        return Path(name)
    for file, content in asyncio.run(_at(name, folder)).items():
        (into / file).write_bytes(content)
    return into


async def _at(revision: str, folder: Path) -> dict[str, bytes]:
    """The roadmap files that a folder had at a revision, by name."""
    found = await _git(folder, revision, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    commit = found.decode().strip()
    # Git lists the folder in which it is asked, by names relative to it.
    listed = (await _git(folder, revision, "ls-tree", "-z", "--name-only", commit)).decode().split("\0")
    names = [name for name in listed if name.endswith(ROADMAP_FILES)]
    return {name: await _git(folder, revision, "cat-file", "blob", f"{commit}:./{name}") for name in names}


async def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise NotComparable(f"there is no folder {revision}, and no git here that could know a revision of that name")
    try:
        process = await asyncio.create_subprocess_exec(
            git, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(GIT_TIMEOUT):
            out, err = await process.communicate()
    except (OSError, TimeoutError) as error:
        raise NotComparable(
            f"there is no folder {revision}, and git cannot be asked: {error or 'no answer'}"
        ) from error
    if process.returncode:
        said = err.decode(errors="replace").strip().partition("\n")[0]
        raise NotComparable(f"{revision} is neither a folder nor a git revision here; git says: {said}")
    return out
