"""The WebSocket as the link wants it: no compression, no pings of the library, and any received byte is a sign of life."""

import asyncio
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from agent.address import is_loopback
from agent.link.times import Times
from wire.frames import MAX_FRAME_BYTES, PROTOCOL


class Line(ClientConnection):
    """One connection; `heard_at` is when its last byte came, by the loop's clock."""

    heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """A part of a large frame counts as life too: on a slow line a whole one may take longer than the silence allowed."""
        self.heard_at = self.loop.time()
        super().data_received(data)

    def abort(self) -> None:
        """Leave without a word, where nobody listens."""
        self.transport.abort()

    async def leave(self, code: int, patience: float) -> None:
        """Say why and go, if need be without being heard; nothing happens on a line that is closed."""
        try:
            async with asyncio.timeout(patience):  # the library's own limit begins only after a full buffer was written
                await self.close(code)
        except TimeoutError:
            self.abort()


async def dial(address: str, software: str, times: Times) -> Line:
    """Connect; raises OSError or WebSocketException. A line without our sub-protocol leads to something that is no hub."""
    line = await connect(
        address,
        subprotocols=[Subprotocol(PROTOCOL)],
        compression=None,
        ping_interval=None,
        max_size=MAX_FRAME_BYTES,
        open_timeout=times.opening,
        close_timeout=times.closing,
        user_agent_header=f"ident-agent/{software}",
        proxy=None if is_loopback(urlsplit(address).hostname or "") else True,
        create_connection=Line,
    )
    assert isinstance(line, Line)  # noqa: S101 tells mypy what create_connection made
    return line
