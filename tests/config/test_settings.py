"""Settings: right ones are read, wrong ones stop the start with one clear Chinese line each."""

from pathlib import Path

import pytest

from config.settings import WrongSettings, read_settings

KEYS = {"GRIDBOT_WECOM__CORP_ID": "ww1", "GRIDBOT_WECOM__TOKEN": "abc", "GRIDBOT_WECOM__AES_KEY": "a" * 43}


def _problems(**env: str) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        read_settings(env)
    return wrong.value.problems


def test_nothing_set_means_the_demo_on_sqlite() -> None:
    settings = read_settings({})
    assert settings.database == "sqlite:///var/gridbot.db"
    assert settings.shows_demo
    assert settings.host == "127.0.0.1"


def test_a_real_channel_ends_the_demo_unless_it_is_asked_for() -> None:
    assert not read_settings(KEYS).shows_demo
    assert read_settings({**KEYS, "GRIDBOT_DEMO": "true"}).shows_demo


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t-value\n")
    settings = read_settings({**KEYS, "GRIDBOT_WECOM__SECRET_FILE": str(secret), "GRIDBOT_WECOM__AGENT_ID": "7"})
    assert settings.wecom.secret.get_secret_value() == "s3cr3t-value"
    assert settings.wecom.sends
    assert "s3cr3t-value" not in repr(settings)


def test_postgres_addresses_are_spelled_for_the_driver() -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        assert read_settings({"GRIDBOT_DATABASE_URL": url}).database == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GRIDBOT_PORT", "99999", "GRIDBOT_PORT：数值太大（65535）"),
        ("GRIDBOT_PORT", "八千", "GRIDBOT_PORT：要填整数"),
        ("GRIDBOT_LOG_LEVEL", "loud", "GRIDBOT_LOG_LEVEL：不在可选值之内"),
        ("GRIDBOT_DATABASE_URL", "mysql://x", "GRIDBOT_DATABASE_URL：只支持 sqlite"),
        ("GRIDBOT_REDIS_URL", "http://x", "GRIDBOT_REDIS_URL：要写成 redis://"),
        ("GRIDBOT_COMMUNITY", "12", "GRIDBOT_COMMUNITY：格式不对"),
        ("GRIDBOT_PROT", "1", "GRIDBOT_PROT：没有这一项设置"),
        ("GRIDBOT_WECOM__COLOUR", "1", "GRIDBOT_WECOM__COLOUR：没有这一项设置"),
        ("GRIDBOT_WECOM__AES_KEY", "short", "GRIDBOT_WECOM__AES_KEY：EncodingAESKey 必须正好 43 个"),
        ("GRIDBOT_WECOM__TOKEN", "有空格 的", "GRIDBOT_WECOM__TOKEN：Token 只能是"),
        ("GRIDBOT_WECOM__API_BASE", "qyapi", "GRIDBOT_WECOM__API_BASE：要写成 https://"),
        ("GRIDBOT_WECOM__CORP_ID", "ww1", "GRIDBOT_WECOM：只填了 CORP_ID"),
        ("GRIDBOT_WECOM__TOKEN", "abc", "GRIDBOT_WECOM：接收消息要三项齐全，还缺 CORP_ID、AES_KEY"),
        ("GRIDBOT_WECOM__AGENT_ID", "7", "GRIDBOT_WECOM：发送消息要三项齐全，还缺 CORP_ID、SECRET"),
        ("GRIDBOT_WECOM__SECRET_FILE", "/no/such/file", "GRIDBOT_WECOM__SECRET_FILE：读不到文件"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(name: str, value: str, says: str) -> None:
    (line,) = _problems(**{name: value})
    assert line.startswith(says)


def test_every_problem_is_told_at_once() -> None:
    assert len(_problems(GRIDBOT_PORT="x", GRIDBOT_LOG_LEVEL="x", GRIDBOT_FOO="x")) == 3
