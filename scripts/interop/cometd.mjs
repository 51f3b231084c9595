// Any version of CometD's JavaScript client, in Node by the adapter that goes with it.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { areBytes, bytes, follow, library, say, sizeOf, transport, url } from './lines.mjs';

const require = createRequire(process.env.INTEROP_NPM + '/');
const load = (name) => import(pathToFileURL(require.resolve(name)));

const modern = library === 'cometd-9';
const adapter = await load(modern ? 'cometd-nodejs-client-2' : 'cometd-nodejs-client-1');
(adapter.adapt || adapter.default.adapt)();
const lib = await load(library);
const CometD = lib.CometD || lib.default.CometD;
const Binary = lib.BinaryExtension || require(library + '/BinaryExtension');

const cometd = new CometD();
for (const other of cometd.getTransportTypes()) if (other !== transport) cometd.unregisterTransport(other);
cometd.configure({ url: url + '/cometd', logLevel: 'error', backoffIncrement: 300, maxBackoff: 1000 });
cometd.registerExtension('binary', new Binary());

const wanted = new Map();
const hear = ({ data }) => say({ event: data && data.data !== undefined ? (areBytes(data.data) ? 'bytes' : 'other bytes') : sizeOf(data) });
const told = (reply) => say(reply.successful ? { subscribed: true } : { error: reply.error });
const subscribe = (channel) => {
  const replay = wanted.get(channel);
  cometd.subscribe(channel, hear, replay === undefined ? {} : { ext: { replay } }, told);
};
cometd.addListener('/meta/handshake', (reply) => {
  if (!reply.successful) return;
  say({ open: true });
  cometd.batch(() => [...wanted.keys()].forEach(subscribe));
});
cometd.handshake();

follow({
  subscribe: ({ on, replay }) => {
    wanted.set(on, replay);
    subscribe(on);
  },
  publish: ({ on, data }) => cometd.publish(on, data),
  bytes: ({ on }) => cometd.publish(on, { data: bytes.buffer, last: true }, { ext: { binary: {} } }),
});
