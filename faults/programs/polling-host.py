"""A control plane on gRPC's C core that knows only the specification and has little patience: it calls Receive again and
again under random deadlines, and prints the payload of each message that a call returned.

It cancels no call, and its deadlines are not the shortest: grpcio discards an answer that its C core has already taken when
the call is cancelled or its deadline passes in that moment, and the C core then tells the server nothing. Such a message is
lost in the host, as if the host had dropped it after the call.

  polling-host.py MIN_MS MAX_MS WORKERS BASE64 EXECUTABLE [ARG...]

BASE64 is an encoded ConnectRequest. It prints "ready" when it is connected, and ends when its standard input does.
"""

import base64
import os
import random
import subprocess
import sys
import threading

import grpc

SERVICE = "/vrsky.connector.v1.ConnectionNode/"


def fields(data):
    """The fields of a message whose values are all of the wire type 2: number and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            varint()
            continue
        length = varint()
        yield tag >> 3, data[at : at + length]
        at += length


def payload_of(response):
    """ReceiveResponse.delivery (1), its message (1), its payload (2)."""
    for number in (1, 1, 2):
        response = dict(fields(response))[number]
    return response


def start(command):
    env = {
        **os.environ,
        "VRSKY_CONNECTOR_PLUGIN": "connection-node-4b0e6f0c9a1d4f7e",
        "PLUGIN_PROTOCOL_VERSIONS": "1",
    }
    plugin = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env)
    address = plugin.stdout.readline().decode().split("|")[3]
    return plugin, grpc.insecure_channel(f"unix:{address}")


def main(shortest_ms, longest_ms, workers, request, command):
    plugin, channel = start(command)

    def method(name):
        return channel.unary_unary(SERVICE + name)

    method("Connect")(base64.b64decode(request))
    receive = method("Receive")
    lock = threading.Lock()
    over = threading.Event()

    def tell(line):
        with lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def poll():
        while not over.is_set():
            try:
                tell(payload_of(receive(b"", timeout=random.uniform(shortest_ms, longest_ms) / 1000)).decode())
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    print(f"Receive: {error}", file=sys.stderr)

    tell("ready")
    threads = [threading.Thread(target=poll) for _ in range(workers)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    method("Disconnect")(b"")
    plugin.terminate()
    plugin.wait()


main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:])
