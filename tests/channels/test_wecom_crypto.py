"""The envelope: published vectors, wechatpy's codec as an independent second opinion, and whatever is refused."""

import base64
import re

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.work.crypto import WeChatCrypto

from bot.channels.base import CallbackRefused
from bot.channels.wecom_crypto import LARGEST_BODY, WecomCrypto, cdata, find_encrypted

TOKEN, AES_KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = b"P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
POSTED = (
    b"RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    b"TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    b"ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    b"x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    b"HBZZIs2pDBS8R07+qN+E7Q=="
)
ROBOT_JSON = (
    b"sKqRbbiSUnDhFHOvPjtUMUtg2yVTLhCRzBJvc1hoP2Lg66RkM5ePZf63Ku83+2eXStOaZdPHajrXLdqe/m/Ky7BUqZR0q+/6Q3rqAN+dK7hPhBYL"
    b"mRE63krAcEqBQUpWEbi/d3dJxtxrwPNwEuqyonLediCAQPeu6jG2zD6HTCKOIUwDCXU7t5/NXvN89RZfcXqSiXM3+D0b5Ng6v7nYdjZ5jjBS7fEr"
    b"TnvFNFk26crvsiYoYfb6AvTC9XreAhkj"
)


@pytest.fixture(scope="module")
def crypto() -> WecomCrypto:
    return WecomCrypto(TOKEN, AES_KEY, CORP)


@pytest.fixture(scope="module")
def theirs() -> WeChatCrypto:
    return WeChatCrypto(TOKEN, AES_KEY, CORP)


def signed(signature: str, timestamp: str, nonce: str) -> dict[str, str]:
    return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}


def test_the_published_address_check_opens(crypto: WecomCrypto) -> None:
    query = signed("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780")

    assert crypto.check(query, ECHO) == 1409659589
    assert crypto.open(ECHO) == b"1616140317555161061"


def test_the_published_message_opens(crypto: WecomCrypto) -> None:
    query = signed("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149")

    assert crypto.check(query, POSTED) == 1409659813
    plain = crypto.open(POSTED)
    assert b"<FromUserName><![CDATA[mycreate]]>" in plain
    assert b"<Content><![CDATA[hello]]>" in plain
    assert b"<MsgId>4561255354251345929</MsgId>" in plain


def test_a_robots_json_with_an_empty_receiver_opens() -> None:
    crypto = WecomCrypto(TOKEN, AES_KEY, "")
    query = signed("efa782d722c4256388bfb7049dbcf0ac470fee53", "1700000000", "nonce123")

    assert crypto.check(query, ROBOT_JSON) == 1700000000
    assert crypto.open(ROBOT_JSON).decode().endswith('"msgtype":"text","text":{"content":"@Bot 3栋2单元电梯坏了"}}')


@given(plain=st.text(max_size=300))
def test_what_wechatpy_seals_we_open(plain: str) -> None:
    crypto, theirs = WecomCrypto(TOKEN, AES_KEY, CORP), WeChatCrypto(TOKEN, AES_KEY, CORP)
    body = theirs.encrypt_message(plain, "nonce1", "1760000000").encode()
    signature = re.search(rb"<MsgSignature><!\[CDATA\[(\w+)", body)
    assert signature is not None

    ciphertext = find_encrypted(body)
    crypto.check(signed(signature[1].decode(), "1760000000", "nonce1"), ciphertext)
    assert crypto.open(ciphertext) == plain.encode()


@given(plain=st.text(max_size=300))
def test_what_we_seal_wechatpy_opens(plain: str) -> None:
    crypto, theirs = WecomCrypto(TOKEN, AES_KEY, CORP), WeChatCrypto(TOKEN, AES_KEY, CORP)
    body = crypto.encrypt(plain.encode(), "nonce1", "1760000000")
    signature = crypto.signature("1760000000", "nonce1", find_encrypted(body))

    assert theirs.decrypt_message(body, signature, "1760000000", "nonce1") == plain


def test_every_length_of_padding_goes_both_ways(crypto: WecomCrypto, theirs: WeChatCrypto) -> None:
    for length in range(97):
        plain = "x" * length
        sealed = crypto.seal(plain.encode()).decode()
        signature = crypto.signature("1", "n", sealed.encode())
        assert theirs.decrypt_message({"Encrypt": sealed}, signature, "1", "n") == plain
        body = theirs.encrypt_message(plain, "n", "1").encode()
        assert crypto.open(find_encrypted(body)) == plain.encode()


def test_the_same_words_are_never_sealed_alike(crypto: WecomCrypto) -> None:
    assert crypto.seal(b"same") != crypto.seal(b"same")


