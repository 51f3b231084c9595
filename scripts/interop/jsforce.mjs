// jsforce's streaming client, against the profile of Salesforce.
import { createRequire } from 'node:module';
import { follow, say, sizeOf, url } from './lines.mjs';

const require = createRequire(process.env.INTEROP_NPM + '/');
const jsforce = require('jsforce');
const { StreamingExtension } = require('jsforce/lib/api/streaming.js');
const connection = new jsforce.Connection({ instanceUrl: url, accessToken: '00Dx0!token', version: '64.0' });
const clients = new Map();
const clientFor = (channel, replay = -1) => {
  if (!clients.has(channel)) clients.set(channel, connection.streaming.createClient([new StreamingExtension.Replay(channel, replay)]));
  return clients.get(channel);
};
say({ open: true });

follow({
  subscribe: ({ on, replay }) => {
    const subscription = clientFor(on, replay).subscribe(on, (data) => say({ event: sizeOf(data.n) }));
    subscription.then(() => say({ subscribed: true }), (error) => say({ error: error.message }));
  },
  publish: ({ on, data }) => clientFor(on).publish(on, data),
});
