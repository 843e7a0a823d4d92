"""No secret survives masking, whatever stands around it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intents.mask import is_card, is_identity, mask

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
WORDS = st.text(alphabet="我家住在的电话是，。请帮忙 快递abc", max_size=8)


@st.composite
def identities(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(["140105", "140106", "110101", "510104"]))
    born = draw(st.dates().filter(lambda day: 1900 <= day.year <= 2024))
    body = f"{area}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]


@st.composite
def cards(draw: st.DrawFn) -> str:
    body = "62" + draw(st.text(alphabet="0123456789", min_size=13, max_size=16))
    return next(body + digit for digit in "0123456789" if is_card(body + digit))


phones = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫王芳13812345678", "我叫王芳138****5678"),
        ("卡号6222021234567890128", "卡号***************0128"),
        ("晋A12B35挪车", "晋A·***35挪车"),
        ("取件码6-2-3041", "取件码****"),
        ("验证码 839201 别告诉别人", "验证码 **** 别告诉别人"),
        ("3号楼2单元601", "3号楼2单元***"),
        ("3-2-601漏水", "3-2-***漏水"),
        ("快递在5-2-3316", "快递在****"),
        ("601室漏水", "***室漏水"),
        ("密码是abc123", "密码是******"),
        ("3号楼2单元楼道灯坏了", "3号楼2单元楼道灯坏了"),
        ("路灯坏了3天，12345没人接", "路灯坏了3天，12345没人接"),
    ],
)
def test_what_is_hidden_and_what_stays(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(WORDS, identities(), WORDS)
def test_no_identity_survives(before: str, secret: str, after: str) -> None:
    assert is_identity(secret)
    shown = mask(before + secret + after)
    assert secret[4:-2] not in shown
    assert secret[:4] + "*" * 12 + secret[-2:] in shown


@given(WORDS, phones, WORDS)
def test_no_phone_survives(before: str, secret: str, after: str) -> None:
    assert secret not in mask(before + secret + after)
    assert secret[3:7] not in mask(f"{before}{secret[:3]} {secret[3:7]} {secret[7:]}{after}").replace(secret[-4:], "")


@given(WORDS, cards(), WORDS)
def test_no_card_survives(before: str, secret: str, after: str) -> None:
    assert secret[:-4] not in mask(before + secret + after)


@given(st.text(alphabet="0123456789", max_size=40), phones, st.text(alphabet="0123456789", max_size=40))
def test_not_even_among_other_digits(before: str, secret: str, after: str) -> None:
    assert secret not in mask(before + secret + after)


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text", ["1" * 20000, "1-" * 10000, "取件码" * 7000, "晋A" * 10000, "密码" * 10000, "3号楼" * 7000]
)
def test_it_stays_linear(text: str) -> None:
    began = time.perf_counter()
    mask(text)
    assert time.perf_counter() - began < 1.0
