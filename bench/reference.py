"""The servers that are compared with: the bare callback of the usual libraries, and an answer without any work.

``python -m bench.reference starlette|constant PORT``. Stores nothing, knows nothing of the product.
"""

import argparse
import asyncio
from typing import cast

import uvicorn
import uvloop
import xmltodict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from wechatpy.work.crypto import WeChatCrypto

from bench.callbacks import AES_KEY, CORP, TOKEN

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\n\r\n"


def starlette_app() -> Starlette:
    """Decrypt with wechatpy, read the XML with xmltodict, answer the same as the product: 200 and nothing."""
    crypto = WeChatCrypto(TOKEN, AES_KEY, CORP)

    async def hook(request: Request) -> Response:
        query = request.query_params
        plain = crypto.decrypt_message(await request.body(), query["msg_signature"], query["timestamp"], query["nonce"])
        message = xmltodict.parse(plain)["xml"]
        return Response(b"" if message["Content"] else b"?", media_type="text/plain")

    async def ready(_: Request) -> Response:
        return Response(b"ok")

    return Starlette(routes=[Route("/hook/wecom", hook, methods=["POST"]), Route("/readyz", ready)])


class Constant(asyncio.Protocol):
    """One answer to whatever arrives: shows how fast the client itself is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.Transport, transport).write  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._write(_ANSWER)


async def serve_constant(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Constant, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["starlette", "constant"])
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    if given.kind == "constant":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_constant(given.port))
        return
    uvicorn.run(
        starlette_app(), host="127.0.0.1", port=given.port, loop="uvloop", http="httptools", access_log=False,
        log_config=None, server_header=False, date_header=False, lifespan="off",
    )  # fmt: skip


if __name__ == "__main__":
    main()
