"""URLs of Redis: those that can be tried, and what is said of the others."""

import pytest

from booking_rush.lua.client.connection import url_error
from booking_rush.server.runtime.settings import SettingsError, read


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "unix:///run/redis.sock",
        f"rediss://u:p%40@h:1/2?ssl_ca_certs={__file__}&ssl_check_hostname=false",
        "redis+sentinel://a,b:1/rush",
        "redis+sentinel://u:p%40@a:1,[::1]:2/rush/3?sentinel_password=x",
        f"rediss+sentinel://a/rush?ssl_ca_certs={__file__}",
        "redis+cluster://a,b:1",
        f"rediss+cluster://u:p%40@a:1,[::1]:2/0?ssl_ca_certs={__file__}",
    ],
)
def test_a_redis_is_named(url: str) -> None:
    assert url_error(url) == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", "must specify one of the following schemes"),
        ("redis://h:99999", "Port out of range"),
        ("redis://h?colour=red", "unexpected keyword argument 'colour'"),
        ("rediss://h?ssl_ca_certs=/nowhere", "/nowhere cannot be read"),
        ("rediss://h?ssl_cert_reqs=maybe", "maybe"),
        ("redis+sentinel://a", "is redis+sentinel://host:port,host:port/NAME/DB"),
        ("redis+sentinel:///rush", "is redis+sentinel://host:port,host:port/NAME/DB"),
        ("redis+sentinel://a/rush/first", "is redis+sentinel://host:port,host:port/NAME/DB"),
        ("redis+sentinel://a:99999/rush", "Port out of range"),
        ("redis+sentinel://a/rush?colour=red", "unexpected keyword argument 'colour'"),
        ("redis+cluster://", "is redis+cluster://host:port,host:port"),
        ("redis+cluster://a/3", "is redis+cluster://host:port,host:port"),
        ("redis+cluster://a:99999", "Port out of range"),
        ("redis+cluster://a?colour=red", "unexpected keyword argument 'colour'"),
        ("rediss+cluster://a?ssl_ca_certs=/nowhere", "/nowhere cannot be read"),
    ],
)
def test_it_is_said_what_is_wrong_with_a_url_and_not_its_password(url: str, told: str) -> None:
    secret = url.replace("://", "://user:secret@", 1)

    with pytest.raises(SettingsError, match="RUSH_REDIS_URL cannot be used: ") as refused:
        read({"RUSH_REDIS_URL": secret})

    assert told in str(refused.value)
    assert "secret" not in str(refused.value)
