// Any version of Faye's client in Node.
import { createRequire } from 'node:module';
import { follow, library, say, sizeOf, transport, url } from './lines.mjs';

const faye = createRequire(process.env.INTEROP_NPM + '/')(library);
const client = new faye.Client(url + '/bayeux', { retry: 0.5, timeout: 30 });
if (transport !== 'websocket') client.disable('websocket');
client.disable('in-process');
const replays = new Map();
client.addExtension({
  outgoing(message, send) {
    if (message.channel === '/meta/subscribe' && replays.has(message.subscription)) {
      message.ext = Object.assign({}, message.ext, { replay: replays.get(message.subscription) });
    }
    send(message);
  },
});
client.connect(() => say({ open: true }));

follow({
  subscribe: ({ on, replay }) => {
    if (replay !== undefined) replays.set(on, replay);
    const subscription = client.subscribe(on, (data) => say({ event: sizeOf(data) }));
    subscription.callback(() => say({ subscribed: true }));
    subscription.errback((error) => say({ error: error.message }));
  },
  publish: ({ on, data }) => client.publish(on, data),
});
