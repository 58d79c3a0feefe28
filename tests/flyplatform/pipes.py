"""Passing bytes on between two connections."""

from __future__ import annotations

import asyncio


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one to the other, and the end as well."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def join(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter], two: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Let two connections be one, until both have ended."""
    await asyncio.gather(pump(one[0], two[1]), pump(two[0], one[1]))
    one[1].close()
    two[1].close()
