"""Settings: read once at start, typed, and refused with one Chinese line per problem when wrong.

Every knob is an environment variable with the prefix ``GRIDBOT_``; nested ones use ``__``
(``GRIDBOT_WECOM__CORP_ID``). A secret may come from a file instead: ``<NAME>_FILE`` holds its path.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.scheme import WrongScheme, read_scheme

PREFIX = "GRIDBOT_"
ROLES = ("web", "worker", "clock")


class WrongSettings(Exception):
    """The settings cannot be used; ``problems`` says why, one Chinese line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class WecomSettings(BaseModel, extra="forbid"):
    """One self-built WeCom app: callback keys, sending secret, and where its API lives."""

    corp_id: str = ""
    agent_id: int = 0
    secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    aes_key: SecretStr = SecretStr("")
    api_base: str = "https://qyapi.weixin.qq.com/cgi-bin/"
    timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    freshness_seconds: int = Field(default=300, ge=0, le=86_400)

    @field_validator("api_base")
    @classmethod
    def _base_is_a_folder(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("要写成 https://主机/cgi-bin/ 这样的完整地址")
        return value.rstrip("/") + "/"

    @field_validator("aes_key")
    @classmethod
    def _aes_key_has_43_characters(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key and not re.fullmatch(r"[A-Za-z0-9+/]{43}", key):
            raise ValueError("EncodingAESKey 必须正好 43 个字母或数字，请从企业微信后台重新复制")
        return value

    @field_validator("token")
    @classmethod
    def _token_is_short(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9]{0,32}", value.get_secret_value()):
            raise ValueError("Token 只能是不超过 32 个的字母或数字")
        return value

    @model_validator(mode="after")
    def _keys_come_together(self) -> Self:
        hear = {"TOKEN": self.token.get_secret_value(), "AES_KEY": self.aes_key.get_secret_value()}
        send = {"SECRET": self.secret.get_secret_value(), "AGENT_ID": self.agent_id}
        for what, keys in (("接收消息", hear), ("发送消息", send)):
            missing = [name for name, value in {"CORP_ID": self.corp_id, **keys}.items() if not value]
            if missing and any(keys.values()):
                raise ValueError(f"{what}要三项齐全，还缺 {'、'.join(missing)}")
        if self.corp_id and not any([*hear.values(), *send.values()]):
            raise ValueError("只填了 CORP_ID：接收消息还要 TOKEN、AES_KEY，发送消息还要 SECRET、AGENT_ID")
        return self

    @property
    def hears(self) -> bool:
        return bool(self.corp_id and self.token.get_secret_value() and self.aes_key.get_secret_value())

    @property
    def sends(self) -> bool:
        return bool(self.corp_id and self.secret.get_secret_value() and self.agent_id)


class Settings(BaseSettings):
    """Everything an operator may turn. Without any variable set: SQLite, memory cache, demo community."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Path("var")
    database_url: str = Field(default="", repr=False)
    redis_url: str = Field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65_535)
    demo: bool | None = None
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    community: str = Field(default="", pattern=r"^([0-9]{12})?$")
    body_limit_bytes: int = Field(default=65_536, ge=1_024, le=1_048_576)
    question_minutes: int = Field(default=30, ge=1, le=1_440)
    retention_hours: int = Field(default=72, ge=1, le=8_760)
    card_url: str = ""
    assessment: str = "taiyuan_2022"
    beat_url: str = Field(default="", repr=False)
    wecom: WecomSettings = WecomSettings()

    @property
    def shows_demo(self) -> bool:
        """The simulator and its invented community: on by itself as long as no real channel is set up."""
        return not (self.wecom.hears or self.wecom.sends) if self.demo is None else self.demo

    @property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite in ``data_dir`` when none is set."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'gridbot.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://", "postgresql+psycopg://")):
            raise ValueError("只支持 sqlite:///文件 或 postgresql://用户:密码@主机/库名")
        return value

    @field_validator("card_url")
    @classmethod
    def _card_url_takes_a_code(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("要写成 https://主机/card/ 这样的完整地址，后面会接上网格代码")
        return value if value.endswith(("/", "=")) or not value else value + "/"

    @field_validator("beat_url")
    @classmethod
    def _beat_is_private(cls, value: str) -> str:
        if value and not is_safe_beat_url(value):
            raise ValueError("要写成 https:// 开头的完整地址；http:// 只能用于本机（127.0.0.1、localhost）")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_is_known(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("要写成 redis://主机:6379/0")
        return value


def is_safe_beat_url(url: str) -> bool:
    """Its path is as good as a password, so it travels encrypted or not beyond this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raises ``WrongSettings`` with one Chinese line per problem."""
    env = dict(os.environ if environ is None else environ)
    problems: list[str] = []
    values = _nested(_with_files(env, problems))
    problems += [f"{PREFIX}{name}：没有这一项设置，请对照 config/example.env 改名或删除" for name in _unknown(values)]
    try:
        # only what was handed in counts: pydantic-settings' own sources would read os.environ a second time
        settings = _Handed(**values)
        read_scheme(settings.assessment)
    except ValidationError as error:
        problems += [_in_chinese(each) for each in error.errors(include_url=False)]
    except WrongScheme as wrong:
        problems += [f"{PREFIX}ASSESSMENT：{problem}" for problem in wrong.problems]
    if problems:
        raise WrongSettings(problems)
    return settings


class _Handed(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _with_files(env: dict[str, str], problems: list[str]) -> dict[str, str]:
    ours = {key: value.strip() for key, value in env.items() if key.startswith(PREFIX)}
    for key in [key for key in ours if key.endswith("_FILE")]:
        path = ours.pop(key)
        try:
            ours[key.removesuffix("_FILE")] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{key}：读不到文件 {path}，请检查路径和读取权限")
    return ours


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        head, _, rest = key.removeprefix(PREFIX).lower().partition("__")
        if rest:
            branch = tree.setdefault(head, {})
            if isinstance(branch, dict):
                branch[rest] = value
        else:
            tree[head] = value
    return tree


def _unknown(values: dict[str, Any]) -> list[str]:
    """Top-level names that no setting has: usually a typing error worth stopping for."""
    return [name.upper() for name in values if name not in Settings.model_fields]


_WHAT = {
    "int_parsing": "要填整数",
    "float_parsing": "要填数字",
    "bool_parsing": "要填 true 或 false",
    "greater_than": "数值太小",
    "greater_than_equal": "数值太小",
    "less_than": "数值太大",
    "less_than_equal": "数值太大",
    "literal_error": "不在可选值之内",
    "extra_forbidden": "没有这一项设置，请对照 config/example.env 改名或删除",
    "string_pattern_mismatch": "格式不对（社区代码是 12 位数字）",
}


def _in_chinese(error: ErrorDetails) -> str:
    name = PREFIX + "__".join(str(part) for part in error["loc"]).upper()
    ctx = error.get("ctx", {})
    if error["type"] == "value_error":
        return f"{name}：{ctx['error']}"
    what = _WHAT.get(error["type"], "值不对")
    limits = [str(ctx[key]) for key in ("gt", "ge", "lt", "le", "expected") if key in ctx]
    return f"{name}：{what}{'（' + '，'.join(limits) + '）' if limits else ''}"
