// halley.js as a classic script, which puts its client into the global object.
import {Client} from './client.js';
import {base, root} from './page.js';

// A classic script has no address of its own to import from: it notes the one that it was loaded from.
const script = root.document && root.document.currentScript;
Client.loadShare = () => import(new URL('halley-share.mjs', script ? script.src : base()));

root.halley = new Client();
root.halley.Client = Client;
