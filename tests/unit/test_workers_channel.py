"""The wire between pool and worker, and what it refuses."""

import socket
import struct
import threading
import time

import pytest

from darkroom.workers.channel import PREFIX, ChannelClosed, receive, send


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def test_small_and_empty_messages_go_inline(pair) -> None:
    left, right = pair
    send(left, {"task": {"ü": 1}}, [b"ab", b""], share=True)
    message = receive(right, take_shared=True)
    assert message.header == {"task": {"ü": 1}}
    assert [bytes(blob) for blob in message.blobs] == [b"ab", b""]


def test_a_large_body_is_shared_not_streamed(pair) -> None:
    left, right = pair
    body = b"x" * 50_000_000
    # A socket buffer holds a fraction of this: streamed, the send would block before anything is received.
    send(left, {}, [body, b"tail"], share=True, deadline=time.monotonic() + 30)
    blobs = receive(right, take_shared=True).blobs
    assert blobs[0] == body
    assert blobs[1] == b"tail"
    assert blobs[0].readonly


def test_a_descriptor_is_not_taken_from_a_worker(pair) -> None:
    left, right = pair
    send(left, {}, [b"x" * 100_000], share=True)
    with pytest.raises(ChannelClosed, match="protocol"):
        receive(right)


@pytest.mark.parametrize(
    "data",
    [
        PREFIX.pack(2**31, 0, False),
        PREFIX.pack(2, 2**40, False),
        PREFIX.pack(2, 10, True) + b"{}",
        PREFIX.pack(13, 0, False) + b'{"blobs":[1]}',
        PREFIX.pack(17, 0, False) + b'{"blobs":[5,-5]} ',
    ],
)
def test_a_message_that_lies_about_its_lengths_is_refused(pair, data: bytes) -> None:
    left, right = pair
    left.sendall(data)
    with pytest.raises(ChannelClosed, match="protocol"):
        receive(right)


def test_a_stream_that_ends_midway_is_closed(pair) -> None:
    left, right = pair
    left.sendall(struct.pack(">I", 5))
    left.close()
    with pytest.raises(ChannelClosed):
        receive(right)


def test_receiving_and_sending_stop_at_the_deadline(pair) -> None:
    left, right = pair
    with pytest.raises(TimeoutError):
        receive(right, deadline=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        send(left, {}, [b"x" * 50_000_000], deadline=time.monotonic() + 0.05)


def test_a_trickle_does_not_stretch_the_deadline(pair) -> None:
    left, right = pair
    stop = threading.Event()

    def trickle() -> None:
        left.sendall(PREFIX.pack(1000, 0, False))
        while not stop.wait(0.02):
            left.sendall(b" ")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with pytest.raises(TimeoutError):
            receive(right, deadline=time.monotonic() + 0.3)
    finally:
        stop.set()
        thread.join()
