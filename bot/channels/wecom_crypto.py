"""WeCom's callback envelope: signature, AES and padding, opened and sealed. Never parses a message.

Source: developer.work.weixin.qq.com pages 90930 and 90968 (vectors in ``tests/channels/test_wecom_crypto.py``).
Stricter than the platform's own samples: constant-time signature, full padding check, freshness window.
"""

import binascii
import hmac
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.base import CallbackRefused

LARGEST_BODY = 65_536
"""Bytes of an envelope that are looked at; real ones stay below 8 KB."""

_BLOCK = 32  # PKCS#7 to the key length, not to the AES block: library unpadders refuse about half of all messages
_HEAD = 20  # 16 random bytes and the length
_PADS = tuple(bytes([size]) * size for size in range(_BLOCK + 1))
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_NONCE = re.compile(r"[0-9A-Za-z_-]{1,128}", re.ASCII)


class WecomCrypto:
    """The keys of one callback address. Stateless after construction, safe in any thread.

    ``receive_id`` is the CorpID for an app of one's own and empty for a smart robot. An empty token or key is
    refused here, because the platform's algorithm would then accept anybody's call.
    """

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        try:
            key = b64decode(aes_key + "=")
        except ValueError:
            key = b""
        if not token or len(key) != 32:
            raise ValueError("接收消息的 Token 或 EncodingAESKey 不完整，请从企业微信后台重新复制")
        self._token = token.encode()
        self._receive_id = receive_id.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def check(self, query: Mapping[str, str], ciphertext: bytes) -> int:
        """Prove the caller knows the token; returns the signed timestamp (unix seconds).

        Raises ``CallbackRefused`` 403 on a missing or wrong ``msg_signature``, ``timestamp`` or ``nonce``.
        """
        given = query.get("msg_signature", "")
        timestamp = query.get("timestamp", "")
        nonce = query.get("nonce", "")
        if not given or not nonce or not _TIMESTAMP.fullmatch(timestamp):
            raise CallbackRefused(403, "回调缺少签名、时间或随机数，不是企业微信发来的")
        try:
            known = self.signature(timestamp, nonce, ciphertext)
            same = hmac.compare_digest(known.encode(), given.encode())
        except UnicodeEncodeError:
            same = False
        if not same:
            raise CallbackRefused(403, "回调签名不对：请核对后台与设置里的 Token 是否一致")
        return int(timestamp)

    def signature(self, timestamp: str, nonce: str, ciphertext: bytes) -> str:
        """40 hex digits: SHA-1 of token, timestamp, nonce and ciphertext in byte order, without separator."""
        return sha1(b"".join(sorted((self._token, timestamp.encode(), nonce.encode(), ciphertext)))).hexdigest()

    def open(self, ciphertext: bytes) -> bytes:
        """The message inside base64 ``ciphertext``. Raises ``CallbackRefused`` 400 on anything irregular."""
        try:
            sealed = binascii.a2b_base64(ciphertext, strict_mode=True)
        except ValueError as error:
            raise CallbackRefused(400, "密文不是 base64，可能被代理改动（加号变成了空格）") from error
        if not sealed or len(sealed) % _BLOCK:
            raise CallbackRefused(400, "密文长度不对，可能被截断")
        decryptor = self._cipher.decryptor()
        buffer = decryptor.update(sealed) + decryptor.finalize()
        pad = buffer[-1]
        if not 1 <= pad <= _BLOCK or not buffer.endswith(_PADS[pad]):
            raise CallbackRefused(400, "解密失败：请核对后台与设置里的 EncodingAESKey 是否一致")
        size = len(buffer) - pad
        end = _HEAD + int.from_bytes(buffer[16:_HEAD], "big")
        if size < _HEAD or end > size:
            raise CallbackRefused(400, "解密后的长度不对")
        if buffer[end:size] != self._receive_id:
            raise CallbackRefused(400, "回调不是发给本企业的：请核对 CORP_ID")
        return buffer[_HEAD:end]

    def seal(self, plain: bytes) -> bytes:
        """Base64 ciphertext of ``plain`` under fresh random bytes."""
        body = os.urandom(16) + len(plain).to_bytes(4, "big") + plain + self._receive_id
        body += _PADS[_BLOCK - len(body) % _BLOCK]
        encryptor = self._cipher.encryptor()
        return binascii.b2a_base64(encryptor.update(body) + encryptor.finalize(), newline=False)

    def encrypt(self, plain: bytes, nonce: str, timestamp: str) -> bytes:
        """The XML envelope of a passive reply. Raises ``ValueError`` for a nonce or timestamp that could break it."""
        if not _NONCE.fullmatch(nonce) or not _TIMESTAMP.fullmatch(timestamp):
            raise ValueError("nonce or timestamp would break the envelope")
        sealed = self.seal(plain)
        return (
            b"<xml><Encrypt><![CDATA[%b]]></Encrypt><MsgSignature><![CDATA[%b]]></MsgSignature>"
            b"<TimeStamp>%b</TimeStamp><Nonce><![CDATA[%b]]></Nonce></xml>"
        ) % (sealed, self.signature(timestamp, nonce, sealed).encode(), timestamp.encode(), nonce.encode())


def find_encrypted(body: bytes) -> bytes:
    """The ciphertext inside ``<Encrypt>``, with CDATA or bare, found without an XML parser.

    Whatever is cut out here is what the signature is checked over, so a crafted envelope gains nothing.
    Raises ``CallbackRefused`` 400.
    """
    if len(body) > LARGEST_BODY:
        raise CallbackRefused(400, "回调太大")
    start = body.find(b"<Encrypt>")
    end = body.find(b"</Encrypt>", start)
    if start < 0 or end < 0:
        raise CallbackRefused(400, "回调里没有密文")
    inner = body[start + 9 : end].strip()
    if inner.startswith(b"<![CDATA[") and inner.endswith(b"]]>"):
        inner = inner[9:-3].strip()
    return inner


def cdata(text: str) -> str:
    """``text`` as CDATA that nobody can break out of: a ``]]>`` inside is split over two sections."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
