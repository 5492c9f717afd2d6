"""A control plane on gRPC's C core that knows only the specification and has little patience: it calls Receive again and
again under random deadlines.

  polling-host.py MIN_MS MAX_MS WORKERS COUNT BASE64 EXECUTABLE

BASE64 is an encoded ConnectRequest. It prints {} when it is connected, and {"received":N,"distinct":N} when COUNT distinct
payloads have arrived, or nothing new has for 30 s.
"""

import base64
import json
import os
import random
import subprocess
import sys
import threading
import time

import grpc

STALLED_S = 30
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


def main(shortest_ms, longest_ms, workers, count, request, command):
    plugin, channel = start(command)

    def method(name):
        return channel.unary_unary(SERVICE + name)

    method("Connect")(base64.b64decode(request))
    print("{}", flush=True)
    receive = method("Receive")
    lock = threading.Lock()
    seen = set()
    received = 0
    last_new_at = time.monotonic()

    def poll():
        nonlocal received, last_new_at
        while len(seen) < count and time.monotonic() - last_new_at < STALLED_S:
            try:
                response = receive(b"", timeout=random.uniform(shortest_ms, longest_ms) / 1000)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    print(f"Receive: {error}", file=sys.stderr)
                continue
            payload = payload_of(response)
            with lock:
                received += 1
                if payload not in seen:
                    last_new_at = time.monotonic()
                seen.add(payload)

    threads = [threading.Thread(target=poll) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"received": received, "distinct": len(seen)}), flush=True)
    method("Disconnect")(b"")
    plugin.terminate()
    plugin.wait()


main(*map(float, sys.argv[1:3]), *map(int, sys.argv[3:5]), sys.argv[5], sys.argv[6:])
