"""Endpoints get signatures that any library for Standard Webhooks verifies."""

from compliance.jobs.signing import secret_generate, signature


def test_the_signature_is_that_of_the_published_example():
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_each_secret_is_new():
    assert len({secret_generate() for _ in range(10)}) == 10
