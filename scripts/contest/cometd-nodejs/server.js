// CometD for Node.js on a port of this host. Its README has Server.timeout be larger than the polls' ("Server timeout and CometD timeout").
const http = require('http'), cometd = require(process.argv[3] + '/node_modules/cometd-nodejs-server');
const server = http.createServer(cometd.createCometDServer({ timeout: 30000, maxInterval: 20000 }).handle);
server.timeout = server.keepAliveTimeout = server.headersTimeout = server.requestTimeout = 0;
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