@pytest.mark.parametrize("missing", ["msg_signature", "timestamp", "nonce"])
def test_an_unsigned_call_is_refused(crypto: WecomCrypto, missing: str) -> None:
    query = signed("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149")
    del query[missing]
    with pytest.raises(CallbackRefused) as refused:
        crypto.check(query, POSTED)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "change",
    [
        {"msg_signature": "477715d11cdb4164915debcba66cb864d751f3e7"},
        {"msg_signature": "签名"},
        {"msg_signature": "\ud800"},
        {"timestamp": "1409659814"},
        {"timestamp": "-1"},
        {"timestamp": "１４０９６５９８１３"},
        {"timestamp": "9" * 40},
        {"nonce": "1372623148"},
        {"nonce": "\ud800"},
    ],
)
def test_a_forged_call_is_refused(crypto: WecomCrypto, change: dict[str, str]) -> None:
    query = signed("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149") | change
    with pytest.raises(CallbackRefused) as refused:
        crypto.check(query, POSTED)
    assert refused.value.status == 403


def raw(buffer: bytes) -> bytes:
    """``buffer`` sealed as it is: no padding is added."""
    key = base64.b64decode(AES_KEY + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(buffer) + encryptor.finalize())


HEAD = b"r" * 16 + (1).to_bytes(4, "big") + b"x" + CORP.encode()  # 39 bytes


@pytest.mark.parametrize(
    "ciphertext",
    [
        b"",
        b"!!!!",
        b"AAAA",
        POSTED[:-4],
        POSTED[:40] + b"\n" + POSTED[40:],
        POSTED + b"====",
        raw(HEAD + bytes([0]) * 25),
        raw(HEAD + bytes([33]) * 25),
        raw(HEAD + b"\x01" * 24 + bytes([25])),
        raw(HEAD[:16] + (2**32 - 1).to_bytes(4, "big") + HEAD[20:] + bytes([25]) * 25),
        raw(b"short" + bytes([27]) * 27),
        raw(bytes([32]) * 32),
        raw(HEAD[:21] + b"wx0000000000000000" + bytes([25]) * 25),
        raw(HEAD[:21] + CORP.upper().encode() + bytes([25]) * 25),
    ],
    ids=lambda ciphertext: str(ciphertext[:30]),
)
def test_a_broken_ciphertext_is_refused(crypto: WecomCrypto, ciphertext: bytes) -> None:
    with pytest.raises(CallbackRefused) as refused:
        crypto.open(ciphertext)
    assert refused.value.status == 400


def test_the_builder_of_broken_ciphertexts_can_also_make_a_good_one(crypto: WecomCrypto) -> None:
    assert crypto.open(raw(HEAD + bytes([25]) * 25)) == b"x"


@given(ciphertext=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(base64.b64encode)))
def test_no_ciphertext_raises_anything_else(ciphertext: bytes) -> None:
    with pytest.raises(CallbackRefused):
        WecomCrypto(TOKEN, AES_KEY, CORP).open(ciphertext)


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><Encrypt><![CDATA[QUJD]]></Encrypt></xml>",
        b"<xml><Encrypt>QUJD</Encrypt></xml>",
        b"<Encrypt>\n QUJD \n</Encrypt>",
    ],
    ids=str,
)
def test_the_ciphertext_is_found(body: bytes) -> None:
    assert find_encrypted(body) == b"QUJD"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<Encrypt>", b"</Encrypt><Encrypt>", b"<Encrypt>" + b"A" * LARGEST_BODY + b"</Encrypt>"],
    ids=lambda body: str(body[:30]),
)
def test_a_body_without_ciphertext_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackRefused) as refused:
        find_encrypted(body)
    assert refused.value.status == 400


@pytest.mark.parametrize(("token", "key"), [("", AES_KEY), (TOKEN, ""), (TOKEN, "short")])
def test_without_whole_keys_there_is_no_codec(token: str, key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        WecomCrypto(token, key, CORP)


@pytest.mark.parametrize(("nonce", "timestamp"), [("]]><x>", "1"), ("n", "1</TimeStamp>"), ("", "1"), ("n", "")])
def test_a_reply_cannot_be_broken_by_its_nonce(crypto: WecomCrypto, nonce: str, timestamp: str) -> None:
    with pytest.raises(ValueError, match="envelope"):
        crypto.encrypt(b"hello", nonce, timestamp)


@given(text=st.text(alphabet="]>a<", max_size=12))
def test_nobody_breaks_out_of_cdata(text: str) -> None:
    safe = cdata(text)
    assert "".join(part.partition("]]>")[0] for part in safe.split("<![CDATA[")) == text
