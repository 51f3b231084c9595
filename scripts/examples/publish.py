"""Publishes one message to halley: python3 publish.py CHANNEL JSON"""
import json
import os
import sys
import urllib.request

server = os.environ.get("HALLEY", "http://localhost:8081")
key = os.environ.get("HALLEY_KEY")  # where the internal listener asks for one


def publish(channel, data, dedup=None):
    message = {"channel": channel, "data": data}
    if dedup:
        message["dedup"] = dedup  # may be sent again after a time-out, and is published once
    request = urllib.request.Request(server + "/publish", json.dumps(message).encode(), {"Content-Type": "application/json"})
    if key:
        request.add_header("Authorization", "Bearer " + key)
    with urllib.request.urlopen(request, timeout=5) as response:  # raises HTTPError for 400 and more
        return json.load(response)["published"]


print(publish(sys.argv[1], json.loads(sys.argv[2])))
