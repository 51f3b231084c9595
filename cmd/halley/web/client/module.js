// halley.js as an ES module, which leaves the global object alone.
import {Client} from './client.js';

Client.loadShare = () => import('./halley-share.mjs');

const halley = new Client();
halley.Client = Client;
export {Client};
export default halley;
