"""The sound of a file as decoded frames: beside its pictures in one pass over the packets, or alone.

Both ways the same packets go through the same decoder in the same order, so that they give the same frames. A
file that is scanned in chunks is heard alone, as a whole, since decoders of sound carry their state on from
frame to frame (the bit reservoir of MP3, the overlapping blocks of AAC and Opus).
"""

from collections.abc import Callable
from typing import Any

import av
import av.container
from av.packet import Packet

from curate.media.audio import best_audio

AT_ONCE = 32
"""Packets that are collected (0.7 s of AAC) and decoded in a row: one by one, between two pictures each, the
same work takes about twice as long, since nothing of it is left in the processor's caches."""
LARGE = 1 << 20
"""Bytes of a packet that is not kept waiting."""

Receiver = Callable[[av.AudioFrame], None]


class Listener:
    """Decodes the packets of a file's best audio stream that pass by, and hands each frame to `receive`.

    Nothing that is wrong with them is an error: packets that do not decode are passed over and counted.
    """

    def __init__(self, container: av.container.InputContainer, receive: Receiver) -> None:
        stream = best_audio(container)
        self.stream = stream if stream is not None and stream.codec_context is not None else None
        """None where there is no sound, or no decoder for it."""
        self.failed = 0
        self._receive = receive
        self._waiting: list[Packet[Any]] = []
        if self.stream is not None:
            # One thread, as for pictures: work is spread over files, and the frames do not depend on it.
            self.stream.codec_context.thread_count = 1
            self.stream.codec_context.thread_type = "NONE"

    def owns(self, packet: "Packet[Any]") -> bool:
        """Whether the packet is of the stream that is listened to."""
        # The stream's own number: the packet's is 0 in those that drain the decoders.
        return self.stream is not None and packet.stream.index == self.stream.index

    def hear(self, packet: "Packet[Any]") -> None:
        """Take a packet of `stream`; the empty one at the end of the file drains the decoder."""
        self._waiting.append(packet)
        if len(self._waiting) >= AT_ONCE or packet.size == 0 or packet.size > LARGE:
            self._hear_waiting()

    def drain(self) -> None:
        """What waits and what the decoder still holds, if the file ended without an empty packet."""
        self._hear_waiting()
        if self.stream is not None:
            empty: Packet[Any] = Packet()
            empty.stream = self.stream
            self._decode(empty)

    def _hear_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self._decode(packet)

    def _decode(self, packet: "Packet[Any]") -> None:
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.failed += 1
            return
        for frame in frames:
            if isinstance(frame, av.AudioFrame):
                self._receive(frame)
