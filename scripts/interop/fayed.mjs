// Faye's server at /bayeux of a port of this host. It says when it listens.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const faye = createRequire(process.env.INTEROP_NPM + '/')('faye-1.4');
const server = createServer();
new faye.NodeAdapter({ mount: '/bayeux', timeout: 20 }).attach(server);
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('{"open":true}'));
