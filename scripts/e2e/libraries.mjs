// The client libraries as Node loads them.
import { createRequire } from 'node:module';
import { adapt } from 'cometd-nodejs-client';
import { CometdClient, FayeClient } from './clients.mjs';

adapt(); // gives Node the parts of a browser that CometD uses, before it is loaded

const cometd = await import('cometd');
const faye = createRequire(import.meta.url)('faye');

export const { BinaryExtension } = cometd;

const cometdBy = (type) => (server) => new CometdClient(cometd, server.origin + '/cometd', type);
const fayeBy = (type) => (server) => new FayeClient(faye, server.url, type);

export const openCometd = cometdBy('long-polling');
export const openFaye = fayeBy('long-polling');
export const openCometdSocket = cometdBy('websocket');
export const openFayeSocket = fayeBy('websocket');
