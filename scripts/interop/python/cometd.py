"""aiocometd and aiosfstream, driven by lines of JSON; see ../run.mjs."""
import asyncio
import json
import sys

from aiocometd_ng import Client, ConnectionType, Extension
from aiosfstream_ng import Client as SalesforceClient, ReplayOption
from aiosfstream_ng.auth import AuthenticatorBase

url, transport, library = sys.argv[1:4]


def say(**what):
    print(json.dumps(what), flush=True)


class Replay(Extension):
    """Asks for what a channel keeps."""

    def __init__(self):
        self.wanted = {}

    async def incoming(self, payload, headers=None):
        pass

    async def outgoing(self, payload, headers):
        for message in payload:
            if message.get("channel") == "/meta/subscribe" and message.get("subscription") in self.wanted:
                message["ext"] = {**message.get("ext", {}), "replay": self.wanted[message["subscription"]]}


class Token(AuthenticatorBase):
    """What aiosfstream asks a login for."""

    async def _authenticate(self):
        return 200, {"instance_url": url, "access_token": "token", "token_type": "Bearer"}


async def listen(client):
    while True:
        try:
            async for message in client:
                data = message.get("data")
                data = data.get("n", data) if isinstance(data, dict) else data
                say(event=str(len(data)) if isinstance(data, str) else data)
        except Exception as error:  # the program's own loop; a lost session is opened again by the library
            say(trouble=repr(error))
            await asyncio.sleep(0.3)


# A connection_timeout other than 0 fails with Pythons from 3.10 on, on a parameter of asyncio that is no more.
async def main():
    extension = Replay()
    if library == "aiosfstream":
        client = SalesforceClient(Token(), replay=ReplayOption.ALL_EVENTS, connection_timeout=0)
    else:
        client = Client(url + "/cometd", ConnectionType.WEBSOCKET if transport == "websocket" else ConnectionType.LONG_POLLING,
                        extensions=[extension], connection_timeout=0)
    await client.open()
    say(open=True)
    listener = None
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        channel = command["on"]
        try:
            if command["do"] == "subscribe":
                if command.get("replay") is not None:
                    extension.wanted[channel] = command["replay"]
                await client.subscribe(channel)
                say(subscribed=True)
                listener = listener or asyncio.create_task(listen(client))
            else:
                await client.publish(channel, command["data"])
        except Exception as error:
            say(error=repr(error))


asyncio.run(main())
